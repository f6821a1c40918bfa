import type { ObjectName } from '../../model/ids.ts';
import { type FileStat, TableLogError } from '../port.ts';
import { type InstantName, parseInstant } from './names.ts';
import type { HudiTable } from './read-properties.ts';

/** A completed action of a timeline. */
export interface Instant {
  readonly ts: string;
  readonly action: string;
  /** When it completed: the completion time (layout 2) or the completed file's time (layout 1). Compares as text. */
  readonly completion: string;
  /** Orders a timeline by completion; compares as text. */
  readonly key: string;
  readonly file: FileStat;
  /** Its requested and inflight files, as far as they are there. */
  readonly before: readonly FileStat[];
}

/** A requested or inflight action. */
export interface PendingInstant {
  readonly ts: string;
  readonly action: string;
  readonly files: readonly FileStat[];
}

/** The active timeline. Hudi keeps it to tens of instants by archiving; every reader holds it whole, and so do we. */
export interface Timeline {
  /** By completion. */
  readonly completed: readonly Instant[];
  readonly pending: readonly PendingInstant[];
  /**
   * When the earliest write completed here began. A write that began before is archived, and committed (Hudi's
   * `isBeforeTimelineStarts`). Undefined: no write is completed here.
   */
  readonly start: string | undefined;
}

/** Actions that add data files. */
const WRITES: ReadonlySet<string> = new Set(['commit', 'deltacommit', 'replacecommit']);

export function isWrite({ action }: { readonly action: string }): boolean {
  return WRITES.has(action);
}

const FILES_MAX = 200_000;

type NamedFile = InstantName & { readonly file: FileStat };

/** `list` is the source's names, or the published ones. */
export async function readTimeline(
  table: HudiTable,
  list: (prefix: ObjectName, startAfter?: ObjectName) => AsyncIterable<FileStat>,
): Promise<Timeline> {
  const entries: NamedFile[] = [];
  for await (const file of timelineFiles(table, list)) {
    const leaf = parseInstant(file.name.slice(table.timelineFolder.length), table.layout);
    if (leaf === undefined) continue;
    entries.push({ ...leaf, file });
    if (entries.length > FILES_MAX) {
      const message = `the active timeline has more than ${FILES_MAX} files: it is not being archived`;
      throw new TableLogError({ kind: 'broken', name: table.timelineFolder, message });
    }
  }
  return arrange(entries);
}

/** Files directly in the timeline's folder that begin with a digit. */
export async function* timelineFiles(
  table: HudiTable,
  list: (prefix: ObjectName, startAfter?: ObjectName) => AsyncIterable<FileStat>,
): AsyncGenerator<FileStat> {
  const folder = table.timelineFolder;
  for await (const file of list(folder, `${folder}/`)) {
    const leaf = file.name.slice(folder.length);
    if (leaf >= ':') break;
    if (!leaf.includes('/')) yield file;
  }
}

function arrange(entries: readonly NamedFile[]): Timeline {
  const before = new Map<string, NamedFile[]>();
  for (const entry of entries) {
    if (entry.state === 'completed') continue;
    const list = before.get(identity(entry));
    if (list === undefined) before.set(identity(entry), [entry]);
    else list.push(entry);
  }
  const completed: Instant[] = [];
  for (const entry of entries) {
    if (entry.state !== 'completed') continue;
    const completion = entry.completion ?? timeText(entry.file.updatedMs);
    const files = (before.get(identity(entry)) ?? []).toSorted(byState).map(({ file }) => file);
    completed.push({
      ts: entry.ts,
      action: entry.action,
      completion,
      key: `${completion}_${entry.ts}_${entry.action}`,
      file: entry.file,
      before: files,
    });
  }
  for (const entry of entries) if (entry.state === 'completed') before.delete(identity(entry));
  completed.sort((a, b) => (a.key < b.key ? -1 : 1));
  const pending = [...before.values()].flatMap((files) => {
    const [first] = files.toSorted(byState);
    const last = files.toSorted(byState).map(({ file }) => file);
    return first === undefined ? [] : [{ ts: first.ts, action: first.action, files: last }];
  });
  const starts = completed.filter(isWrite).map(({ ts }) => ts);
  return { completed, pending, start: starts.length === 0 ? undefined : starts.reduce(earlier) };
}

/** Times of one table compare as text. */
export function earlier(a: string, b: string): string {
  if (a < b) return a;
  return b;
}

export function later(a: string, b: string): string {
  if (a > b) return a;
  return b;
}

/** An action may complete under another name (compaction → commit): its time joins them. Savepoints stand apart. */
function identity({ ts, action }: InstantName): string {
  return action === 'savepoint' ? `${ts} savepoint` : ts;
}

/** Requested before inflight. */
function byState(a: InstantName, b: InstantName): number {
  return a.state === b.state ? 0 : a.state === 'requested' ? -1 : 1;
}

/** Milliseconds as text that sorts. */
function timeText(ms: number): string {
  return String(Math.trunc(ms)).padStart(16, '0');
}

/** True when readers take a file that names this instant for one of an archived, completed write. */
export function isBeforeStart(timeline: Timeline, ts: string): boolean {
  return timeline.start !== undefined && ts < timeline.start;
}
