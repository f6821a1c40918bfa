import type { ObjectName } from '../../model/ids.ts';
import {
  type TableCursor,
  type TableFiles,
  type TableLocation,
  TableLogError,
  type TableLook,
  type TableProblem,
  type TableVersion,
} from '../port.ts';
import { metadataFolder } from './names.ts';
import { type HintFile, type MetadataLog, readHint, readPublished, type VersionFile } from './read-log.ts';
import type { TableMetadata } from './read-metadata.ts';
import { pathResolver } from './resolve-path.ts';
import { SnapshotWalk, splitSnapshots } from './walk-snapshots.ts';

/** The newest of them are named; those before are shown with the first that is published. */
const VERSIONS_MAX = 200;

/** What is remembered of the hint: the version the published one names, and the generation that was decided on last. */
export interface IcebergState {
  readonly hint?: string;
  readonly hintGeneration?: string;
}

export function stateOf(cursor: TableCursor | undefined): IcebergState {
  return (cursor?.state ?? {}) as IcebergState;
}

export interface LookDeps {
  readonly log: MetadataLog;
  readonly location: TableLocation;
  readonly files: TableFiles;
}

export async function look(deps: LookDeps, from: TableCursor | undefined): Promise<TableLook> {
  const { location, files } = deps;
  const warnings: string[] = [];
  const found = await newestVersions(deps, from);
  const sound = await soundVersions(deps, found, warnings);
  const newest = sound.versions.at(-1);
  const unresolved = newest === undefined ? undefined : await findUnresolved(deps, newest.file.name);
  if (unresolved !== undefined) return { versions: [], more: false, problem: unresolved, warnings };
  const hint = await usableHint(deps, await readHint(location, files), warnings);
  const versions = placeHint(deps, { from, found: sound.versions, hint }, warnings);
  return { versions, more: false, warnings, ...(sound.problem === undefined ? {} : { problem: sound.problem }) };
}

/**
 * The newest versions after the cursor, rising. Two files may claim one number: the loser of a race between catalogs.
 */
async function newestVersions(deps: LookDeps, from: TableCursor | undefined): Promise<VersionFile[][]> {
  const range = from === undefined ? {} : { after: BigInt(from.ordinal) };
  const byNumber = new Map<bigint, VersionFile[]>();
  for await (const version of deps.log.versions(deps.location, deps.files, range)) {
    const rivals = byNumber.get(version.version);
    if (rivals === undefined) byNumber.set(version.version, [version]);
    else rivals.push(version);
    if (byNumber.size > 2 * VERSIONS_MAX) dropOldest(byNumber);
  }
  dropOldest(byNumber);
  return [...byNumber].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rivals]) => rivals);
}

function dropOldest(byNumber: Map<bigint, unknown>): void {
  const rising = [...byNumber.keys()].sort((a, b) => (a < b ? -1 : 1));
  for (const version of rising.slice(0, Math.max(0, rising.length - VERSIONS_MAX))) byNumber.delete(version);
}

/** Leaves out what is no version. A broken file is a problem only while no newer version makes up for it. */
async function soundVersions(
  deps: LookDeps,
  found: readonly (readonly VersionFile[])[],
  warnings: string[],
): Promise<{ versions: VersionFile[]; problem?: TableProblem }> {
  const versions: VersionFile[] = [];
  let problem: Extract<TableProblem, { kind: 'broken' }> | undefined;
  for (const rivals of found) {
    let best: { version: VersionFile; updatedMs: number } | undefined;
    for (const version of rivals) {
      const verdict = await deps.log.verdict(deps.files, version.file);
      if (verdict === undefined) continue;
      if (verdict.kind === 'metadata') {
        const updatedMs = verdict.lastUpdatedMs;
        if (best === undefined || updatedMs >= best.updatedMs) best = { version, updatedMs };
      } else if (verdict.kind === 'skipped') warnings.push(`${version.file.name}: ${verdict.message}`);
      else {
        if (problem !== undefined) warnings.push(`${problem.name}: ${problem.message}`);
        problem = { kind: 'broken', name: version.file.name, message: verdict.message };
      }
    }
    if (best === undefined) continue;
    versions.push(best.version);
    if (problem !== undefined) warnings.push(`${problem.name}: ${problem.message}`);
    problem = undefined;
  }
  return problem === undefined ? { versions } : { versions, problem };
}

