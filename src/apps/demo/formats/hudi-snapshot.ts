import { type HudiSlice, liveSlices } from './hudi-slices.ts';
import {
  HUDI_METADATA_TABLE,
  HUDI_PARTITION_METADATA,
  HUDI_PROPERTIES,
  HUDI_ROOT,
  type HudiCommit,
  type HudiInstant,
  type HudiWrite,
  hudiFileOf,
  hudiLayout,
  isHudiWrite,
  listProperty,
  parseHudiCommit,
  parseProperties,
  parseTimeline,
} from './hudi-timeline.ts';
import { BrokenLogError, MissingFileError, parsing, type TableSource } from './source.ts';

/** A Hudi table as a reader sees it at its latest completed instant. */
export interface HudiSnapshot {
  readonly format: 'hudi';
  /** File name of the latest completed instant. */
  readonly label: string;
  /** Sorts versions: completion order. */
  readonly order: string;
  readonly mergeOnRead: boolean;
  readonly slices: readonly HudiSlice[];
  readonly partitionMetadata: readonly string[];
  /** Files of the metadata table that belong to instants completed by this version. */
  readonly metadataTable: readonly string[];
  readonly control: readonly string[];
}

const LISTINGS_MAX = 3;

/**
 * Undefined while no instant is completed. Names come from one listing, so that data and metadata timelines are of one
 * moment; it is taken again when an instant is archived, or taken back, before it is read. `at` opens the table as of
 * an older completed instant, named by its file.
 */
export async function openHudi(source: TableSource, at?: string): Promise<HudiSnapshot | undefined> {
  for (let listings = 1; ; listings += 1) {
    const names = await source.list('');
    try {
      return await openListed(source, names, at);
    } catch (error) {
      const wasListed = error instanceof MissingFileError && names.includes(error.file);
      if (!wasListed || listings === LISTINGS_MAX) throw error;
    }
  }
}

async function openListed(
  source: TableSource,
  names: readonly string[],
  at: string | undefined,
): Promise<HudiSnapshot | undefined> {
  const properties = await readProperties(source);
  if (properties === undefined) return undefined;
  const layout = hudiLayout(properties);
  const timeline = parseTimeline(names, layout).completed;
  const last = at === undefined ? timeline.length - 1 : timeline.findIndex(({ name }) => name.endsWith(`/${at}`));
  const read = await readCommits(source, timeline.slice(0, last + 1));
  const completed = read.map(({ instant }) => instant);
  const latest = completed.at(-1);
  if (latest === undefined) return undefined;
  const slices = liveSlices(layout, [...archivedWrites(names, read), ...read]);
  // The settings are today's: of an older instant they may name partitions that were built later.
  const inUse = at === undefined ? listProperty(properties, 'hoodie.table.metadata.partitions') : [];
  const metadata = await openMetadataTable(source, { partitions: inUse, names }, completed);
  const partitions = new Set(slices.map((slice) => slice.partition));
  return {
    format: 'hudi',
    label: latest.name.slice(latest.name.lastIndexOf('/') + 1),
    order: latest.order,
    mergeOnRead: properties.get('hoodie.table.type') === 'MERGE_ON_READ',
    slices,
    partitionMetadata: [...partitions].map((partition) => partitionMetadataName(partition)),
    metadataTable: metadata.files,
    control: [HUDI_PROPERTIES, ...completed.map((instant) => instant.name), ...metadata.control],
  };
}

export function partitionMetadataName(partition: string): string {
  return partition === '' ? HUDI_PARTITION_METADATA : `${partition}/${HUDI_PARTITION_METADATA}`;
}

async function readProperties(source: TableSource, base = ''): Promise<ReadonlyMap<string, string> | undefined> {
  const name = `${base}${HUDI_PROPERTIES}`;
  try {
    const bytes = await source.read(name);
    return await parsing(name, () => parseProperties(bytes));
  } catch (error) {
    if (error instanceof MissingFileError) return undefined;
    throw error;
  }
}

interface ReadInstant {
  readonly instant: HudiInstant;
  readonly commit: HudiCommit;
}

/**
 * Writes from before the start of the timeline: no metadata names their files any more, the folders do. What was
 * replaced or rolled back then has been cleaned before it was archived.
 */
