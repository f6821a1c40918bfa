import type { ObjectName } from '../../model/ids.ts';
import type { FileRef, TableFiles } from '../port.ts';
import { leafOf, parseDataFile } from './names.ts';
import { type Effect, type FileEffect, groupOf, readInstant } from './read-instant.ts';
import type { HudiTable } from './read-properties.ts';
import { type Instant, isBeforeStart, later, type Timeline } from './timeline.ts';

/** File groups held at once, about 10 MB; past it the instants are read again, a share of the groups at a time. */
const GROUPS_MAX = 50_000;

export interface ReachDeps {
  readonly files: TableFiles;
  readonly table: HudiTable;
  readonly timeline: Timeline;
  readonly groupsMax?: number;
}

/** What is known at the end of a range of instants about its file groups. */
interface GroupState {
  /** The instant of the newest base file. */
  base?: string;
  isReplaced?: true;
}

/**
 * The files that a run of instants made, in a stream. A file whose slice is superseded at the end of the run, or whose
 * group is replaced, is history: the cleaner may have taken it. Everything else must be there. A completed instant that
 * has vanished meanwhile is reported `unread`.
 */
export async function* reachOf(deps: ReachDeps, instants: readonly Instant[]): AsyncGenerator<FileRef> {
  const max = deps.groupsMax ?? GROUPS_MAX;
  const completions = new Map(deps.timeline.completed.map(({ ts, completion }) => [ts, completion]));
  let shares = 1;
  for (let share = 0; share < shares; share += 1) {
    const groups = new Map<string, GroupState>();
    const isMine = (group: string): boolean => shareOf(group, shares) === share;
    // One instant supersedes nothing of its own.
    for await (const { effect } of instants.length === 1 ? [] : effectsOf(deps, instants)) {
      if (effect === undefined || !isMine(effect.group)) continue;
      note(groups, effect);
      while (groups.size > max) {
        shares *= 2;
        for (const group of groups.keys()) if (!isMine(group)) groups.delete(group);
      }
    }
    const partitions = new PartitionRefs(deps.table);
    for await (const { instant, effect } of effectsOf(deps, instants)) {
      if (effect === undefined) {
        if (share === 0) yield { name: instant.file.name, unread: true };
      } else if (effect.kind === 'file' && isMine(effect.group)) {
        const isHistory = isSuperseded(deps, effect, { state: groups.get(effect.group), completions });
        yield* partitions.refsOf(effect, isHistory);
      }
    }
  }
}

/** An undefined effect: the instant cannot be read any more. */
async function* effectsOf(
  { files, table }: ReachDeps,
  instants: readonly Instant[],
): AsyncGenerator<{ readonly instant: Instant; readonly effect: Effect | undefined }> {
  for (const instant of instants) {
    const effects = await readInstant(files, table.root, instant);
    if (effects === undefined) yield { instant, effect: undefined };
    for (const effect of effects ?? []) yield { instant, effect };
  }
}

function note(groups: Map<string, GroupState>, effect: Effect): void {
  const isNews = effect.kind === 'replaced' || (effect.isBase && effect.isOwn);
  if (!isNews) return;
  const state = groups.get(effect.group) ?? {};
  if (effect.kind === 'replaced') state.isReplaced = true;
  else if (state.base === undefined || effect.ts > state.base) state.base = effect.ts;
  groups.set(effect.group, state);
}

/**
 * Layout 1 slices by the base instant in a log file's name. Layout 2 slices by completion: a compaction folds in the
 * log files that were complete when it began.
 */
function isSuperseded(
  deps: ReachDeps,
  effect: FileEffect,
  known: { readonly state: GroupState | undefined; readonly completions: ReadonlyMap<string, string> },
): boolean {
  const { state } = known;
  if (state?.isReplaced === true) return true;
  if (state?.base === undefined) return false;
  if (effect.isBase || deps.table.layout === 1) return effect.ts < state.base;
  const completion = known.completions.get(effect.ts);
  return completion !== undefined && completion < state.base;
}

/** Puts a partition's metadata file before the files written there; once for a run of files of one partition. */
class PartitionRefs {
  readonly #table: HudiTable;
  #last = '';

  constructor(table: HudiTable) {
    this.#table = table;
  }

  *refsOf(effect: FileEffect, isHistory: boolean): Generator<FileRef> {
    const mark = isHistory ? ({ history: true } as const) : {};
    const { root, partitionMetadataLeaf } = this.#table;
    const folder = effect.partition === '' ? root : `${root}${effect.partition}/`;
    const said = `${folder} ${isHistory}`;
    if (effect.isOwn && said !== this.#last) {
      yield { name: folder + partitionMetadataLeaf, ...mark };
      this.#last = said;
    }
    yield { name: effect.name, ...(effect.size === undefined ? {} : { size: effect.size }), ...mark };
  }
}

/**
 * Files of writes that the timeline has archived, found by listing: with no metadata left to name them, what is there
 * and has the name of a data file counts. A file under a newer committed base of its group, or of a group that one of
 * the `committed` instants replaced, is history. `skip` names folders of other things inside the root.
 */
export async function* archivedFiles(
  deps: ReachDeps,
  committed: readonly Instant[],
  skip: (name: ObjectName) => boolean,
): AsyncGenerator<FileRef> {
  const { files, table, timeline } = deps;
  const times = new Set(committed.map(({ ts }) => ts));
  const max = deps.groupsMax ?? GROUPS_MAX;
  let shares = 1;
  for (let share = 0; share < shares; share += 1) {
    const isMine = (group: string): boolean => shareOf(group, shares) === share;
    const replaced = new Set<string>();
    for await (const { effect } of effectsOf(deps, committed)) {
      if (effect?.kind === 'replaced' && isMine(effect.group)) replaced.add(effect.group);
      while (replaced.size > max) {
        shares *= 2;
        for (const group of replaced) if (!isMine(group)) replaced.delete(group);
      }
    }
    let folder: string | undefined;
    let group = '';
    let newestBase = '';
    for await (const { name } of files.list(table.root)) {
      const leaf = leafOf(name);
      const parsed = skip(name) ? undefined : parseDataFile(leaf);
      if (parsed === undefined || !isBeforeStart(timeline, parsed.ts)) continue;
      const own = name.slice(0, -leaf.length);
      const mine = groupOf(own.slice(table.root.length, -1), parsed.fileId);
      if (!isMine(mine)) continue;
      if (own !== folder) yield { name: own + table.partitionMetadataLeaf, history: true };
      folder = own;
      // Files of one group and kind stand side by side in a listing.
      if (mine !== group) {
        group = mine;
        newestBase = '';
        for await (const { name: base } of files.list(`${own}${parsed.fileId}_`)) {
          const ts = parseDataFile(leafOf(base))?.ts ?? '';
          if (isBeforeStart(timeline, ts) || times.has(ts)) newestBase = later(newestBase, ts);
        }
      }
      yield parsed.ts < newestBase || replaced.has(mine) ? { name, history: true } : { name, listed: true };
    }
  }
}

/** FNV-1a over the group: equal groups meet in one share. `shares` is a power of two. */
function shareOf(group: string, shares: number): number {
  if (shares === 1) return 0;
  let hash = 0x811c9dc5;
  for (let at = 0; at < group.length; at += 1) hash = Math.imul(hash ^ group.charCodeAt(at), 0x01000193);
  return (hash >>> 0) & (shares - 1);
}
