import { gunzipSync } from 'node:zlib';

/**
 * The parts of a table metadata file (Iceberg spec, "Table Metadata") that say what a version reaches. Snapshot ids are
 * 64-bit and kept as decimal text: a number would round them.
 */
export interface TableMetadata {
  readonly formatVersion: number;
  readonly location: string;
  readonly lastUpdatedMs: number;
  /** Snapshots that a reader may resolve by name: the current one and every branch and tag. */
  readonly headIds: ReadonlySet<string>;
  readonly snapshots: readonly Snapshot[];
  /** `statistics` and `partition-statistics` files. */
  readonly statistics: readonly StatisticsFile[];
  /** Paths of older metadata files. */
  readonly log: readonly string[];
}

export interface Snapshot {
  readonly id: string;
  readonly manifestList?: string;
  /** Format v1 may list manifests in place of a manifest list. */
  readonly manifests?: readonly string[];
}

export interface StatisticsFile {
  readonly snapshotId: string;
  readonly path: string;
}

export const FORMAT_VERSION_MAX = 3;
const UNPACKED_BYTES_MAX = 256 * 1024 * 1024;

/** Why a metadata file is not a usable version. `skipped`: not a table's version at all (BigQuery's `v0`). */
export type MetadataFault = { readonly kind: 'skipped' | 'broken'; readonly message: string };

export type MetadataReading = { readonly kind: 'metadata'; readonly metadata: TableMetadata } | MetadataFault;

export function readMetadata(content: Uint8Array): MetadataReading {
  let json: unknown;
  try {
    json = JSON.parse(unpack(content), keepLongs);
  } catch (error) {
    return broken(`not a JSON document: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(json)) return broken('not a JSON object');
  const formatVersion = json['format-version'];
  if (formatVersion === undefined) return { kind: 'skipped', message: 'no format-version: not a version of a table' };
  if (typeof formatVersion !== 'number' || !Number.isInteger(formatVersion) || formatVersion < 1) {
    return broken(`format-version ${JSON.stringify(formatVersion)} is not a version`);
  }
  if (formatVersion > FORMAT_VERSION_MAX) {
    return broken(`format-version ${formatVersion} is newer than ${FORMAT_VERSION_MAX}, the newest this release reads`);
  }
  return readKnown(json, formatVersion);
}

function readKnown(json: JsonObject, formatVersion: number): MetadataReading {
  const location = json['location'];
  if (typeof location !== 'string') return broken('no location');
  const snapshots: Snapshot[] = [];
  for (const entry of listOf(json['snapshots'])) {
    const snapshot = readSnapshot(entry);
    if (snapshot === undefined) return broken('a snapshot has neither id nor manifests');
    snapshots.push(snapshot);
  }
  const headIds = readHeads(json);
  const ids = new Set(snapshots.map(({ id }) => id));
  for (const id of headIds) {
    if (!ids.has(id)) return broken(`snapshot ${id} is current or referenced but not in snapshots`);
  }
  const metadata: TableMetadata = {
    formatVersion,
    location,
    lastUpdatedMs: Number(json['last-updated-ms'] ?? 0),
    headIds,
    snapshots,
    statistics: [...readStatistics(json['statistics']), ...readStatistics(json['partition-statistics'])],
    log: listOf(json['metadata-log']).flatMap((entry) => {
      const path = isObject(entry) ? entry['metadata-file'] : undefined;
      return typeof path === 'string' ? [path] : [];
    }),
  };
  return { kind: 'metadata', metadata };
}

function readSnapshot(entry: unknown): Snapshot | undefined {
  if (!isObject(entry)) return undefined;
  const id = idText(entry['snapshot-id']);
  const list = entry['manifest-list'];
  const manifests = entry['manifests'];
  if (id === undefined) return undefined;
  if (typeof list === 'string') return { id, manifestList: list };
  if (Array.isArray(manifests) && manifests.every((path) => typeof path === 'string')) return { id, manifests };
  return undefined;
}

/** `-1` and null both say that there is no current snapshot. */
function readHeads(json: JsonObject): Set<string> {
  const heads = new Set<string>();
  const current = idText(json['current-snapshot-id']);
  if (current !== undefined && current !== '-1') heads.add(current);
  const refs = json['refs'];
  if (isObject(refs)) {
    for (const ref of Object.values(refs)) {
      const id = isObject(ref) ? idText(ref['snapshot-id']) : undefined;
      if (id !== undefined) heads.add(id);
    }
  }
  return heads;
}

function readStatistics(list: unknown): StatisticsFile[] {
  return listOf(list).flatMap((entry) => {
    if (!isObject(entry)) return [];
    const snapshotId = idText(entry['snapshot-id']);
    const path = entry['statistics-path'];
    return snapshotId !== undefined && typeof path === 'string' ? [{ snapshotId, path }] : [];
  });
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function idText(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : undefined;
}

function broken(message: string): MetadataFault {
  return { kind: 'broken', message };
}

/** Integers past 2^53 become their own text. */
function keepLongs(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

/** `.gz.metadata.json` files, and by their magic any other that is compressed. */
function unpack(content: Uint8Array): string {
  const isGzip = content[0] === 0x1f && content[1] === 0x8b;
  const bytes = isGzip ? gunzipSync(content, { maxOutputLength: UNPACKED_BYTES_MAX }) : content;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
