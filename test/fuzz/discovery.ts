/** The discovery document as far as requests are made from it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
}

export interface Parameter extends Schema {
  readonly location: 'path' | 'query';
  readonly required?: boolean;
  readonly repeated?: boolean;
}

export interface Method {
  readonly id: string;
  readonly httpMethod: string;
  readonly path: string;
  readonly parameters?: Readonly<Record<string, Parameter>>;
  readonly request?: Schema;
  readonly supportsMediaUpload?: boolean;
  readonly supportsMediaDownload?: boolean;
}

interface Resources {
  readonly methods?: Readonly<Record<string, Method>>;
  readonly resources?: Readonly<Record<string, Resources>>;
}

export interface Discovery extends Resources {
  readonly schemas: Readonly<Record<string, Schema>>;
}

const DOCUMENT = resolve(import.meta.dirname, '../../src/dialects/gcs-json/api/storage.v1.json');

export function readDiscovery(): Discovery {
  return JSON.parse(readFileSync(DOCUMENT, 'utf8'));
}

export function allMethods({ methods, resources }: Resources): readonly Method[] {
  return [...Object.values(methods ?? {}), ...Object.values(resources ?? {}).flatMap(allMethods)];
}
