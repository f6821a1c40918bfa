/**
 * The fields of the JSON resources (discovery document of storage:v1, revision 20260911): how a body is read and which
 * names `fields` may select. `output` fields are told by the server; clients may send them and are not heard.
 */
import { StraitError } from '../../../model/errors.ts';
import type { FieldNames } from './fields.ts';

export type FieldType = 'string' | 'boolean' | 'time' | 'stringMap' | 'object' | 'array' | 'output';
export type FieldTable = Readonly<Record<string, FieldType>>;

export const OBJECT_FIELDS: FieldTable = {
  acl: 'array',
  bucket: 'output',
  cacheControl: 'string',
  componentCount: 'output',
  contentDisposition: 'string',
  contentEncoding: 'string',
  contentLanguage: 'string',
  contentType: 'string',
  contexts: 'object',
  crc32c: 'string',
  customTime: 'time',
  customerEncryption: 'output',
  etag: 'output',
  eventBasedHold: 'boolean',
  generation: 'output',
  hardDeleteTime: 'output',
  id: 'output',
  kind: 'output',
  kmsKeyName: 'string',
  md5Hash: 'string',
  mediaLink: 'output',
  metadata: 'stringMap',
  metageneration: 'output',
  name: 'string',
  owner: 'output',
  restoreToken: 'output',
  retention: 'object',
  retentionExpirationTime: 'output',
  selfLink: 'output',
  size: 'output',
  softDeleteTime: 'output',
  storageClass: 'string',
  temporaryHold: 'boolean',
  timeCreated: 'output',
  timeDeleted: 'output',
  timeFinalized: 'output',
  timeStorageClassUpdated: 'output',
  updated: 'output',
};

export const BUCKET_FIELDS: FieldTable = {
  acl: 'array',
  autoclass: 'object',
  billing: 'object',
  cors: 'array',
  customPlacementConfig: 'object',
  defaultEventBasedHold: 'boolean',
  defaultObjectAcl: 'array',
  encryption: 'object',
  etag: 'output',
  generation: 'output',
  hardDeleteTime: 'output',
  hierarchicalNamespace: 'object',
  iamConfiguration: 'object',
  id: 'output',
  ipFilter: 'object',
  kind: 'output',
  labels: 'stringMap',
  lifecycle: 'object',
  location: 'string',
  locationType: 'output',
  logging: 'object',
  metageneration: 'output',
  name: 'string',
  objectRetention: 'object',
  owner: 'output',
  projectNumber: 'output',
  retentionPolicy: 'object',
  rpo: 'string',
  satisfiesPZI: 'output',
  satisfiesPZS: 'output',
  selfLink: 'output',
  softDeletePolicy: 'object',
  softDeleteTime: 'output',
  storageClass: 'string',
  timeCreated: 'output',
  updated: 'output',
  versioning: 'object',
  website: 'object',
};

export const COMPOSE_FIELDS: FieldTable = {
  deleteSourceObjects: 'boolean',
  destination: 'object',
  kind: 'output',
  sourceObjects: 'array',
};

const names = (table: FieldTable): FieldNames =>
  Object.fromEntries(Object.keys(table).map((name) => [name, undefined]));

export const OBJECT_NAMES = names(OBJECT_FIELDS);
export const BUCKET_NAMES = names(BUCKET_FIELDS);
export const OBJECTS_NAMES: FieldNames = {
  items: OBJECT_NAMES,
  kind: undefined,
  nextPageToken: undefined,
  prefixes: undefined,
};
export const BUCKETS_NAMES: FieldNames = {
  items: BUCKET_NAMES,
  kind: undefined,
  nextPageToken: undefined,
  unreachable: undefined,
};
export const REWRITE_NAMES: FieldNames = {
  done: undefined,
  kind: undefined,
  objectSize: undefined,
  resource: OBJECT_NAMES,
  rewriteToken: undefined,
  totalBytesRewritten: undefined,
};
export const MANAGED_FOLDERS_NAMES: FieldNames = { items: undefined, kind: undefined, nextPageToken: undefined };
export const STORAGE_LAYOUT_NAMES: FieldNames = {
  bucket: undefined,
  customPlacementConfig: undefined,
  hierarchicalNamespace: undefined,
  kind: undefined,
  location: undefined,
  locationType: undefined,
};

export type Resource = Readonly<Record<string, unknown>>;

/** A JSON body as an object. Empty means `{}`, and so does `null`: Go's client sends it for a resource it has not. */
export function parseResource(body: Uint8Array): Resource {
  if (body.length === 0) return {};
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.decode(body));
  } catch (cause) {
    throw new StraitError('invalidArgument', 'Parse Error', { reason: 'parseError' }, { cause });
  }
  if (parsed === null) return {};
  if (!isObject(parsed)) {
    throw new StraitError('invalidArgument', 'The request body must be a JSON object.', { reason: 'parseError' });
  }
  return parsed;
}

/**
 * The fields of `table` that the client set, checked. `null` stays `null` ("remove it" in a patch); fields the table
 * does not have, and those only the server may set, are dropped, as GCS does.
 */
export function readFields(resource: Resource, table: FieldTable): Resource {
  const read: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(resource)) {
    const type = Object.hasOwn(table, name) ? table[name] : undefined;
    if (type === undefined || type === 'output') continue;
    read[name] = value === null ? null : checkField(name, value, type);
  }
  return read;
}

function checkField(name: string, value: unknown, type: Exclude<FieldType, 'output'>): unknown {
  switch (type) {
    case 'string':
      if (typeof value === 'string' && value.isWellFormed()) return value;
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      if (value === 'true' || value === 'false') return value === 'true';
      break;
    case 'time':
      if (typeof value === 'string' && RFC_3339.test(value) && !Number.isNaN(Date.parse(value))) return value;
      break;
    case 'stringMap':
      if (isObject(value)) return checkStringMap(name, value);
      break;
    case 'object':
      if (isObject(value)) return value;
      break;
    case 'array':
      if (Array.isArray(value)) return value;
      break;
  }
  throw invalidField(name, `Invalid value for field ${name}: expected ${EXPECTED[type]}.`);
}

/** 64-bit numbers are strings in JSON; small ones may come as numbers. */
export function checkInt64(value: unknown, field: string): string {
  if (typeof value === 'string' && /^\d{1,19}$/.test(value)) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return String(value);
  throw invalidField(field, `Invalid value for ${field}: expected a decimal integer.`);
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const EXPECTED: Readonly<Record<Exclude<FieldType, 'output'>, string>> = {
  string: 'a string',
  boolean: 'true or false',
  time: 'a time as RFC 3339 writes it',
  stringMap: 'an object of strings',
  object: 'an object',
  array: 'a list',
};

/** Numbers and booleans become strings, as GCS makes them; `null` members stay ("remove this key" in a patch). */
function checkStringMap(name: string, map: Resource): Readonly<Record<string, string | null>> {
  const checked: Record<string, string | null> = {};
  for (const [key, member] of Object.entries(map)) {
    const isScalar = typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean';
    if (member !== null && !isScalar) throw invalidField(name, `Invalid value for ${name}.${key}: expected a string.`);
    const text = member === null ? null : String(member);
    if (key === '__proto__' || !key.isWellFormed() || text?.isWellFormed() === false) {
      throw invalidField(name, `A key or value of ${name} is not allowed or not valid Unicode.`);
    }
    checked[key] = text;
  }
  return checked;
}

export function isObject(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function invalidField(name: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field: name, reason: 'invalid' });
}
