import type { ObjectName } from '../../model/ids.ts';
import {
  type FileStat,
  type TableCursor,
  type TableFiles,
  type TableLocation,
  TableLogError,
  type TableProblem,
} from '../port.ts';
import { type Layout, metadataTableRoot } from './names.ts';
import { type HudiTable, readTable } from './read-properties.ts';
import { type Instant, isBeforeStart, isWrite, readTimeline, type Timeline } from './timeline.ts';

/** What a look notes of a log, whatever the version. */
export interface LogNotes {
  readonly layout: Layout;
  /** Where the timeline and the archive are, from `.hoodie/`. */
  readonly timeline: string;
  readonly archive: string;
  /** Where a tail listing starts: before the oldest action that was under way. */
  readonly tail: string;
  /** Where the source's timeline, and the metadata table's, started: what began earlier is archived. */
  readonly start?: string;
  readonly metadataStart?: string;
  /** What the published `_version_` of the history says (layout 2). */
  readonly historyVersion?: number;
}

/** What a cursor remembers. */
export interface HudiState extends LogNotes {
  /** The greatest `key` published. */
  readonly key: string;
  /** The greatest completion published; the metadata table's instants are measured against it. */
  readonly completion: string;
}

export function stateOf(cursor: TableCursor | undefined): HudiState | undefined {
  return cursor?.state as HudiState | undefined;
}

/** A timeline of the source beside what is published of it. */
export interface Log {
  readonly table: HudiTable;
  readonly timeline: Timeline;
  /** Undefined: not known (`listPublished` is not given). */
  readonly published: Timeline | undefined;
}

export async function readLog(files: TableFiles, table: HudiTable): Promise<Log> {
  const timeline = await readTimeline(table, (prefix, after) => files.list(prefix, after));
  const published =
    files.listPublished === undefined
      ? undefined
      : await readTimeline(table, (prefix, after) => listAfter(files, prefix, after));
  return { table, timeline, published };
}

async function* listAfter(files: TableFiles, prefix: ObjectName, after = ''): AsyncGenerator<FileStat> {
  for await (const file of files.listPublished?.(prefix) ?? []) if (file.name > after) yield file;
}

/** Completed instants that readers of this site do not see yet, by completion. */
export function unpublished(log: Log, from: HudiState | undefined): readonly Instant[] {
  const { timeline, published, table } = log;
  if (from === undefined || from.layout !== table.layout) return timeline.completed;
  if (published === undefined) return timeline.completed.filter(({ key }) => key > from.key);
  const shown = new Set(published.completed.map(({ file }) => file.name));
  return timeline.completed.filter(({ file }) => !shown.has(file.name));
}

/**
 * Published names of the active timeline that the source has taken away, and not by archiving: by a restore, a
 * rollback, a metadata table built anew. Archiving takes instants from before the timeline's start.
 */
export function vanished({
  timeline,
  published,
}: Log): readonly { readonly name: ObjectName; readonly isWrite: boolean }[] {
  const there = new Set<ObjectName>();
  for (const { file, before } of timeline.completed) for (const each of [file, ...before]) there.add(each.name);
  for (const { files } of timeline.pending) for (const each of files) there.add(each.name);
  const gone: { readonly name: ObjectName; readonly isWrite: boolean }[] = [];
  for (const instant of published?.completed ?? []) {
    if (isBeforeStart(timeline, instant.ts)) continue;
    const isGone = !there.has(instant.file.name);
    for (const { name } of [...instant.before, instant.file]) {
      if (!there.has(name)) gone.push({ name, isWrite: isGone && isWrite(instant) });
    }
  }
  for (const { ts, files } of published?.pending ?? []) {
    if (isBeforeStart(timeline, ts)) continue;
    for (const { name } of files) if (!there.has(name)) gone.push({ name, isWrite: false });
  }
  return gone;
}

/** True when the timeline still reaches back to the cursor: nothing after it is archived. */
export function knowsCursor({ timeline }: Log, from: HudiState): boolean {
  return timeline.completed.some(({ key }) => key <= from.key);
}

/** Requested and inflight files of published instants that are not published themselves. */
export function lateFiles({ timeline, published }: Log): ObjectName[] {
  const shown = new Set((published?.completed ?? []).map(({ file }) => file.name));
  const before = new Set((published?.completed ?? []).flatMap((instant) => instant.before.map(({ name }) => name)));
  return timeline.completed
    .filter(({ file }) => shown.has(file.name))
    .flatMap((instant) => instant.before.map(({ name }) => name))
    .filter((name) => !before.has(name));
}

/** The table as it is now, or why it cannot be read. */
export async function readData(
  location: TableLocation,
  files: TableFiles,
): Promise<{ readonly kind: 'log'; readonly log: Log } | { readonly kind: 'absent' } | ProblemFound> {
  const reading = await readTable(files, location.prefix);
  if (reading.kind !== 'table') return reading;
  return { kind: 'log', log: await readLog(files, reading.table) };
}

export interface ProblemFound {
  readonly kind: 'problem';
  readonly problem: TableProblem;
}

/** As `readData`, for a table whose log a look has already read. */
export async function readDataAgain(location: TableLocation, files: TableFiles): Promise<Log | undefined> {
  const reading = await readData(location, files);
  if (reading.kind === 'problem') throw new TableLogError(reading.problem);
  return reading.kind === 'log' ? reading.log : undefined;
}

/** Undefined: there is no metadata table, or nothing of it yet. */
export async function readMetadataLog(location: TableLocation, files: TableFiles): Promise<Log | undefined> {
  const reading = await readTable(files, metadataTableRoot(location));
  if (reading.kind === 'problem') throw new TableLogError(reading.problem);
  return reading.kind === 'table' ? await readLog(files, reading.table) : undefined;
}
