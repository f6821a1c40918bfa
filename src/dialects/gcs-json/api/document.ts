/**
 * Google's discovery document of the JSON API, as published: the one source of its methods, parameters and schemas.
 * A new revision replaces the file; the compiler and the coverage page then show what has changed.
 */
import { FORMER_METHODS } from './former-methods.ts';
import document from './storage.v1.json' with { type: 'json' };

type Document = typeof document;

/** `{ list: M }` in the resource `objects` becomes `{ 'objects.list': M }`. */
type MethodsOf<Path extends string, Resource> = Resource extends { readonly methods: infer Methods }
  ? { readonly [Name in keyof Methods & string as `${Path}.${Name}`]: Methods[Name] }
  : Record<never, never>;
type MethodsBelow<Prefix extends string, Resources> = {
  readonly [Name in keyof Resources & string]: MethodsOf<`${Prefix}${Name}`, Resources[Name]> &
    (Resources[Name] extends { readonly resources: infer Nested }
      ? MethodsBelow<`${Prefix}${Name}.`, Nested>
      : Record<never, never>);
}[keyof Resources & string];
type KeyOf<Union> = Union extends unknown ? keyof Union & string : never;
type At<Union, Key extends string> = Union extends { readonly [K in Key]: infer Value } ? Value : never;

type Methods = MethodsBelow<'', Document['resources']> | typeof FORMER_METHODS;

/** A method by its place in the document, such as `objects.list` or `projects.hmacKeys.create`. */
export type MethodId = KeyOf<Methods>;
export type GlobalParameter = keyof Document['parameters'];
/** The parameters a method has of its own, in its path and its query. */
export type ParameterOf<Id extends MethodId> = Id extends unknown
  ? At<Methods, Id> extends { readonly parameters: infer Parameters }
    ? keyof Parameters & string
    : never
  : never;
export type SchemaName = keyof Document['schemas'];

/** A schema as the document writes it. */
export interface DocumentSchema {
  readonly type?: string;
  readonly format?: string;
  readonly $ref?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, DocumentSchema>>;
  readonly items?: DocumentSchema;
  readonly additionalProperties?: DocumentSchema;
  readonly annotations?: { readonly required?: readonly string[] };
}

export interface DocumentParameter extends DocumentSchema {
  readonly location: string;
  readonly required?: boolean;
  readonly repeated?: boolean;
}

export interface DocumentMethod {
  readonly id: string;
  readonly httpMethod: string;
  /** Such as `b/{bucket}/o`. */
  readonly path: string;
  readonly parameters?: Readonly<Record<string, DocumentParameter>>;
  readonly request?: { readonly $ref: string };
  readonly response?: { readonly $ref: string };
  readonly supportsMediaDownload?: boolean;
  readonly mediaUpload?: { readonly protocols: Readonly<Record<string, { readonly path: string }>> };
}

interface DocumentResource {
  readonly methods?: Readonly<Record<string, DocumentMethod>>;
  readonly resources?: Readonly<Record<string, DocumentResource>>;
}

export const REVISION: string = document.revision;
/** `storage/v1/` */
export const SERVICE_PATH: string = document.servicePath;
export const DOCUMENT_SCHEMAS: Readonly<Record<string, DocumentSchema>> = document.schemas;
export const GLOBAL_PARAMETERS: Readonly<Record<string, DocumentParameter>> = document.parameters;

/** Every method of the document under its id, and those it once had. */
export const DOCUMENT_METHODS: Readonly<Record<MethodId, DocumentMethod>> = {
  ...collectMethods(document.resources),
  ...FORMER_METHODS,
};

function collectMethods(
  resources: Readonly<Record<string, DocumentResource>>,
): Record<Exclude<MethodId, keyof typeof FORMER_METHODS>, DocumentMethod> {
  const found: Record<string, DocumentMethod> = {};
  const walk = (below: Readonly<Record<string, DocumentResource>>, prefix: string) => {
    for (const [name, resource] of Object.entries(below)) {
      for (const [method, body] of Object.entries(resource.methods ?? {})) found[`${prefix}${name}.${method}`] = body;
      walk(resource.resources ?? {}, `${prefix}${name}.`);
    }
  };
  walk(resources, '');
  return found as ReturnType<typeof collectMethods>;
}
