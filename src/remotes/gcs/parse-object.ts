import type { ObjectEncryption } from '../../model/encryption.ts';
import { generation } from '../../model/ids.ts';
import type { ObjectContext, ObjectContexts, ObjectState } from '../../model/object.ts';
import type { RemoteObject } from '../port.ts';

/** The JSON API's Object resource (discovery document, schema `Object`) as an `ObjectState`. */

/** Fields with a place of their own in `ObjectState`. */
const MAPPED_FIELDS = [
  'name',
  'generation',
  'metageneration',
  'size',
  'crc32c',
  'md5Hash',
  'etag',
  'timeCreated',
  'updated',
  'timeStorageClassUpdated',
  'timeFinalized',
  'componentCount',
  'contentType',
  'contentEncoding',
  'contentDisposition',
  'contentLanguage',
  'cacheControl',
  'storageClass',
  'metadata',
  'customTime',
  'contexts',
  'temporaryHold',
  'eventBasedHold',
  'customerEncryption',
  'kmsKeyName',
  'timeDeleted',
] as const;

/** Kept word for word under `opaque`. */
const OPAQUE_FIELDS = ['retention', 'retentionExpirationTime'];

/** Follow from the name and from whoever renders them. */
const DERIVED_FIELDS = ['kind', 'id', 'bucket', 'selfLink', 'mediaLink'];

const KNOWN = new Set<string>([...MAPPED_FIELDS, ...DERIVED_FIELDS]);

/** For the `fields` parameter: what a listing and a get ask for alike, so that both say the same of an object. */
export const OBJECT_FIELDS = [...MAPPED_FIELDS, ...OPAQUE_FIELDS].join(',');

type Json = Readonly<Record<string, unknown>>;

/** The resource is not what the API promises. */
export class MalformedResource extends Error {}

export function parseObject(resource: unknown): RemoteObject {
  if (!isJsonObject(resource)) throw new MalformedResource('an object resource is not a JSON object');
  const timeCreatedMs = requiredTime(resource, 'timeCreated');
  const updatedMs = time(resource, 'updated') ?? timeCreatedMs;
  const state: ObjectState = {
    ...attributesOf(resource),
    generation: generation(requiredInteger(resource, 'generation')),
    metageneration: requiredInteger(resource, 'metageneration'),
    size: Number(requiredInteger(resource, 'size')),
    crc32c: checksum(resource),
    ...optional('md5', bytes(resource, 'md5Hash')),
    ...optional('etag', text(resource, 'etag')),
    timeCreatedMs,
    updatedMs,
    timeStorageClassUpdatedMs: time(resource, 'timeStorageClassUpdated') ?? timeCreatedMs,
    ...optional('timeFinalizedMs', time(resource, 'timeFinalized')),
    ...optional('componentCount', number(resource, 'componentCount')),
    ...optional('timeDeletedMs', time(resource, 'timeDeleted')),
    ...optional('encryption', encryption(resource)),
    content: { kind: 'remote' },
  };
  return { name: requiredText(resource, 'name'), state };
}

function attributesOf(resource: Json) {
  const opaque = Object.fromEntries(Object.entries(resource).filter(([key]) => !KNOWN.has(key)));
  return {
    ...optional('contentType', text(resource, 'contentType')),
    ...optional('contentEncoding', text(resource, 'contentEncoding')),
    ...optional('contentDisposition', text(resource, 'contentDisposition')),
    ...optional('contentLanguage', text(resource, 'contentLanguage')),
    ...optional('cacheControl', text(resource, 'cacheControl')),
    ...optional('storageClass', text(resource, 'storageClass')),
    ...optional('metadata', metadata(resource)),
    ...optional('customTimeMs', time(resource, 'customTime')),
    ...optional('contexts', contexts(resource)),
    ...optional('temporaryHold', flag(resource, 'temporaryHold')),
    ...optional('eventBasedHold', flag(resource, 'eventBasedHold')),
    ...optional('opaque', Object.keys(opaque).length === 0 ? undefined : opaque),
  };
}

