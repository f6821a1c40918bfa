import type { ObjectName } from '../../model/ids.ts';
import type { FileStat, TableFiles, TableLocation } from '../port.ts';
import { controlFolder, isNeverListed, metadataTableRoot, PROPERTIES } from './names.ts';
import type { HudiTable } from './read-properties.ts';
import { readIfThere } from './read-properties.ts';

/**
 * Control files that change in place or stand beside the timeline: settings, index definitions, schemas, the bootstrap
 * index, and the archive. They have no instant: a step takes what differs from what readers see.
 */

/** Settings of the table: what readers may use. Its metadata partitions must be visible before it names them. */
function settingFolders(location: TableLocation): readonly ObjectName[] {
  const control = controlFolder(location);
  return ['.aux/', '.index_defs/', '.schema/', PROPERTIES].map((name) => control + name);
}

const VERSION_LEAF = '_version_';
const MANIFEST_PREFIX = 'manifest_';

export interface MutableChanges {
  readonly settings: readonly ObjectName[];
  /** Archived instants and history, children before parents; then the pointer to the newest manifest. */
  readonly archive: readonly ObjectName[];
  readonly historyVersion?: number;
}

export interface MutableDeps {
  readonly location: TableLocation;
  readonly files: TableFiles;
  readonly table: HudiTable;
  /** The history version that readers see. */
  readonly historyVersion: number | undefined;
}

/** What differs from the published names. Where those are not known, everything. */
export async function mutableChanges(deps: MutableDeps): Promise<MutableChanges> {
  const settings: ObjectName[] = [];
  for (const folder of settingFolders(deps.location)) {
    for await (const { name } of changedUnder(deps, folder)) settings.push(name);
  }
  const archive: ObjectName[] = [];
  for (const folder of archiveFolders(deps.table)) {
    for await (const { name } of changedUnder(deps, folder)) archive.push(name);
  }
  const pointer = await historyPointer(deps);
  const names = archive.filter((name) => !name.endsWith(`/${VERSION_LEAF}`)).sort(byRank);
  if (pointer === undefined) return { settings, archive: names };
  const isChanged = archive.includes(pointer.name);
  return {
    settings,
    archive: isChanged ? [...names, pointer.name] : names,
    ...(isChanged ? { historyVersion: pointer.version } : {}),
  };
}

/** All that the source has of them. */
export async function* mutableNames(
  deps: Pick<MutableDeps, 'files' | 'table' | 'location'>,
): AsyncGenerator<ObjectName> {
  for (const folder of [...settingFolders(deps.location), ...archiveFolders(deps.table)]) {
    for await (const { name } of deps.files.list(folder)) if (!isNeverListed(deps.location, name)) yield name;
  }
}

/** Layout 1 with an empty archive folder keeps archives in `.hoodie/` under names of their own. */
function archiveFolders(table: HudiTable): readonly ObjectName[] {
  const control = `${table.root}.hoodie/`;
  if (table.archiveFolder === control) return [`${control}.commits_.archive`];
  return [table.archiveFolder, ...(table.layout === 1 ? [`${control}.commits_.archive`] : [])];
}

async function* changedUnder(deps: MutableDeps, prefix: ObjectName): AsyncGenerator<FileStat> {
  const { files, location } = deps;
  const published = new Map<ObjectName, bigint>();
  for await (const { name, generation } of files.listPublished?.(prefix) ?? []) published.set(name, generation);
  for await (const file of files.list(prefix)) {
    if (isNeverListed(location, file.name)) continue;
    if (published.get(file.name) !== file.generation) yield file;
  }
}

/** Parquet files before the manifests that list them. */
function byRank(a: ObjectName, b: ObjectName): number {
  const rank = (name: ObjectName): number => (name.includes(`/${MANIFEST_PREFIX}`) ? 1 : 0);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

/**
 * `_version_` holds the number of the newest manifest (LSM timeline). It never goes back, and not before the manifest
 * and the files it lists are there.
 */
async function historyPointer(
  deps: MutableDeps,
): Promise<{ readonly name: ObjectName; readonly version: number } | undefined> {
  const { files, table } = deps;
  if (table.layout !== 2) return undefined;
  const name = table.archiveFolder + VERSION_LEAF;
  const content = await readIfThere(files, name);
  const version = content === undefined ? Number.NaN : Number.parseInt(Buffer.from(content).toString('utf8'), 10);
  if (!Number.isSafeInteger(version) || version < (deps.historyVersion ?? 0)) return undefined;
  const manifest = await readIfThere(files, `${table.archiveFolder}${MANIFEST_PREFIX}${version}`);
  if (manifest === undefined) return undefined;
  for (const leaf of manifestFiles(manifest)) {
    if ((await files.stat(table.archiveFolder + leaf)) === undefined) return undefined;
  }
  return { name, version };
}

/** `{"files":[{"fileName":…,"fileLen":…}]}` (HoodieLSMTimelineManifest). */
function manifestFiles(content: Uint8Array): readonly string[] {
  try {
    const { files } = JSON.parse(Buffer.from(content).toString('utf8')) as { files?: readonly { fileName?: string }[] };
    return (files ?? []).flatMap(({ fileName }) => fileName ?? []);
  } catch {
    return [];
  }
}

/** True when the source has archived instants: then the timeline does not name all of the table's files. */
export async function hasArchive(files: TableFiles, table: HudiTable): Promise<boolean> {
  for (const folder of archiveFolders(table)) {
    for await (const _ of files.list(folder)) return true;
  }
  return false;
}

/** `archive` is the archive's folder, from `.hoodie/`. */
export function isMutable(location: TableLocation, name: ObjectName, archive: string): boolean {
  const control = controlFolder(location);
  if (settingFolders(location).some((each) => name.startsWith(each))) return true;
  if (name === `${metadataTableRoot(location)}.hoodie/${PROPERTIES}`) return true;
  return (archive !== '' && name.startsWith(control + archive)) || name.startsWith(`${control}.commits_.archive`);
}
