import type { ObjectName } from '../../model/ids.ts';
import type {
  FileRef,
  FileStat,
  StepRange,
  TableCursor,
  TableFiles,
  TableFormat,
  TableLocation,
  TableLook,
  TableStep,
  TailProbe,
} from '../port.ts';
import { isAttachable, stateOf, versionOf } from './cursor.ts';
import { LogCache } from './log-cache.ts';
import { checkpointVersion, commitName, hintName, LOG_FOLDER, logFolder, parseLogName } from './log-names.ts';
import { DeltaLook } from './look.ts';
import { inspectCheckpoint } from './read-checkpoint.ts';
import { broken, type LogContext } from './read-commit.ts';
import { replay } from './replay.ts';
import { DeltaStep } from './step.ts';

export interface DeltaSettings {
  /** Removed files that one walk keeps in mind before it is made in several passes; 16 to 43 bytes each. */
  readonly keysMax: number;
  /** Log entries whose content is remembered between looks. */
  readonly cacheEntriesMax: number;
}

export const DELTA_DEFAULTS: DeltaSettings = { keysMax: 1_500_000, cacheEntriesMax: 4096 };

/** Files that writers leave in the log for a moment: rename targets, lock folders of Trino, spools of other writers. */
const TEMPORARY = /^(?:\.tmp\/|_sb_lock\/)|\.tmp(?:\.crc)?$/;

/** Delta Lake, from the log alone (delta-io/delta, PROTOCOL.md). One commit is one version. */
export class DeltaFormat implements TableFormat {
  readonly name = 'delta';
  readonly #settings: DeltaSettings;
  readonly #cache: LogCache;

  constructor(settings: DeltaSettings = DELTA_DEFAULTS) {
    this.#settings = settings;
    this.#cache = new LogCache(settings.cacheEntriesMax);
  }

  /** Anything in a log folder proves the table, so that no log file is shown by itself before the first entry comes. */
  recognise(name: ObjectName): ObjectName | undefined {
    const at = name.startsWith(LOG_FOLDER) ? 0 : name.indexOf(`/${LOG_FOLDER}`) + 1;
    if (at === 0 && !name.startsWith(LOG_FOLDER)) return undefined;
    return name.length > at + LOG_FOLDER.length ? name.slice(0, at) : undefined;
  }

  isControl(location: TableLocation, name: ObjectName): boolean {
    return name.startsWith(logFolder(location.prefix));
  }

  isStray(location: TableLocation, file: FileStat, cursor: TableCursor): boolean {
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
      case 'other':
        return true;
    }
  }

  isByContent(location: TableLocation, name: ObjectName): boolean {
    const { kind } = parseLogName(name.slice(logFolder(location.prefix).length));
    return kind === 'commit' || kind === 'checksum' || kind === 'compacted';
  }

  isNeverListed(location: TableLocation, name: ObjectName): boolean {
    const folder = logFolder(location.prefix);
    if (name.startsWith(folder)) return TEMPORARY.test(name.slice(folder.length));
    return name.startsWith(`${location.prefix}_temporary/`);
  }

  look(location: TableLocation, files: TableFiles, from: TableCursor | undefined): Promise<TableLook> {
    return new DeltaLook({ location, files }, this.#cache, from).run();
  }

  async step(location: TableLocation, files: TableFiles, range: StepRange): Promise<TableStep> {
    return new DeltaStep({ location, files }, this.#settings.keysMax, range).step;
  }

  live(location: TableLocation, files: TableFiles, cursor: TableCursor): AsyncIterable<FileRef> {
    return live({ location, files }, this.#settings.keysMax, cursor);
  }

  /** One question a poll. Late checkpoints and a moved hint are found by the full listing: nobody waits for them. */
  probes(location: TableLocation, from: TableCursor | undefined): readonly TailProbe[] {
    if (from === undefined) return [{ kind: 'list', prefix: logFolder(location.prefix) }];
    return [{ kind: 'get', name: commitName(location.prefix, versionOf(from) + 1) }];
  }
}

/**
 * What a reader of the cursor's version opens: the newest published checkpoint, the entries above it, the hint and
 * what the hint names, and the data files these lead to. Its change data is history. Throws when a log file it must
 * read is gone: a set that lacks something would let live files be retired.
 */
async function* live(context: LogContext, keysMax: number, cursor: TableCursor): AsyncGenerator<FileRef> {
  const { location, files } = context;
  const { checkpoint: base, hint, base: start } = stateOf(cursor);
  const last = versionOf(cursor);
  for (const id of new Set([base, hint?.checkpoint])) {
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
  const range = { ...(base !== undefined && { base }), first, last, change };
  for await (const ref of replay(context, range, keysMax)) {
    if (ref.unread) throw broken(ref.name, 'the file is gone: what is live cannot be told');
    yield ref;
  }
}
