import {
  ICEBERG_HINT,
  type IcebergMetadata,
  type IcebergPaths,
  icebergPaths,
  icebergVersionOf,
  parseIcebergMetadata,
} from '../formats/iceberg-metadata.ts';
import { readIcebergFiles } from '../formats/iceberg-snapshot.ts';
import { type FileMap, memorySource } from '../formats/memory-source.ts';
import { MissingFileError } from '../formats/source.ts';
import { PlanBuilder, type PlannedStep, type PlanOptions, type ReplayPlan } from './plan.ts';

/**
 * One step a metadata version: the data and delete files it first reaches, then manifests, manifest lists, the metadata
 * file, and the hint. Ordinary names (`v3.1.metadata.json`, `version-hint.txt`, a metadata file without
 * `format-version`) belong to no step.
 */
export async function planIceberg(table: string, files: FileMap, options: PlanOptions): Promise<ReplayPlan> {
  if (options.order !== undefined) return planInOrder(table, files, options, options.order);
  const builder = new PlanBuilder(files, options);
  const paths = icebergPaths(options.root, options.pathAliases);
  const steps: PlannedStep[] = [];
  for (const { version, name, metadata } of readVersions(files)) {
    const reached = await reachedBy(files, paths, metadata);
    const data = builder.takeData(reached.data, (hex) => `data/orphan-${hex}.parquet`);
    const manifests = builder.takeShuffled(reached.manifests);
    const uploads = [...data, ...manifests, ...builder.takeAll([...reached.lists, name])];
    if (writesHint(files, name, options)) uploads.push(builder.derive(ICEBERG_HINT, Buffer.from(String(version))));
    steps.push({ label: name.slice(name.lastIndexOf('/') + 1), uploads });
  }
  return { table, format: 'iceberg', before: [], steps, after: builder.rest() };
}

/** The writer's own order, cut into steps after each metadata file. */
function planInOrder(table: string, files: FileMap, options: PlanOptions, order: readonly string[]): ReplayPlan {
  const builder = new PlanBuilder(files, options);
  const versions = new Set(readVersions(files).map(({ name }) => name));
  const steps: PlannedStep[] = [];
  let names: string[] = [];
  for (const name of order) {
    names.push(name);
    if (!versions.has(name)) continue;
    steps.push({ label: name.slice(name.lastIndexOf('/') + 1), uploads: builder.takeAll(names) });
    names = [];
  }
  return { table, format: 'iceberg', before: [], steps, after: builder.rest() };
}

function writesHint(files: FileMap, metadataName: string, options: PlanOptions): boolean {
  if (!/\/v\d+[^/]*$/.test(metadataName)) return false;
  const sample = files.get(ICEBERG_HINT);
  return options.icebergHints === 'synthesised' || (sample !== undefined && sample.byteLength > 0);
}

interface Version {
  readonly version: number;
  readonly name: string;
  readonly metadata: IcebergMetadata;
}

function readVersions(files: FileMap): readonly Version[] {
  const versions: Version[] = [];
  for (const [name, bytes] of files) {
    const version = icebergVersionOf(name);
    const metadata = version === undefined ? undefined : parseIcebergMetadata(name, bytes);
    if (version !== undefined && metadata !== undefined) versions.push({ version, name, metadata });
  }
  return versions.sort((one, other) => one.version - other.version);
}

interface Reached {
  readonly data: Set<string>;
  readonly manifests: Set<string>;
  readonly lists: Set<string>;
}

/** Every snapshot of the metadata, not only the current one. Snapshots whose own files are gone reach nothing. */
async function reachedBy(files: FileMap, paths: IcebergPaths, metadata: IcebergMetadata): Promise<Reached> {
  const reached: Reached = { data: new Set(), manifests: new Set(), lists: new Set() };
  for (const path of metadata.statistics) reached.data.add(paths.resolve(path) ?? path);
  for (const snapshot of metadata.snapshots) {
    try {
      const { files: entries, control } = await readIcebergFiles(memorySource(files), paths, snapshot);
      for (const entry of entries) reached.data.add(entry.name);
      const list = snapshot.manifestList === undefined ? undefined : paths.resolve(snapshot.manifestList);
      for (const name of control) (name === list ? reached.lists : reached.manifests).add(name);
    } catch (error) {
      if (!(error instanceof MissingFileError)) throw error;
    }
  }
  return reached;
}
