/** Object resources as attributes: for inserts, copies and compositions (all of them) and for patches (a change). */
import type { ObjectAttributes, ObjectContext } from '../../../model/object.ts';
import type { AttributeChange } from '../../../namespace/change-object.ts';
import { retentionOf } from '../../../namespace/rules/object-retention.ts';
import { invalidField } from '../api/bad-input.ts';
import { isObject, type Resource } from '../api/body.ts';

const TEXT_FIELDS = [
  'cacheControl',
  'contentDisposition',
  'contentEncoding',
  'contentLanguage',
  'contentType',
] as const;

/** What a request body says about the object to be made. */
export interface DecodedObject {
  readonly name?: string;
  readonly attributes: ObjectAttributes;
  readonly crc32c?: number;
  readonly md5?: Uint8Array;
}

export function decodeObject(resource: Resource): DecodedObject {
  const { name, crc32c, md5Hash } = resource;
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof crc32c === 'string' ? { crc32c: decodeCrc32c(crc32c, 'crc32c') } : {}),
    ...(typeof md5Hash === 'string' ? { md5: decodeMd5(md5Hash, 'md5Hash') } : {}),
    attributes: applyFields({}, resource),
  };
}

/** objects.patch: given fields replace, `null` removes, `metadata` merges key by key. */
export function patchedAttributes(resource: Resource): AttributeChange {
  const { storageClass: _, ...fields } = resource;
  return (current) => applyFields(current, fields);
}

/** objects.update: what the body does not say is gone. The storage class changes by rewrite only. */
export function replacedAttributes(resource: Resource): AttributeChange {
  const { storageClass: _, ...fields } = resource;
  return (current) => {
    const { storageClass } = current;
    return applyFields(storageClass === undefined ? {} : { storageClass }, fields);
  };
}

type Draft = { -readonly [K in keyof ObjectAttributes]: ObjectAttributes[K] };

function applyFields(current: ObjectAttributes, fields: Resource): ObjectAttributes {
  const next: Draft = { ...current };
  for (const name of TEXT_FIELDS) {
    const value = fields[name];
    if (typeof value === 'string' && value !== '') next[name] = value;
    else if (value !== undefined) delete next[name];
  }
  for (const name of ['temporaryHold', 'eventBasedHold'] as const) {
    const value = fields[name];
    if (typeof value === 'boolean') next[name] = value;
    else if (value !== undefined) delete next[name];
  }
  if (typeof fields['storageClass'] === 'string') next.storageClass = fields['storageClass'].toUpperCase();
  if (typeof fields['customTime'] === 'string') next.customTimeMs = Date.parse(fields['customTime']);
  else if (fields['customTime'] === null) delete next.customTimeMs;
  applyMetadata(next, fields['metadata']);
  applyContexts(next, fields['contexts']);
  applyRetention(next, fields['retention']);
  return next;
}

/**
 * Merges key by key, as `metadata` does; `null` in place of all of them removes them. A payload without a value removes
 * its context as `null` does: so clients say it, Go with `{}` (storage/contexts.go), Python with `{"value": null}`
 * (storage/blob.py, ObjectCustomContextPayload).
 */
function applyContexts(next: Draft, given: unknown): void {
  const custom = isObject(given) ? given['custom'] : given;
  if (custom === undefined) return;
  const merged: Record<string, ObjectContext> = isObject(custom) ? { ...next.contexts } : {};
  for (const [key, payload] of Object.entries(custom ?? {})) {
    const value = isObject(payload) ? payload['value'] : undefined;
    if (typeof value === 'string') merged[key] = { value };
    else delete merged[key];
  }
  if (Object.keys(merged).length > 0) next.contexts = merged;
  else delete next.contexts;
}

function applyMetadata(next: Draft, given: unknown): void {
  if (given === undefined) return;
  if (!isObject(given)) {
    delete next.metadata;
    return;
  }
  const merged: Record<string, string> = { ...next.metadata };
  for (const [key, value] of Object.entries(given)) {
    if (typeof value === 'string') merged[key] = value;
    else delete merged[key];
  }
  if (Object.keys(merged).length > 0) next.metadata = merged;
  else delete next.metadata;
}

/** Given whole: `null` for it or for both its fields removes it, nothing in it changes nothing. */
function applyRetention(next: Draft, given: unknown): void {
  if (given === undefined) return;
  const { mode, retainUntilTime } = isObject(given) ? given : { mode: null, retainUntilTime: null };
  if (mode === undefined && retainUntilTime === undefined) return;
  if (mode === null && retainUntilTime === null) {
    delete next.retention;
    return;
  }
  const missing =
    typeof mode !== 'string' ? 'mode' : typeof retainUntilTime !== 'string' ? 'retainUntilTime' : undefined;
  if (missing !== undefined) {
    const words = missing === 'mode' ? 'retention mode' : 'retain until time';
    const message = `Missing ${words}. Both mode and retain until time are required.`;
    throw invalidField(`retention.${missing}`, message);
  }
  const retention = retentionOf(given);
  if (retention === undefined) {
    throw invalidField('retention.mode', `Invalid value for: ${String(mode).slice(0, 100)} is not a valid value`);
  }
  next.retention = retention;
}

/** Base64 of four bytes, big-endian. */
export function decodeCrc32c(text: string, field: string): number {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 4) return bytes.readUInt32BE();
  throw invalidField(field, `Invalid crc32c "${text.slice(0, 100)}": expected base64 of 4 bytes.`);
}

export function decodeMd5(text: string, field: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 16) return bytes;
  throw invalidField(field, `Invalid MD5 "${text.slice(0, 100)}": expected base64 of 16 bytes.`);
}

/** Checksums of an `X-Goog-Hash: crc32c=…,md5=…` header. */
export function decodeHashHeader(header: string | undefined): { crc32c?: number; md5?: Uint8Array } {
  const found: { crc32c?: number; md5?: Uint8Array } = {};
  for (const part of header?.split(',') ?? []) {
    const equals = part.indexOf('=');
    const name = part.slice(0, equals).trim().toLowerCase();
    const value = part.slice(equals + 1).trim();
    if (name === 'crc32c') found.crc32c = decodeCrc32c(value, 'X-Goog-Hash');
    else if (name === 'md5') found.md5 = decodeMd5(value, 'X-Goog-Hash');
  }
  return found;
}
