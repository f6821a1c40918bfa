/** Request bodies: read as JSON, checked against the schema of their method, and cut down to what a client may set. */
import { StraitError } from '../../../model/errors.ts';
import { invalidField, requiredParameter } from './bad-input.ts';
import type { ObjectSchema, ScalarKind, ScalarSchema, Schema } from './schema.ts';

export type Resource = Readonly<Record<string, unknown>>;

export const JSON_BODY_BYTES_MAX = 1024 * 1024;
/** As deep as parsers of protocol buffers go, Google's front end among them. */
const DEPTH_MAX = 100;

export function isObject(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

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
  if (isDeeper(parsed, DEPTH_MAX)) {
    const message = `The request body is nested more than ${DEPTH_MAX} deep.`;
    throw new StraitError('invalidArgument', message, { reason: 'parseError' });
  }
  return parsed;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}

/**
 * The fields of `schema` that the client set, checked: 64-bit numbers are strings of digits, booleans are booleans.
 * `null` stays `null` ("remove it" in a patch). Fields the schema does not have, and those only the server may set,
 * are dropped, as GCS does. `documentId` names the method, for the fields that it requires.
 */
export function checkResource(given: Resource, schema: ObjectSchema, documentId: string): Resource {
  return new BodyCheck(documentId).resource(given, schema, '');
}

class BodyCheck {
  readonly #documentId: string;

  constructor(documentId: string) {
    this.#documentId = documentId;
  }

  /** `prefix` ends in a dot unless empty. */
  resource(given: Resource, schema: ObjectSchema, prefix: string): Resource {
    const checked: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) {
      const field = schema.fields.get(name);
      if (field === undefined || field.isOutput) continue;
      checked[name] = this.#value(value, field.schema, `${prefix}${name}`);
    }
    for (const name of schema.required.get(this.#documentId) ?? []) {
      if ((checked[name] ?? '') === '') throw requiredParameter(`${prefix}${name}`);
    }
    return checked;
  }

  #value(value: unknown, schema: Schema, path: string): unknown {
    if (value === null) return null;
    switch (schema.kind) {
      case 'object':
        if (!isObject(value)) throw notA('an object', path);
        return this.resource(value, schema, `${path}.`);
      case 'list':
        if (!Array.isArray(value)) throw notA('a list', path);
        return value.map((member, index) => this.#member(member, schema.items, `${path}[${index}]`));
      case 'map':
        if (!isObject(value)) throw notA(schema.members.kind === 'string' ? 'an object of strings' : 'an object', path);
        return this.#map(value, schema.members, path);
      default:
        return checkScalar(value, schema, path);
    }
  }

  /** A list has no holes. */
  #member(value: unknown, schema: Schema, path: string): unknown {
    if (value === null) throw notA(schema.kind === 'object' ? 'an object' : 'a value', path);
    return this.#value(value, schema, path);
  }

  /** `null` members stay ("remove this key" in a patch); numbers and booleans become strings, as GCS makes them. */
  #map(map: Resource, members: Schema, path: string): Resource {
    const checked: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(map)) {
      if (key === '__proto__' || !key.isWellFormed()) {
        throw invalidField(path, `A key of ${path} is not allowed or not valid Unicode.`);
      }
      const isLoose = members.kind === 'string' && (typeof member === 'number' || typeof member === 'boolean');
      checked[key] = this.#value(isLoose ? String(member) : member, members, `${path}.${key}`);
    }
    return checked;
  }
}

function checkScalar(value: unknown, { kind, values }: ScalarSchema, path: string): unknown {
  const read = SCALARS[kind].read(value);
  if (read === undefined) throw notA(SCALARS[kind].expected, path);
  if (values !== undefined && !values.has(String(read))) throw notA([...values].join(' or '), path);
  return read;
}

interface Scalar {
  /** Undefined when it is none. */
  readonly read: (value: unknown) => unknown;
  readonly expected: string;
}

const SCALARS: Readonly<Record<ScalarKind, Scalar>> = {
  string: { read: (value) => text(value), expected: 'a string' },
  boolean: { read: readBoolean, expected: 'true or false' },
  int32: { read: (value) => readInteger(value, -(2n ** 31n), 2n ** 31n - 1n, Number), expected: 'an integer' },
  uint32: { read: (value) => readInteger(value, 0n, 2n ** 32n - 1n, Number), expected: 'an integer of 0 or more' },
  int64: { read: (value) => readInteger(value, -(2n ** 63n), 2n ** 63n - 1n, String), expected: 'a decimal integer' },
  uint64: { read: (value) => readInteger(value, 0n, 2n ** 64n - 1n, String), expected: 'a decimal integer' },
  dateTime: {
    read: (value) => matching(value, /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/, isTime),
    expected: 'a time as RFC 3339 writes it',
  },
  date: { read: (value) => matching(value, /^\d{4}-\d\d-\d\d$/, isTime), expected: 'a date like 2013-01-15' },
  duration: { read: (value) => matching(value, /^-?\d{1,12}(\.\d{1,9})?s$/), expected: 'a duration like 7200s' },
  bytes: { read: (value) => matching(value, /^[A-Za-z0-9+/_-]*={0,2}$/), expected: 'base64' },
  any: { read: (value) => value, expected: 'a value' },
};

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.isWellFormed() ? value : undefined;
}

function matching(value: unknown, pattern: RegExp, holds = (_text: string) => true): string | undefined {
  return typeof value === 'string' && pattern.test(value) && holds(value) ? value : undefined;
}

function isTime(value: string): boolean {
  return !Number.isNaN(Date.parse(value));
}

function readBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return value === 'true' || value === 'false' ? value === 'true' : undefined;
}

/** Integers may come as numbers or as strings. */
function readInteger<Read>(value: unknown, least: bigint, most: bigint, as: (integer: bigint) => Read) {
  const isNumber = typeof value === 'number' && Number.isSafeInteger(value);
  if (!isNumber && !(typeof value === 'string' && /^-?\d{1,20}$/.test(value))) return undefined;
  const integer = BigInt(value as number | string);
  return integer >= least && integer <= most ? as(integer) : undefined;
}

function notA(expected: string, path: string): StraitError<'invalidArgument'> {
  return invalidField(path, `Invalid value for field ${path}: expected ${expected}.`);
}
