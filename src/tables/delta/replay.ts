import { isStraitError } from '../../model/errors.ts';
import type { FileRef, FileStat } from '../port.ts';
import { type Fingerprint, Fingerprints, fingerprint } from '../shared/fingerprints.ts';
import { type CheckpointId, commitName } from './log-names.ts';
import { inspectCheckpoint, readCheckpoint } from './read-checkpoint.ts';
import { type LogContext, readActions } from './read-commit.ts';

export interface Replay {
  /** The checkpoint below the commits; absent: nothing is below them that counts. */
  readonly base?: CheckpointId;
  /** Commits `first` to `last` lie above it. */
  readonly first: number;
  readonly last: number;
  /** What to say of a change-data file that `version` names; undefined: nothing. */
  readonly change: (version: number, file: FileRef) => FileRef | undefined;
}

/**
 * Data files and deletion vectors that are live after the last commit. Commits are read from the last to the first,
 * then the checkpoint, so that a file removed later is known when its `add` is met. A file added again after it was
 * removed is given by the later `add`. A log file that is not there is given as `unread`. Names may repeat.
 *
 * Memory: what was removed is kept as fingerprints, at most `keysMax` (32 MB for 1,500,000). When commits remove more
 * files, the walk is made again in passes, each for a share of the files.
 */
export async function* replay(context: LogContext, range: Replay, keysMax: number): AsyncGenerator<FileRef> {
  for (let passes = 1; ; passes *= 4) {
    let fits = true;
    for (let pass = 0; pass < passes && fits; pass += 1) {
      fits = yield* new ReplayPass(context, range, { pass, passes, keysMax }).run();
    }
    if (fits) return;
  }
}

interface Share {
  readonly pass: number;
  readonly passes: number;
  readonly keysMax: number;
}

class ReplayPass {
  readonly #context: LogContext;
  readonly #range: Replay;
  readonly #share: Share;
  readonly #removed = new Fingerprints();

  constructor(context: LogContext, range: Replay, share: Share) {
    this.#context = context;
    this.#range = range;
    this.#share = share;
  }

  /** False: there are more keys than fit. What was given until then stands. */
  async *run(): AsyncGenerator<FileRef, boolean> {
    const { first, last, base } = this.#range;
    for (let version = last; version >= first; version -= 1) {
      const isLowest = version === first && base === undefined;
      if (!(yield* this.#commit(version, isLowest))) return false;
    }
    if (base !== undefined) yield* this.#checkpoint(base);
    return true;
  }

  async *#commit(version: number, isLowest: boolean): AsyncGenerator<FileRef, boolean> {
    const name = commitName(this.#context.location.prefix, version);
    const file = await this.#context.files.stat(name);
    if (file === undefined) {
      yield { name, unread: true };
      return true;
    }
    try {
      return yield* this.#actions(file, version, isLowest);
    } catch (error) {
      if (!isStraitError(error, 'objectNotFound')) throw error;
      yield { name, unread: true };
      return true;
    }
  }

  async *#actions(file: FileStat, version: number, isLowest: boolean): AsyncGenerator<FileRef, boolean> {
    for await (const batch of readActions(this.#context, file)) {
      for (const action of batch) {
        if (action.kind === 'change') {
          const change = this.#share.pass === 0 ? this.#range.change(version, action.file) : undefined;
          if (change !== undefined) yield change;
        } else if (action.kind === 'add') {
          if (!this.#isRemovedAfter(action.key, version)) {
            yield action.file;
            if (action.vector) yield action.vector;
          }
        } else if (action.kind === 'remove' && !isLowest) {
          const key = this.#mine(action.key);
          if (key !== undefined) this.#removed.claim(key, version);
          if (this.#removed.size > this.#share.keysMax) return false;
        }
      }
    }
    return true;
  }

  async *#checkpoint(id: CheckpointId): AsyncGenerator<FileRef> {
    const { missing } = await inspectCheckpoint(this.#context, id);
    for (const name of missing) yield { name, unread: true };
    for await (const batch of readCheckpoint(this.#context, id)) {
      for (const add of batch) {
        if (this.#isRemovedAfter(add.key, -1)) continue;
        yield add.file;
        if (add.vector) yield add.vector;
      }
    }
  }

  /** Also true of the files another pass looks after. */
  #isRemovedAfter(text: string, version: number): boolean {
    if (this.#share.passes === 1 && this.#removed.size === 0) return false;
    const key = this.#mine(text);
    return key === undefined || (this.#removed.get(key) ?? version) > version;
  }

  /** The key's fingerprint, or undefined when another pass looks after it. */
  #mine(key: string): Fingerprint | undefined {
    const print = fingerprint(key);
    return print[3] % this.#share.passes === this.#share.pass ? print : undefined;
  }
}
