/**
 * The schemas of the discovery document, in a form that is quick to check bodies against, and the names `fields` may
 * select from them.
 */
import { DOCUMENT_SCHEMAS, type DocumentSchema, type SchemaName } from './document.ts';
import type { FieldNames } from './fields.ts';
import { OUTPUT_FIELDS } from './output-fields.ts';

export type ScalarKind =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'dateTime'
  | 'date'
  | 'duration'
  | 'bytes'
  | 'any';

export interface ScalarSchema {
  readonly kind: ScalarKind;
  /** The values it may have, when they are few. */
  readonly values?: ReadonlySet<string>;
}

export interface ObjectSchema {
  readonly kind: 'object';
  readonly fields: ReadonlyMap<string, Field>;
  /** The fields a method of the document (by the id it has there) does not go without. */
  readonly required: ReadonlyMap<string, readonly string[]>;
}

export type Schema =
  | ScalarSchema
  | ObjectSchema
  | { readonly kind: 'list'; readonly items: Schema }
  | { readonly kind: 'map'; readonly members: Schema };

export interface Field {
  readonly schema: Schema;
  /** Told by the server, not heard from clients. */
  readonly isOutput: boolean;
}

const SCALARS: Readonly<Record<string, ScalarKind>> = {
  string: 'string',
  'string date-time': 'dateTime',
  'string date': 'date',
  'string google-duration': 'duration',
  'string byte': 'bytes',
  'string int64': 'int64',
  'string uint64': 'uint64',
  'integer int32': 'int32',
  'integer uint32': 'uint32',
  boolean: 'boolean',
  any: 'any',
};

export function scalarSchema({ type, format, enum: values }: DocumentSchema): ScalarSchema {
  const kind = SCALARS[format === undefined ? `${type}` : `${type} ${format}`];
  // A new revision with a type that nobody has thought of must not be served half understood.
  if (kind === undefined) throw new Error(`the discovery document has an unknown type: ${type} ${format}`);
  return { kind, ...(values === undefined ? {} : { values: new Set(values) }) };
}

const NAMED = new Map<string, Schema>();

export function namedSchema(name: SchemaName): Schema {
  return named(name);
}

function named(name: string): Schema {
  const known = NAMED.get(name);
  if (known !== undefined) return known;
  const source = DOCUMENT_SCHEMAS[name];
  if (source === undefined) throw new Error(`the discovery document has no schema ${name}`);
  const made = schemaOf(source, { output: new Set(OUTPUT_FIELDS[name as SchemaName]), path: '' });
  NAMED.set(name, made);
  return made;
}

/** The document requires access lists of updates, but GCS takes updates without. */
const NOT_ENFORCED = 'acl';

interface Place {
  readonly output: ReadonlySet<string>;
  /** Ends in a dot unless empty. */
  readonly path: string;
}

function schemaOf(source: DocumentSchema, place: Place): Schema {
  if (source.$ref !== undefined) return named(source.$ref);
  if (source.type === 'array') return { kind: 'list', items: schemaOf(source.items ?? { type: 'any' }, place) };
  if (source.type !== 'object') return scalarSchema(source);
  if (source.additionalProperties !== undefined) {
    return { kind: 'map', members: schemaOf(source.additionalProperties, place) };
  }
  const fields = new Map<string, Field>();
  const required = new Map<string, string[]>();
  for (const [name, property] of Object.entries(source.properties ?? {})) {
    const path = `${place.path}${name}`;
    const schema = schemaOf(property, { output: place.output, path: `${path}.` });
    fields.set(name, { schema, isOutput: place.output.has(path) });
    if (name === NOT_ENFORCED) continue;
    for (const id of property.annotations?.required ?? []) required.set(id, [...(required.get(id) ?? []), name]);
  }
  return { kind: 'object', fields, required };
}

/** What `fields` may select from a resource: any key of a map, and nothing below a plain value. */
export function fieldNames(schema: Schema): FieldNames {
  switch (schema.kind) {
    case 'list':
      return fieldNames(schema.items);
    case 'object': {
      const names: [string, FieldNames][] = [];
      for (const [name, field] of schema.fields) names.push([name, fieldNames(field.schema)]);
      return Object.fromEntries(names);
    }
    case 'map':
    case 'any':
      return undefined;
    default:
      return {};
  }
}

/** The fields a client may set, each with its path; lists are seen through, maps are one field. */
export function inputFields(schema: Schema, path = ''): readonly string[] {
  if (schema.kind === 'list') return schema.items.kind === 'object' ? inputFields(schema.items, path) : [path];
  if (schema.kind !== 'object') return [path];
  return [...schema.fields].flatMap(([name, field]) =>
    field.isOutput ? [] : inputFields(field.schema, path === '' ? name : `${path}.${name}`),
  );
}