function archivedWrites(names: readonly string[], read: readonly ReadInstant[]): ReadInstant[] {
  const start = read.map(({ instant }) => instant.instant).toSorted()[0] ?? '';
  const named = new Set(read.flatMap(({ commit }) => commit.writes.map(({ name }) => name)));
  const writes = names.flatMap((name): HudiWrite[] => {
    const file = name.startsWith(HUDI_ROOT) ? undefined : hudiFileOf(name);
    if (file === undefined || named.has(name) || file.instant >= start) return [];
    const partition = name.slice(0, Math.max(0, name.lastIndexOf('/')));
    return [{ partition, fileId: file.fileId, name, size: undefined }];
  });
  return writes.map((write) => {
    const instant = hudiFileOf(write.name)?.instant ?? '';
    const archived = { name: write.name, instant, action: 'archived', order: `${instant}/${instant}` };
    return { instant: archived, commit: { writes: [write], replaced: [] } };
  });
}

async function readCommits(source: TableSource, instants: readonly HudiInstant[], base = '') {
  const commits: { instant: HudiInstant; commit: HudiCommit }[] = [];
  for (const instant of instants) {
    const bytes = await source.read(instant.name);
    const commit = await parsing(instant.name, () => parseHudiCommit(instant, bytes));
    const writes = commit.writes.map((write) => ({ ...write, name: `${base}${write.name}` }));
    commits.push({ instant, commit: { ...commit, writes } });
  }
  return commits;
}

interface MetadataTable {
  readonly files: readonly string[];
  readonly control: readonly string[];
}

/**
 * Requires that every partition the properties name has files, and that the metadata table holds the instant of each
 * completed write: a reader that lists through it would otherwise miss rows without noticing.
 */
async function openMetadataTable(
  source: TableSource,
  { partitions, names: listed }: { readonly partitions: readonly string[]; readonly names: readonly string[] },
  data: readonly HudiInstant[],
): Promise<MetadataTable> {
  const asOf = data.at(-1)?.order ?? '';
  if (partitions.length === 0) return { files: [], control: [] };
  const properties = await readProperties(source, HUDI_METADATA_TABLE);
  if (properties === undefined) throw new MissingFileError(`${HUDI_METADATA_TABLE}${HUDI_PROPERTIES}`);
  const layout = hudiLayout(properties, HUDI_METADATA_TABLE);
  const names = listed.filter((name) => name.startsWith(HUDI_METADATA_TABLE));
  const completed = parseTimeline(names, layout).completed.filter((instant) => instant.order <= asOf);
  requireInstants(completed, data);
  const instants = new Set(completed.map((instant) => instant.instant));
  const files = new Set(names.filter((name) => instants.has(metadataInstantOf(name) ?? '')));
  for (const partition of partitions) requirePartition(partition, files);
  for (const slice of liveSlices(layout, await readCommits(source, completed, HUDI_METADATA_TABLE))) {
    for (const write of [slice.base, ...slice.logs]) if (write !== undefined) files.add(write.name);
    files.add(`${HUDI_METADATA_TABLE}${partitionMetadataName(slice.partition)}`);
  }
  return {
    files: [...files],
    control: [`${HUDI_METADATA_TABLE}${HUDI_PROPERTIES}`, ...completed.map((instant) => instant.name)],
  };
}

/** The instant a data file of the metadata table carries; undefined for its timeline and properties. */
export function metadataInstantOf(name: string): string | undefined {
  if (!name.startsWith(HUDI_METADATA_TABLE) || name.startsWith(`${HUDI_METADATA_TABLE}.hoodie/`)) return undefined;
  return hudiFileOf(name)?.instant;
}

/** Instants older than the metadata table's own oldest one were archived or folded into its first base files. */
function requireInstants(completed: readonly HudiInstant[], data: readonly HudiInstant[]): void {
  const held = new Set(completed.map((instant) => instant.instant));
  const oldest = completed.map((instant) => instant.instant).filter((instant) => !instant.startsWith('0000'));
  const from = oldest.sort()[0] ?? '';
  for (const instant of data) {
    if (!isHudiWrite(instant) || instant.instant < from || held.has(instant.instant)) continue;
    throw new BrokenLogError(instant.name, 'the metadata table does not hold this instant');
  }
}

function requirePartition(partition: string, files: ReadonlySet<string>): void {
  const prefix = `${HUDI_METADATA_TABLE}${partition}/`;
  for (const name of files) if (name.startsWith(prefix)) return;
  throw new BrokenLogError(`${HUDI_METADATA_TABLE}${partition}`, 'a metadata partition in use has no files');
}
