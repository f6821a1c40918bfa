import { gunzipSync } from 'node:zlib';
import {
  asFields,
  asList,
  asNumber,
  asText,
  decodeUtf8,
  type Fields,
  idText,
  optionalNumber,
  optionalText,
  parseExactJson,
} from './values.ts';

/** Names and table metadata of Iceberg, from `format/spec.md` of apache/iceberg. Pure. */

export const ICEBERG_METADATA = 'metadata/';
export const ICEBERG_HINT = `${ICEBERG_METADATA}version-hint.text`;

/** The version a metadata file's name states; undefined for ordinary names such as `v3.1.metadata.json`. */
export function icebergVersionOf(name: string): number | undefined {
  const match = /^metadata\/(?:v(\d+)|(\d+)-[0-9a-fA-F-]{36})(?:\.gz)?\.metadata\.json$/.exec(name);
  return match === null ? undefined : Number(match[1] ?? match[2]);
}

export interface IcebergSnapshotEntry {
  readonly id: string;
  readonly manifestList: string | undefined;
  /** Version 1 may name manifests without a list. */
  readonly manifests: readonly string[];
}

export interface IcebergMetadata {
  readonly formatVersion: number;
  readonly currentSnapshotId: string | undefined;
  readonly snapshots: readonly IcebergSnapshotEntry[];
  /** Statistics files of all snapshots. */
  readonly statistics: readonly string[];
  /** Column names by field id, of the current schema. */
  readonly columns: ReadonlyMap<number, string>;
  /** Spec ids without partition fields: equality deletes under these apply to the whole table. */
  readonly unpartitionedSpecs: ReadonlySet<number>;
}

/** Undefined when the file has no `format-version`: not a table version (BigQuery's `v0`). */
export function parseIcebergMetadata(name: string, bytes: Uint8Array): IcebergMetadata | undefined {
  const plain = name.includes('.gz.') ? gunzipSync(bytes) : bytes;
  const json = asFields(parseExactJson(decodeUtf8(plain)), 'table metadata');
  const formatVersion = optionalNumber(json['format-version']);
  if (formatVersion === undefined) return undefined;
  if (formatVersion < 1 || formatVersion > 3) throw new Error(`format-version ${formatVersion} is not known here`);
  const current = idText(json['current-snapshot-id']);
  const statistics = [...asList(json['statistics']), ...asList(json['partition-statistics'])];
  return {
    formatVersion,
    currentSnapshotId: current === '-1' ? undefined : current,
    snapshots: asList(json['snapshots']).map(parseSnapshot),
    statistics: statistics.map((entry) => asText(asFields(entry, 'statistics')['statistics-path'], 'statistics-path')),
    columns: currentColumns(json),
    unpartitionedSpecs: unpartitionedSpecs(json),
  };
}

function parseSnapshot(value: unknown): IcebergSnapshotEntry {
  const snapshot = asFields(value, 'snapshot');
  const id = idText(snapshot['snapshot-id']);
  if (id === undefined) throw new Error('snapshot has no id');
  return {
    id,
    manifestList: optionalText(snapshot['manifest-list']),
    manifests: asList(snapshot['manifests']).map((path) => asText(path, 'manifest path')),
  };
}

function currentColumns(json: Fields): ReadonlyMap<number, string> {
  const wanted = optionalNumber(json['current-schema-id']);
  const schemas = asList(json['schemas']).map((schema) => asFields(schema, 'schema'));
  const schema = schemas.find((one) => optionalNumber(one['schema-id']) === wanted) ?? json['schema'] ?? schemas[0];
  if (schema === undefined) return new Map();
  const fields = asList(asFields(schema, 'schema')['fields']).map((field) => asFields(field, 'field'));
  return new Map(fields.map((field) => [asNumber(field['id'], 'field id'), asText(field['name'], 'field name')]));
}

function unpartitionedSpecs(json: Fields): ReadonlySet<number> {
  const specs = asList(json['partition-specs']).map((spec) => asFields(spec, 'partition spec'));
  const bare = specs.filter((spec) =>
    asList(spec['fields']).every((field) => asFields(field, 'field')['transform'] === 'void'),
  );
  const ids = bare.map((spec) => optionalNumber(spec['spec-id']) ?? 0);
  const onlyOldSpec = specs.length === 0 && asList(json['partition-spec']).length === 0;
  return new Set(onlyOldSpec ? [0] : ids);
}

/** Turns the absolute paths of a table into names relative to its root. */
export interface IcebergPaths {
  /** Undefined when neither this table's own `gs://` root nor an alias is a prefix of the path. */
  resolve(path: string): string | undefined;
}

/** The longest of the table's own root and its aliases that prefixes the path wins. Nothing else is tried. */
export function icebergPaths(root: string, aliases: readonly string[]): IcebergPaths {
  const prefixes = [root, ...aliases].map((prefix) => (prefix.endsWith('/') ? prefix : `${prefix}/`));
  prefixes.sort((one, other) => other.length - one.length);
  return {
    resolve(path) {
      const prefix = prefixes.find((candidate) => path.startsWith(candidate));
      return prefix === undefined ? undefined : path.slice(prefix.length);
    },
  };
}

/** The part of a path that all its written forms share: scheme and authority are dropped. */
export function bareIcebergPath(path: string): string {
  return path.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '').replace(/^file:/, '');
}