/**
 * Big-endian in base64. An object under a customer's key states none; its `encryption` says why, and
 * the 0 here makes a transfer without that key fail its check rather than pass unchecked.
 */
function checksum(resource: Json): number {
  const decoded = bytes(resource, 'crc32c');
  if (decoded === undefined) return 0;
  if (decoded.length !== 4) throw new MalformedResource(`crc32c has ${decoded.length} bytes`);
  return Buffer.from(decoded).readUInt32BE(0);
}

function encryption(resource: Json): ObjectEncryption | undefined {
  const keyName = text(resource, 'kmsKeyName');
  if (keyName !== undefined) return { kind: 'kms', keyName };
  const customerEncryption = resource['customerEncryption'];
  if (!isJsonObject(customerEncryption)) return undefined;
  return { kind: 'customer', keySha256: requiredText(customerEncryption, 'keySha256') };
}

function metadata(resource: Json): Readonly<Record<string, string>> | undefined {
  const value = resource['metadata'];
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw new MalformedResource('metadata is not a JSON object');
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, String(entry)]));
}

function contexts(resource: Json): ObjectContexts | undefined {
  const value = resource['contexts'];
  const custom = isJsonObject(value) ? value['custom'] : undefined;
  if (!isJsonObject(custom)) return undefined;
  return Object.fromEntries(
    Object.entries(custom).map(([key, payload]) => {
      if (!isJsonObject(payload)) throw new MalformedResource(`context ${key} is not a JSON object`);
      return [key, context(payload)];
    }),
  );
}

function context(payload: Json): ObjectContext {
  const createTimeMs = time(payload, 'createTime') ?? 0;
  return {
    value: text(payload, 'value') ?? '',
    createTimeMs,
    updateTimeMs: time(payload, 'updateTime') ?? createTimeMs,
    ...optional('extendedDataTypeUrl', text(payload, 'extendedDataTypeUrl')),
  };
}

/** 64-bit numbers come as decimal strings, from lenient servers as numbers. */
function requiredInteger(resource: Json, key: string): bigint {
  const value = resource[key];
  if (typeof value === 'string' && /^\d+$/.test(value)) return BigInt(value);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new MalformedResource(`${key} is not a number: ${JSON.stringify(value)}`);
}

function requiredText(resource: Json, key: string): string {
  const value = text(resource, key);
  if (value === undefined) throw new MalformedResource(`${key} is missing`);
  return value;
}

function requiredTime(resource: Json, key: string): number {
  const value = time(resource, key);
  if (value === undefined) throw new MalformedResource(`${key} is missing`);
  return value;
}

function text(resource: Json, key: string): string | undefined {
  return typed(resource, key, 'string') as string | undefined;
}

function number(resource: Json, key: string): number | undefined {
  return typed(resource, key, 'number') as number | undefined;
}

function flag(resource: Json, key: string): boolean | undefined {
  return typed(resource, key, 'boolean') as boolean | undefined;
}

function typed(resource: Json, key: string, type: 'string' | 'number' | 'boolean'): unknown {
  const value = resource[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== type) throw new MalformedResource(`${key} is not a ${type}: ${JSON.stringify(value)}`);
  return value;
}

/** RFC 3339 to milliseconds. */
function time(resource: Json, key: string): number | undefined {
  const value = text(resource, key);
  if (value === undefined) return undefined;
  const milliseconds = Date.parse(value);
  if (Number.isNaN(milliseconds)) throw new MalformedResource(`${key} is not a time: ${value}`);
  return milliseconds;
}

function bytes(resource: Json, key: string): Uint8Array | undefined {
  const value = text(resource, key);
  return value === undefined ? undefined : Uint8Array.from(Buffer.from(value, 'base64'));
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value });
}

export function isJsonObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
