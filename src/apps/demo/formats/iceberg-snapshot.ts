import { type AvroRecord, readAvro } from './avro.ts';
import {
  ICEBERG_HINT,
  ICEBERG_METADATA,
  type IcebergMetadata,
  type IcebergPaths,
  type IcebergSnapshotEntry,
  icebergVersionOf,
  parseIcebergMetadata,
} from './iceberg-metadata.ts';
import { BrokenLogError, MissingFileError, parsing, type TableSource } from './source.ts';
import { asFields, asList, asNumber, asText, decodeUtf8, optionalNumber, optionalText } from './values.ts';

export interface IcebergFile {
  readonly name: string;
  /** As the manifest writes it: position deletes name data files in this form, or nearly so. */
  readonly path: string;
  readonly size: number;
  readonly content: 'data' | 'positionDeletes' | 'equalityDeletes';
  readonly fileFormat: string;
  readonly sequence: number;
  /** Spec id and partition tuple as one text: equal texts are the same partition. */
  readonly partition: string;
  readonly specId: number;
  readonly equalityIds: readonly number[];
  /** Of a deletion vector: where its blob lies in the Puffin file, and the data file it is about. */
  readonly contentOffset: number | undefined;
  readonly contentSize: number | undefined;
  readonly referencedDataFile: string | undefined;
}

/** An Iceberg table as a reader sees it at its newest metadata version. */
export interface IcebergSnapshot {
  readonly format: 'iceberg';
  readonly version: number;
  readonly metadataName: string;
  readonly metadata: IcebergMetadata;
  readonly files: readonly IcebergFile[];
  /** Metadata, manifest list and manifests that were read. */
  readonly control: readonly string[];
  /** What the hint said; undefined when it is absent or does not parse. */
  readonly hint: number | undefined;
}

/** The table's paths resolve by no prefix and no alias: it is plain objects here, not a table. */
export class UnresolvedPathError extends Error {
  override readonly name = 'UnresolvedPathError';
}

/**
 * The hint if it parses, else the highest listed version; then forward while the next version exists. `at` opens an
 * older version instead.
 */
export async function openIceberg(
  source: TableSource,
  paths: IcebergPaths,
  at?: number,
): Promise<IcebergSnapshot | undefined> {
  const hint = at === undefined ? await readHint(source) : undefined;
  const versions = await listVersions(source);
  if (versions.size === 0) return undefined;
  let version = at ?? hint ?? Math.max(...versions.keys());
  if (!versions.has(version)) throw new BrokenLogError(ICEBERG_HINT, `names version ${version}, which is not there`);
  while (at === undefined && versions.has(version + 1)) version += 1;
  const metadataName = versions.get(version) ?? '';
  const bytes = await source.read(metadataName);
  const metadata = await parsing(metadataName, () => parseIcebergMetadata(metadataName, bytes));
  if (metadata === undefined) return undefined;
  const current = metadata.snapshots.find((entry) => entry.id === metadata.currentSnapshotId);
  if (current === undefined && metadata.currentSnapshotId !== undefined) {
    throw new BrokenLogError(metadataName, `has no snapshot ${metadata.currentSnapshotId}`);
  }
  const read = current === undefined ? { files: [], control: [] } : await readIcebergFiles(source, paths, current);
  return {
    format: 'iceberg',
    version,
    metadataName,
    metadata,
    files: read.files,
    control: [metadataName, ...read.control],
    hint,
  };
}

async function readHint(source: TableSource): Promise<number | undefined> {
  try {
    const text = decodeUtf8(await source.read(ICEBERG_HINT)).trim();
    return /^\d+$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if (error instanceof MissingFileError) return undefined;
    throw error;
  }
}

/** A `v0` without `format-version` may stand beside real versions: it is a version only if nothing else is. */
async function listVersions(source: TableSource): Promise<ReadonlyMap<number, string>> {
  const versions = new Map<number, string>();
  for (const name of await source.list(ICEBERG_METADATA)) {
    const version = icebergVersionOf(name);
    if (version !== undefined) versions.set(version, name);
  }
  return versions;
}

/** Reads the manifest list and every manifest of one snapshot; entries with status DELETED are not live. */
export async function readIcebergFiles(
  source: TableSource,
  paths: IcebergPaths,
  snapshot: IcebergSnapshotEntry,
): Promise<{ files: readonly IcebergFile[]; control: readonly string[] }> {
  const control: string[] = [];
  const manifests: ManifestEntry[] = snapshot.manifests.map((path) => ({ path, sequence: 0, specId: 0 }));
  if (snapshot.manifestList !== undefined) {
    const name = resolve(paths, snapshot.manifestList);
    control.push(name);
    const bytes = await source.read(name);
    manifests.push(...(await parsing(name, () => readAvro(bytes).records.map(parseManifestEntry))));
  }
  const files: IcebergFile[] = [];
  for (const manifest of manifests) {
    const name = resolve(paths, manifest.path);
    control.push(name);
    const bytes = await source.read(name);
    files.push(...(await parsing(name, () => parseManifest(bytes, manifest, paths))));
  }
  return { files, control };
}

function resolve(paths: IcebergPaths, path: string): string {
  const name = paths.resolve(path);
  if (name === undefined) throw new UnresolvedPathError(`${path} resolves by no prefix or alias`);
  return name;
}

interface ManifestEntry {
  readonly path: string;
  readonly sequence: number;
  readonly specId: number;
}

function parseManifestEntry(record: AvroRecord): ManifestEntry {
  return {
    path: asText(record['manifest_path'], 'manifest_path'),
    sequence: optionalNumber(record['sequence_number']) ?? 0,
    specId: optionalNumber(record['partition_spec_id']) ?? 0,
  };
}

const STATUS_DELETED = 2;
const CONTENTS = ['data', 'positionDeletes', 'equalityDeletes'] as const;

function parseManifest(bytes: Uint8Array, manifest: ManifestEntry, paths: IcebergPaths): readonly IcebergFile[] {
  const files: IcebergFile[] = [];
  for (const record of readAvro(bytes).records) {
    if (optionalNumber(record['status']) === STATUS_DELETED) continue;
    const file = asFields(record['data_file'], 'data_file');
    const content = CONTENTS[optionalNumber(file['content']) ?? 0];
    if (content === undefined) throw new Error(`content ${String(file['content'])} is not known here`);
    const path = asText(file['file_path'], 'file_path');
    files.push({
      name: resolve(paths, path),
      path,
      size: asNumber(file['file_size_in_bytes'], 'file_size_in_bytes'),
      content,
      fileFormat: asText(file['file_format'], 'file_format').toUpperCase(),
      sequence: optionalNumber(record['sequence_number']) ?? manifest.sequence,
      partition: `${manifest.specId}/${partitionText(file['partition'])}`,
      specId: manifest.specId,
      equalityIds: asList(file['equality_ids']).map((id) => asNumber(id, 'equality id')),
      contentOffset: optionalNumber(file['content_offset']),
      contentSize: optionalNumber(file['content_size_in_bytes']),
      referencedDataFile: optionalText(file['referenced_data_file']),
    });
  }
  return files;
}

function partitionText(partition: unknown): string {
  return JSON.stringify(partition, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString();
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  });
}
