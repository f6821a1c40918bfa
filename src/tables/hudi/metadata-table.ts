import type { ObjectName } from '../../model/ids.ts';
import type { FileRef, TableFiles, TableLocation } from '../port.ts';
import { hasArchive } from './mutable-names.ts';
import { isNeverListed, leafOf, PROPERTIES, parseDataFile } from './names.ts';
import { archivedFiles, reachOf } from './reach.ts';
import { type HudiState, type Log, unpublished } from './read-state.ts';
import { earlier, type Instant, isBeforeStart, isWrite } from './timeline.ts';

/**
 * The metadata table (`.hoodie/metadata/`) is written before the data instant it describes completes, and a reader that
 * lists through it misses what it does not name. So a data instant takes with it every metadata instant completed up to
 * its own completion: never by id, because an index build completes after the data instant of its id.
 */
export interface MetadataUnit {
  readonly log: Log;
  /** To be published with the step, by completion. */
  readonly instants: readonly Instant[];
  /** All that readers see once the step is published. */
  readonly visible: readonly Instant[];
}

/** Instants that build a partition carry made-up times: `00000000000000000` and on. */
const BUILD = '0000';

export interface UnitRange {
  readonly from: HudiState | undefined;
  /** Completion of the last data instant of the step. */
  readonly completion: string;
  /** Data instants of the step. */
  readonly instants: readonly Instant[];
}

export function unitOf(log: Log, range: UnitRange): MetadataUnit {
  const { from } = range;
  const limit = from !== undefined && from.completion > range.completion ? from.completion : range.completion;
  // Layout 1 knows completion only by the time a file was stored, and a copy stores files in any order: there the
  // instant of the same write belongs to the unit too, whenever it was stored.
  const writes = log.table.layout === 1 ? new Set(range.instants.filter(isWrite).map(({ ts }) => ts)) : new Set();
  const isDue = ({ ts, completion }: Instant): boolean => completion <= limit || writes.has(ts);
  const since = from === undefined ? undefined : { ...from, key: `${from.completion}_~` };
  return {
    log,
    instants: unpublished(log, since).filter(isDue),
    visible: log.timeline.completed.filter(isDue),
  };
}

/**
 * Metadata instants that came after the data instant they belong to was published; and compactions and cleans that
 * follow the last data instant, which no later one may ever take along. Deltacommits that follow it are left to the
 * write they announce.
 */
export function lateUnit(metadata: Log | undefined, data: Log, from: HudiState): MetadataUnit | undefined {
  if (metadata === undefined) return undefined;
  const instants = data.published?.completed ?? [];
  const due = unitOf(metadata, { from, completion: from.completion, instants });
  const rest = unpublished(metadata, from).filter((instant) => !due.instants.includes(instant));
  const next = rest.findIndex(({ action }) => action === 'deltacommit');
  const trailing = unpublished(data, from).length > 0 ? [] : rest.slice(0, next < 0 ? rest.length : next);
  const late = [...due.instants, ...trailing];
  return late.length === 0 ? undefined : { ...due, instants: late, visible: [...due.visible, ...trailing] };
}

/**
 * Writes of the step whose metadata instant is not there: the metadata table is late, and late is wrong. Writes from
 * before the table was built have none: those complete before its first build, where the timeline still has that and
 * says when (layout 2), else those begun before its first write.
 */
export function missingWrites(unit: MetadataUnit, instants: readonly Instant[]): readonly Instant[] {
  const { table, timeline } = unit.log;
  const there = new Set(unit.visible.map(({ ts }) => ts));
  const [build] = timeline.completed.filter(({ ts }) => ts.startsWith(BUILD));
  const firstWrite = timeline.completed
    .map(({ ts }) => ts)
    .filter((ts) => !ts.startsWith(BUILD))
    .reduce(earlier, '~');
  const isDue = ({ ts, completion }: Instant): boolean =>
    build !== undefined && table.layout === 2 ? completion > build.completion : ts >= firstWrite;
  return instants.filter((instant) => isWrite(instant) && isDue(instant) && !there.has(instant.ts));
}