/**
 * A path of the version that does not resolve: of any snapshot's list, of statistics, and of the first manifest and the
 * first file (the whole walk of `step` finds the rest). A table without files is judged by its location, so that it
 * does not start as a table and turn into loose objects with its first rows.
 */
async function findUnresolved(deps: LookDeps, name: ObjectName): Promise<TableProblem | undefined> {
  const metadata = await readPublished(deps.files, name);
  if (metadata === undefined) return undefined;
  const resolve = pathResolver(deps.location);
  const paths = writtenPaths(metadata);
  if (paths.length === 0 && (deps.location.pathAliases ?? []).length === 0) {
    if (resolve(`${metadata.location}/metadata`) === undefined) return { kind: 'unresolved', path: metadata.location };
  }
  const path = paths.find((each) => resolve(each) === undefined);
  if (path !== undefined) return { kind: 'unresolved', path };
  const walk = new SnapshotWalk(deps.files, resolve);
  try {
    for await (const manifest of walk.freshManifests(splitSnapshots(metadata).head, [], 'history')) {
      for await (const _ of walk.filesOf(manifest, 'history')) break;
      break;
    }
  } catch (error) {
    if (error instanceof TableLogError && error.problem.kind === 'unresolved') return error.problem;
    throw error;
  }
  return undefined;
}

function writtenPaths(metadata: TableMetadata): string[] {
  return [
    ...metadata.snapshots.flatMap(({ manifestList, manifests }) => manifestList ?? manifests ?? []),
    ...metadata.statistics.map(({ path }) => path),
  ];
}

/** A hint that names a version the source does not have would mislead: as if it were not there. */
async function usableHint(
  deps: LookDeps,
  hintFile: HintFile | undefined,
  warnings: string[],
): Promise<HintFile | undefined> {
  if (hintFile?.hint === undefined) return hintFile;
  for (const leaf of hintFile.hint.leaves) {
    const target = await deps.files.stat(metadataFolder(deps.location) + leaf);
    const verdict = target === undefined ? undefined : await deps.log.verdict(deps.files, target);
    if (verdict?.kind === 'metadata') return hintFile;
  }
  warnings.push(`${hintFile.file.name} names version ${hintFile.hint.version}, which is not there`);
  return undefined;
}

interface Placement {
  readonly from: TableCursor | undefined;
  readonly found: readonly VersionFile[];
  readonly hint: HintFile | undefined;
}

/**
 * The hint goes with the first version it may stand beside; alone, as an attachment, when that is already published.
 */
function placeHint({ location }: LookDeps, { from, found, hint }: Placement, warnings: string[]): TableVersion[] {
  const versions: TableVersion[] = [];
  let state = stateOf(from);
  const fresh = hint !== undefined && hint.file.generation.toString() !== state.hintGeneration ? hint : undefined;
  const names = fresh?.hint?.version;
  const isBackwards = names !== undefined && state.hint !== undefined && names < BigInt(state.hint);
  if (isBackwards) warnings.push(`version-hint.text went back from ${state.hint} to ${names}: the newer one is kept`);
  const takeHint = (version: bigint): boolean => {
    if (fresh === undefined || isBackwards || state.hintGeneration === fresh.file.generation.toString()) return false;
    if (names !== undefined && names > version) return false;
    const kept = names === undefined ? state.hint : names.toString();
    state = { ...(kept === undefined ? {} : { hint: kept }), hintGeneration: fresh.file.generation.toString() };
    return true;
  };
  if (from !== undefined && fresh !== undefined && takeHint(BigInt(from.ordinal))) {
    versions.push({ cursor: { ...from, state }, kind: 'attachment', visibility: fresh.file.name });
  }
  for (const { version, leaf } of found) {
    takeHint(version);
    const cursor = { ordinal: version.toString(), label: leaf, state };
    versions.push({ cursor, kind: 'commit', visibility: metadataFolder(location) + leaf });
  }
  return versions;
}
