import { type HudiCommit, type HudiInstant, type HudiLayout, type HudiWrite, hudiFileOf } from './hudi-timeline.ts';

/** A base file and the logs over it, as a reader of the newest instant merges them. */
export interface HudiSlice {
  readonly partition: string;
  readonly fileId: string;
  readonly base: HudiWrite | undefined;
  readonly logs: readonly HudiWrite[];
}

interface Group {
  readonly partition: string;
  readonly fileId: string;
  /** Base instant → base file. */
  readonly bases: Map<string, HudiWrite>;
  /** Name → log, with the completion that brought it. */
  readonly logs: Map<string, { readonly write: HudiWrite; readonly order: string }>;
}

/**
 * The live file slices after the given completed instants, in completion order. A log belongs to the newest base that
 * it can lie over: by the base instant in its name before table version 8, by completion time from then on. Where the
 * newest slice has no base yet (a compaction is pending), the slice below it is live too and is merged into it.
 */
export function liveSlices(
  layout: HudiLayout,
  commits: readonly { readonly instant: HudiInstant; readonly commit: HudiCommit }[],
): readonly HudiSlice[] {
  const groups = new Map<string, Group>();
  for (const { instant, commit } of commits) {
    for (const write of commit.writes) addWrite(groups, write, instant.order);
    for (const { partition, fileId } of commit.replaced) groups.delete(groupKey(partition, fileId));
  }
  return [...groups.values()].map((group) => newestSlice(layout, group));
}

function groupKey(partition: string, fileId: string): string {
  return `${partition}\n${fileId}`;
}

function addWrite(groups: Map<string, Group>, write: HudiWrite, order: string): void {
  const file = hudiFileOf(write.name);
  if (file === undefined) throw new Error(`${write.name} is not a Hudi file name`);
  const key = groupKey(write.partition, file.fileId);
  const group = groups.get(key) ?? {
    partition: write.partition,
    fileId: file.fileId,
    bases: new Map<string, HudiWrite>(),
    logs: new Map<string, { write: HudiWrite; order: string }>(),
  };
  groups.set(key, group);
  if (!file.isLog) group.bases.set(file.instant, write);
  else if (!group.logs.has(write.name)) group.logs.set(write.name, { write, order });
}

function newestSlice(layout: HudiLayout, group: Group): HudiSlice {
  const newest = [...group.bases.keys()].sort().at(-1);
  const logs = [...group.logs.values()].filter(({ write, order }) => {
    if (newest === undefined) return true;
    const over = layout.completionNamed ? order.slice(0, order.indexOf('/')) : (hudiFileOf(write.name)?.instant ?? '');
    return over >= newest;
  });
  return {
    partition: group.partition,
    fileId: group.fileId,
    base: newest === undefined ? undefined : group.bases.get(newest),
    logs: logs.map(({ write }) => write),
  };
}
