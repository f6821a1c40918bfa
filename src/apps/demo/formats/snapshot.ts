import { type DeltaSnapshot, openDelta } from './delta-snapshot.ts';
import { type HudiSnapshot, openHudi } from './hudi-snapshot.ts';
import { ICEBERG_METADATA, icebergPaths, icebergVersionOf } from './iceberg-metadata.ts';
import { type IcebergSnapshot, openIceberg } from './iceberg-snapshot.ts';
import type { TableSource } from './source.ts';

/** A plain directory: what is listed is what there is. */
export interface DirectorySnapshot {
  readonly format: 'directory';
  readonly files: readonly string[];
}

export type TableSnapshot = DeltaSnapshot | IcebergSnapshot | HudiSnapshot | DirectorySnapshot;
export type SnapshotFormat = TableSnapshot['format'];

export interface OpenOptions {
  readonly format: SnapshotFormat;
  /** `gs://bucket/prefix/` */
  readonly root: string;
  readonly pathAliases: readonly string[];
  /** The label of an older version to open instead of the newest. */
  readonly at?: string;
}

/** The table at its newest version (or `at`), or undefined when it has none yet. */
export async function openTable(source: TableSource, options: OpenOptions): Promise<TableSnapshot | undefined> {
  const { at } = options;
  switch (options.format) {
    case 'delta':
      return await openDelta(source, options.root, at === undefined ? undefined : Number(at));
    case 'iceberg': {
      const version = at === undefined ? undefined : icebergVersionOf(`${ICEBERG_METADATA}${at}`);
      return await openIceberg(source, icebergPaths(options.root, options.pathAliases), version);
    }
    case 'hudi':
      return await openHudi(source, at);
    case 'directory':
      return { format: 'directory', files: await source.list('') };
  }
}

/** What people call the version: `12`, `v3.metadata.json`, the file name of a completed instant, `-`. */
export function versionLabel(snapshot: TableSnapshot): string {
  switch (snapshot.format) {
    case 'delta':
      return String(snapshot.version);
    case 'iceberg':
      return snapshot.metadataName.slice(snapshot.metadataName.lastIndexOf('/') + 1);
    case 'hudi':
      return snapshot.label;
    case 'directory':
      return '-';
  }
}

/** Sorts as text in version order; equal for equal versions. */
export function versionOrder(snapshot: TableSnapshot): string {
  switch (snapshot.format) {
    case 'delta':
    case 'iceberg':
      return snapshot.version.toString().padStart(20, '0');
    case 'hudi':
      return snapshot.order;
    case 'directory':
      return '';
  }
}

/** A file a reader of the snapshot needs; `size` where the log states it. */
export interface SnapshotFile {
  readonly name: string;
  readonly size: number | undefined;
}

/** Data files, deletes, vectors, partition metadata: everything but the log itself. May repeat a name. */
export function snapshotFiles(snapshot: TableSnapshot): readonly SnapshotFile[] {
  switch (snapshot.format) {
    case 'delta': {
      const vectors = snapshot.files.flatMap((file) => (file.vector?.file === undefined ? [] : [file.vector.file]));
      return [...snapshot.files, ...unsized(vectors), ...unsized(snapshot.changeData)];
    }
    case 'iceberg':
      return snapshot.files.map((file) => ({
        name: file.name,
        size: file.contentOffset === undefined ? file.size : undefined,
      }));
    case 'hudi': {
      const writes = snapshot.slices.flatMap((slice) => [
        ...(slice.base === undefined ? [] : [slice.base]),
        ...slice.logs,
      ]);
      return [...writes, ...unsized(snapshot.partitionMetadata)];
    }
    case 'directory':
      return unsized(snapshot.files);
  }
}

/** The files of the log that a reader of the snapshot opened or would open. */
export function snapshotControl(snapshot: TableSnapshot): readonly string[] {
  if (snapshot.format === 'directory') return [];
  return snapshot.format === 'hudi' ? [...snapshot.control, ...snapshot.metadataTable] : snapshot.control;
}

function unsized(names: readonly string[]): readonly SnapshotFile[] {
  return names.map((name) => ({ name, size: undefined }));
}