/**
 * True when every partition of the metadata table that readers would use has files that are visible with the unit, and
 * none of a build that is not: settings name a partition once its build is complete.
 */
export async function holdsPartitions(
  files: TableFiles,
  unit: MetadataUnit | undefined,
  partitions: readonly string[],
): Promise<boolean> {
  if (partitions.length === 0) return true;
  if (unit === undefined) return false;
  const visible = new Set(unit.visible.map(({ ts }) => ts));
  const { table, timeline } = unit.log;
  const isArchiving = await hasArchive(files, table);
  const isVisible = (ts: string): boolean => visible.has(ts) || (isArchiving && isBeforeStart(timeline, ts));
  for (const partition of partitions) {
    if (!(await holdsPartition(files, `${table.root}${partition}/`, isVisible))) return false;
  }
  return true;
}

async function holdsPartition(
  files: TableFiles,
  folder: ObjectName,
  isVisible: (ts: string) => boolean,
): Promise<boolean> {
  let hasVisible = false;
  for await (const { name } of files.list(folder)) {
    const ts = parseDataFile(leafOf(name))?.ts;
    if (ts === undefined) continue;
    if (isVisible(ts)) hasVisible = true;
    else if (ts.startsWith(BUILD)) return false;
  }
  return hasVisible;
}

/** True when what the settings promise of the metadata table is visible at `from`. */
export async function settingsFit(deps: {
  readonly files: TableFiles;
  readonly log: Log;
  readonly metadata: Log | undefined;
  readonly from: HudiState;
}): Promise<boolean> {
  const { files, log, metadata, from } = deps;
  if (log.table.metadataPartitions.length === 0) return true;
  if (metadata === undefined) return false;
  const unit = unitOf(metadata, { from, completion: from.completion, instants: [] });
  return await holdsPartitions(files, unit, log.table.metadataPartitions);
}

export interface UnitDeps {
  readonly location: TableLocation;
  readonly files: TableFiles;
  readonly unit: MetadataUnit;
}

/**
 * Files of the unit before their instants: properties, partition metadata, bases and logs. `all`: those that carry an
 * instant of the unit too, whoever wrote them, and archived ones; `new`: without the archived; `written`: those that
 * write stats or archived instants account for.
 */
export async function* unitFiles(deps: UnitDeps, which: 'all' | 'new' | 'written'): AsyncGenerator<FileRef> {
  const { files, unit } = deps;
  const { table, timeline } = unit.log;
  yield { name: `${table.root}.hoodie/${PROPERTIES}` };
  const reach = { files, table, timeline };
  yield* reachOf(reach, unit.instants);
  if (which !== 'written') yield* namedByInstant(deps);
  if (which !== 'new') yield* archivedFiles(reach, unit.visible, skipper(deps));
}

/** Files, then instants. What the metadata table's cleaner may have taken is left out when it is gone. */
export async function* unitControl(deps: UnitDeps, from: HudiState | undefined): AsyncGenerator<ObjectName> {
  for await (const { name, history } of unitFiles(deps, from === undefined ? 'all' : 'new')) {
    if (history !== true || (await deps.files.stat(name)) !== undefined) yield name;
  }
  for (const instant of deps.unit.instants) yield* namesOf(instant);
}

/** Requested, inflight, completed. */
export function* namesOf(instant: Instant): Generator<ObjectName> {
  for (const { name } of instant.before) yield name;
  yield instant.file.name;
}

/** Files that carry an instant of the unit in their name: the logs that start a file group are in no write stat. */
async function* namedByInstant(deps: UnitDeps): AsyncGenerator<FileRef> {
  const { files, unit } = deps;
  const own = new Set(unit.instants.map(({ ts }) => ts));
  if (own.size === 0) return;
  const skip = skipper(deps);
  for await (const { name } of files.list(unit.log.table.root)) {
    if (skip(name)) continue;
    const parsed = parseDataFile(leafOf(name));
    if (parsed !== undefined && own.has(parsed.ts)) yield { name };
  }
}

function skipper({ location, unit }: UnitDeps): (name: ObjectName) => boolean {
  const control = `${unit.log.table.root}.hoodie/`;
  return (name) => name.startsWith(control) || isNeverListed(location, name);
}
