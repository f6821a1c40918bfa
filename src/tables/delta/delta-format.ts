import type { ObjectName } from '../../model/ids.ts';
import type { FileRef, FileStat, TableCursor, TableFiles, TableFormat, TableLocation, TailProbe } from '../port.ts';
import { isAttachable, stateOf, versionOf } from './cursor.ts';
import { LogCache } from './log-cache.ts';
import {
  checkpointNames,
  checkpointVersion,
  commitName,
  hintName,
  LOG_FOLDER,
  logFolder,
  parseLogName,
  versionDigits,
} from './log-names.ts';
import { DeltaLook } from './look.ts';
import { inspectCheckpoint } from './read-checkpoint.ts';
import { replay } from './replay.ts';
import { DeltaStep } from './step.ts';

export interface DeltaSettings {
  /** Files that the commits of one walk may speak of before it is made in several passes; 21 bytes each. */
  readonly keysMax: number;
  /** Log entries whose content is remembered between looks. */
  readonly cacheEntriesMax: number;
}

export const DELTA_DEFAULTS: DeltaSettings = { keysMax: 1_500_000, cacheEntriesMax: 4096 };

/** Files that writers leave in the log for a moment: rename targets, lock folders of Trino, spools of other writers. */
const TEMPORARY = /^(?:\.tmp\/|_sb_lock\/)|\.tmp(?:\.crc)?$/;

/** Delta Lake, from the log alone (delta-io/delta, PROTOCOL.md). One commit is one version. */
export function deltaFormat(settings: DeltaSettings = DELTA_DEFAULTS): TableFormat {
  const cache = new LogCache(settings.cacheEntriesMax);
  return {
    name: 'delta',
    recognise,
    isControl: (location, name) => name.startsWith(logFolder(location.prefix)),
    isStray,
    isNeverListed,
    look: (location, files, from) => new DeltaLook({ location, files }, cache, from).run(),
    step: async (location, files, range) => new DeltaStep({ location, files }, settings.keysMax, range).step,
    live: (location, files, cursor) => live({ location, files }, settings.keysMax, cursor),
    probes,
  };
}

/** Anything in a log folder proves the table, so that no log file is shown by itself before the first entry comes. */
function recognise(name: ObjectName): ObjectName | undefined {
  const at = name.startsWith(LOG_FOLDER) ? 0 : name.indexOf(`/${LOG_FOLDER}`) + 1;
  if (at === 0 && !name.startsWith(LOG_FOLDER)) return undefined;
  return name.length > at + LOG_FOLDER.length ? name.slice(0, at) : undefined;
}

function isStray(location: TableLocation, file: FileStat, cursor: TableCursor): boolean {
  const parsed = parseLogName(file.name.slice(logFolder(location.prefix).length));
  const state = stateOf(cursor);
  switch (parsed.kind) {
    case 'hint':
      return false;
    case 'commit':
      return parsed.version < state.base;
    case 'checksum':
    case 'compacted':
      return parsed.version <= versionOf(cursor);
    case 'checkpoint':
      return parsed.version <= versionOf(cursor) && !isAttachable(state, parsed.version);
    case 'sidecar':
      // Only its checkpoint tells where a sidecar belongs; one older than the published entry belongs to none to come.
      return state.tip !== undefined && file.updatedMs < state.tip.updatedMs;
    case 'other':
      return true;
  }
}

function isNeverListed(location: TableLocation, name: ObjectName): boolean {
  const folder = logFolder(location.prefix);
  if (name.startsWith(folder)) return TEMPORARY.test(name.slice(folder.length));
  return name.startsWith(`${location.prefix}_temporary/`);
}

/** The first is for every poll; the listing sees late checkpoints and a moved hint too, at a higher price. */
function probes(location: TableLocation, from: TableCursor | undefined): readonly TailProbe[] {
  const prefix = logFolder(location.prefix);
  if (from === undefined) return [{ kind: 'list', prefix }];
  const version = versionOf(from);
  const startAfter = `${prefix}${versionDigits(Math.max(0, version - 10))}`;
  return [
    { kind: 'get', name: commitName(location.prefix, version + 1) },
    { kind: 'list', prefix, startAfter },
  ];
}

/**
 * What a reader of the cursor's version opens: the newest published checkpoint, the entries above it, the hint and
 * what the hint names, and the data files these lead to. Its change data is history.
 */
async function* live(
  context: { readonly location: TableLocation; readonly files: TableFiles },
  keysMax: number,
  cursor: TableCursor,
): AsyncGenerator<FileRef> {
  const { location, files } = context;
  const { checkpoint: base, hint, base: start } = stateOf(cursor);
  const last = versionOf(cursor);
  const opened = new Set([base, hint?.checkpoint]);
  for (const id of opened) {
    if (id === undefined) continue;
    const { sidecars, mains } = await inspectCheckpoint(context, id);
    for (const name of [...sidecars, ...mains]) yield { name };
    const own = commitName(location.prefix, checkpointVersion(id));
    if ((await files.stat(own)) !== undefined) yield { name: own };
  }
  const first = base === undefined ? start : checkpointVersion(base) + 1;
  for (let version = first; version <= last; version += 1) yield { name: commitName(location.prefix, version) };
  if (hint !== undefined) yield { name: hintName(location.prefix) };
  const change = (version: number, file: FileRef) =>
    version === last ? { ...file, history: true as const } : undefined;
  yield* replay(context, { ...(base !== undefined && { base }), first, last, change }, keysMax);
}
