/** The methods of the API as the discovery document has them, ready to route and decode by. */
import {
  DOCUMENT_METHODS,
  type DocumentMethod,
  type DocumentParameter,
  GLOBAL_PARAMETERS,
  type MethodId,
  type SchemaName,
} from './document.ts';
import type { FieldNames } from './fields.ts';
import { fieldNames, namedSchema, type ObjectSchema, type ScalarSchema, scalarSchema } from './schema.ts';

export interface Parameter {
  readonly name: string;
  readonly isInPath: boolean;
  readonly isRequired: boolean;
  readonly isRepeated: boolean;
  readonly schema: ScalarSchema;
}

export interface Method {
  readonly id: MethodId;
  /** As annotations of the document name it. */
  readonly documentId: string;
  readonly verb: string;
  /** For the router, such as `/b/:bucket/o/:object`. */
  readonly pattern: string;
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Absent when the method takes no resource. */
  readonly body?: ObjectSchema;
  /** What `fields` may select from the answer. */
  readonly answer: FieldNames;
  /** Where it takes media, such as `/upload/storage/v1/b/:bucket/o`: the resource then comes beside it. */
  readonly uploadPaths: readonly string[];
}

/** Parameters every method has. */
export const GLOBALS: ReadonlyMap<string, Parameter> = parametersOf(GLOBAL_PARAMETERS);

export const METHODS: Readonly<Record<MethodId, Method>> = Object.fromEntries(
  Object.entries(DOCUMENT_METHODS).map(([id, source]) => [id, methodOf(id as MethodId, source)]),
) as Record<MethodId, Method>;

function methodOf(id: MethodId, source: DocumentMethod): Method {
  const body = source.request === undefined ? undefined : namedSchema(source.request.$ref as SchemaName);
  const answer = source.response === undefined ? undefined : namedSchema(source.response.$ref as SchemaName);
  return {
    id,
    documentId: source.id,
    verb: source.httpMethod,
    pattern: patternOf(`/${source.path}`),
    parameters: parametersOf(source.parameters ?? {}),
    ...(body?.kind === 'object' ? { body } : {}),
    answer: answer === undefined ? undefined : fieldNames(answer),
    uploadPaths: Object.values(source.mediaUpload?.protocols ?? {}).map(({ path }) => patternOf(path)),
  };
}

function patternOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function parametersOf(sources: Readonly<Record<string, DocumentParameter>>): ReadonlyMap<string, Parameter> {
  const found = Object.entries(sources).map(([name, source]): [string, Parameter] => [
    name,
    {
      name,
      isInPath: source.location === 'path',
      isRequired: source.required === true,
      isRepeated: source.repeated === true,
      schema: scalarSchema(source),
    },
  ]);
  return new Map(found);
}
