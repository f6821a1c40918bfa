import { createHash } from 'node:crypto';
import type { FileStat, TableFiles } from '../port.ts';
import { type CheckpointId, logFolder, parseLogName, versionDigits } from './log-names.ts';

/** The log files of one version, as far as they are there. */
export interface LogGroup {
  readonly version: number;
  readonly commit?: FileStat;
  readonly checksum?: FileStat;
  /** Compacted logs that start at this version. */
  readonly compacted: readonly { readonly file: FileStat; readonly last: number }[];
  readonly checkpoints: readonly FoundCheckpoint[];
}

/** Some or all main files of a checkpoint. */
export interface FoundCheckpoint {
  readonly id: CheckpointId;
  readonly version: number;
  /** Changes when a file is added or written again. */
  readonly mark: string;
}

/** Groups of `_delta_log/` above `after`, by version, in order: one pass over the listing, one group in memory. */
export async function* readLogGroups(files: TableFiles, tablePrefix: string, after: number): AsyncGenerator<LogGroup> {
  const folder = logFolder(tablePrefix);
  // '/' is the byte after '.', so that this name sorts after every file of version `after`.
  const startAfter = after < 0 ? undefined : `${folder}${versionDigits(after)}/`;
  let pending: FileStat[] = [];
  let digits = '';
  for await (const file of files.list(folder, startAfter)) {
    const leaf = file.name.slice(folder.length);
    if (leaf > ':') break;
    const start = /^\d{20}(?=\.)/.exec(leaf)?.[0];
    if (start === undefined) continue;
    if (start !== digits) {
      if (pending.length > 0) yield makeGroup(folder, Number(digits), pending);
      pending = [];
      digits = start;
    }
    pending.push(file);
  }
  if (pending.length > 0) yield makeGroup(folder, Number(digits), pending);
}

function makeGroup(folder: string, version: number, files: readonly FileStat[]): LogGroup {
  const named = files.map((file) => ({ file, parsed: parseLogName(file.name.slice(folder.length)) }));
  const commit = named.find(({ parsed }) => parsed.kind === 'commit')?.file;
  const checksum = named.find(({ parsed }) => parsed.kind === 'checksum')?.file;
  const compacted = named.flatMap(({ file, parsed }) =>
    parsed.kind === 'compacted' ? [{ file, last: parsed.version }] : [],
  );
  const marks = new Map<CheckpointId, string[]>();
  for (const { file, parsed } of named) {
    if (parsed.kind !== 'checkpoint') continue;
    marks.set(parsed.id, [...(marks.get(parsed.id) ?? []), `${file.name} ${file.generation}`]);
  }
  const checkpoints = [...marks].map(([id, lines]) => ({ id, version, mark: markOf(lines) }));
  return { version, ...(commit && { commit }), ...(checksum && { checksum }), compacted, checkpoints };
}

function markOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 8);
}

export interface Survey {
  /** The entry of the cursor's version, when the source still has it. */
  readonly tip?: FileStat;
  /** Checkpoints of versions already published, above the floor. */
  readonly attachable: readonly FoundCheckpoint[];
  /** The next versions, without a gap, at most the limit. */
  readonly run: readonly LogGroup[];
  /** The run goes on past the limit: what lies behind it was not read. */
  readonly isCut: boolean;
  /** A commit or a checkpoint exists beyond the run. */
  readonly isBeyondRun: boolean;
  readonly isCommitBeyondRun: boolean;
  /** The newest commit seen. */
  readonly lastCommit: number;
  /** The newest checkpoints above the cursor, oldest first. */
  readonly checkpoints: readonly FoundCheckpoint[];
}

const CHECKPOINTS_KEPT = 16;

/** Reads the log from the cursor's floor until `limit` new versions are found. Memory: these, and a few checkpoints. */
export async function surveyLog(groups: AsyncIterable<LogGroup>, ordinal: number, limit: number): Promise<Survey> {
  let tip: FileStat | undefined;
  const attachable: FoundCheckpoint[] = [];
  const run: LogGroup[] = [];
  let isCut = false;
  let isBeyondRun = false;
  let isCommitBeyondRun = false;
  let lastCommit = -1;
  const checkpoints: FoundCheckpoint[] = [];
  for await (const group of groups) {
    if (group.commit !== undefined) lastCommit = group.version;
    if (group.version <= ordinal) {
      if (group.version === ordinal) tip = group.commit;
      attachable.push(...group.checkpoints);
      continue;
    }
    const isNext = group.commit !== undefined && group.version === ordinal + 1 + run.length;
    if (isNext && run.length === limit) {
      isCut = true;
      break;
    }
    checkpoints.push(...group.checkpoints);
    checkpoints.splice(0, checkpoints.length - CHECKPOINTS_KEPT);
    if (isNext) {
      run.push(group);
      continue;
    }
    isCommitBeyondRun ||= group.commit !== undefined;
    isBeyondRun ||= group.commit !== undefined || group.checkpoints.length > 0;
  }
  return {
    ...(tip && { tip }),
    attachable,
    run,
    isCut,
    isBeyondRun,
    isCommitBeyondRun,
    lastCommit,
    checkpoints,
  };
}
