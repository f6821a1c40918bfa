import { StraitError } from '../../model/errors.ts';
import type { ObjectAttributes } from '../../model/object.ts';
import { assertContexts } from './contexts.ts';
import { assertKmsKeyName, defaultEncryption } from './encryption.ts';
import { utf8Length } from './names.ts';

/**
 * Limits of what clients may set (google.storage.v2 ServiceConstants) and of what a row can hold: two faces of an
 * object stay below the metadata store's 32 KiB a value.
 */

/** Keys and values of custom metadata together, bytes of UTF-8. */
export const CUSTOM_METADATA_BYTES_MAX = 8 * 1024;
/** Content type, encoding, disposition, language and cache control together. */
const HEADER_FIELDS_BYTES_MAX = 2 * 1024;
/** Fields kept word for word, as JSON. */
const OPAQUE_BYTES_MAX = 4 * 1024;
export const BUCKET_SETTINGS_BYTES_MAX = 20 * 1024;

const STORAGE_CLASSES: readonly string[] = [
  'STANDARD',
  'NEARLINE',
  'COLDLINE',
  'ARCHIVE',
  'RAPID',
  'MULTI_REGIONAL',
  'REGIONAL',
  'DURABLE_REDUCED_AVAILABILITY',
];

const HEADER_FIELDS = [
  'contentType',
  'contentEncoding',
  'contentDisposition',
  'contentLanguage',
  'cacheControl',
] as const satisfies readonly (keyof ObjectAttributes)[];

export function assertAttributes(attributes: ObjectAttributes): void {
  let headerBytes = 0;
  for (const field of HEADER_FIELDS) {
    const value = attributes[field] ?? '';
    assertHeaderText(field, value);
    headerBytes += utf8Length(value);
  }
  if (headerBytes > HEADER_FIELDS_BYTES_MAX) {
    throw invalid('contentType', `${HEADER_FIELDS.join(', ')} have at most ${HEADER_FIELDS_BYTES_MAX} bytes together`);
  }
  if (attributes.storageClass !== undefined) assertStorageClass(attributes.storageClass);
  assertCustomMetadata(attributes.metadata ?? {});
  if (attributes.contexts !== undefined) assertContexts(attributes.contexts);
  if (attributes.opaque !== undefined) assertJson('object resource', attributes.opaque, OPAQUE_BYTES_MAX);
}

/** The storage class a client means, in capitals; undefined when there is none of this name. */
export function storageClassNamed(name: unknown): string | undefined {
  const capitals = String(name).toUpperCase();
  return STORAGE_CLASSES.find((known) => known === capitals);
}

export function assertStorageClass(storageClass: string): void {
  if (STORAGE_CLASSES.includes(storageClass)) return;
  throw invalid('storageClass', `'${storageClass}' is not a storage class; known are ${STORAGE_CLASSES.join(', ')}`);
}

export function assertBucketSettings(settings: Readonly<Record<string, unknown>>): void {
  const key = defaultEncryption({ settings });
  if (key?.kind === 'kms') assertKmsKeyName(key.keyName, 'encryption.defaultKmsKeyName');
  assertJson('bucket resource', settings, BUCKET_SETTINGS_BYTES_MAX);
}

/** These become HTTP headers: a control character in one would end it early. */
function assertHeaderText(field: string, value: string): void {
  if (!value.isWellFormed()) throw invalid(field, `${field} must be valid UTF-8`);
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit < 0x20 || unit === 0x7f) throw invalid(field, `${field} must not contain control characters`);
  }
}

function assertCustomMetadata(metadata: Readonly<Record<string, string>>): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata)) {
    if (key === '') throw invalid('metadata', 'a custom metadata key must not be empty');
    if (!key.isWellFormed() || !value.isWellFormed()) throw invalid('metadata', 'custom metadata must be valid UTF-8');
    bytes += utf8Length(key) + utf8Length(value);
  }
  if (bytes > CUSTOM_METADATA_BYTES_MAX) {
    const message = `custom metadata has at most ${CUSTOM_METADATA_BYTES_MAX} bytes of keys and values, not ${bytes}`;
    throw invalid('metadata', message);
  }
}

function assertJson(what: string, value: Readonly<Record<string, unknown>>, bytesMax: number): void {
  const bytes = utf8Length(JSON.stringify(value));
  if (bytes > bytesMax) throw invalid(what, `the ${what} is too large: ${bytes} bytes of at most ${bytesMax}`);
}

function invalid(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field });
}
