import type { ObjectName } from '../../model/ids.ts';
import type { FileRef, StepRange, TableCursor, TableStep, TableVersion } from '../port.ts';
import { checkpointsBetween, type DeltaState, stateOf, versionOf } from './cursor.ts';
import { checkpointVersion, commitName, hintName, logFolder } from './log-names.ts';
import { inspectCheckpoint } from './read-checkpoint.ts';
import { type LogContext, readActions } from './read-commit.ts';
import { replay } from './replay.ts';
import { type LogGroup, readLogGroups } from './survey-log.ts';

/** Past this many versions a checkpoint on the way is read instead of all the commits. */
const COMMITS_REPLAYED_MAX = 200;

/** The way from one cursor to a version: what to publish, and which data it needs. */
export class DeltaStep {
  readonly #context: LogContext;
  readonly #keysMax: number;
  readonly #from: TableCursor | undefined;
  readonly #to: TableVersion;
  readonly #last: number;
  readonly #state: DeltaState;
  /** The first version whose entry is published by this step. */
  readonly #first: number;

  constructor(context: LogContext, keysMax: number, range: StepRange) {
    this.#context = context;
    this.#keysMax = keysMax;
    this.#to = range.to;
    this.#last = versionOf(range.to.cursor);
    this.#state = stateOf(range.to.cursor);
    this.#from = this.#state.isRemade === true ? undefined : range.from;
    this.#first = Math.max(this.#state.base, versionOf(this.#from) + 1);
  }

  get step(): TableStep {
    const step = { version: this.#to, control: () => this.#control(), closure: () => this.#closure() };
    return this.#state.isRemade === true ? { ...step, removes: () => this.#oldLog() } : step;
  }

  /** Of the log that is shown, what the source has no more. */
  async *#oldLog(): AsyncGenerator<ObjectName> {
    const { files, location } = this.#context;
    for await (const { name } of files.listPublished?.(logFolder(location.prefix)) ?? []) {
      if ((await files.stat(name)) === undefined) yield name;
    }
  }

  async *#control(): AsyncGenerator<ObjectName> {
    const known = this.#from && stateOf(this.#from);
    for (const id of checkpointsBetween(known, this.#state)) {
      const { sidecars, mains } = await inspectCheckpoint(this.#context, id);
      yield* sidecars;
      yield* mains;
    }
    if (this.#to.kind === 'commit') yield* this.#entries();
    if (this.#state.hint !== undefined && this.#state.hint.generation !== known?.hint?.generation) yield* this.#hint();
  }

  /** Entries and what belongs to them; the last entry last. A hole is named too: the step needs what belongs there. */
  async *#entries(): AsyncGenerator<ObjectName> {
    const { files, location } = this.#context;
    let expected = this.#first;
    for await (const group of readLogGroups(files, location.prefix, this.#first - 1)) {
      if (group.version > this.#last) break;
      for (; expected < group.version; expected += 1) yield* this.#entry(expected, undefined);
      yield* this.#entry(group.version, group);
      expected = group.version + 1;
    }
    for (; expected <= this.#last; expected += 1) yield* this.#entry(expected, undefined);
  }

  *#entry(version: number, group: LogGroup | undefined): Generator<ObjectName> {
    if (group?.checksum) yield group.checksum.name;
    for (const { file, last } of group?.compacted ?? []) if (last <= this.#last) yield file.name;
    yield commitName(this.#context.location.prefix, version);
  }

  /** Only the hint that `look` judged: a newer one may name what is not published yet. */
  async *#hint(): AsyncGenerator<ObjectName> {
    const name = hintName(this.#context.location.prefix);
    const file = await this.#context.files.stat(name);
    if (file !== undefined && String(file.generation) === this.#state.hint?.generation) yield name;
  }

  async *#closure(): AsyncGenerator<FileRef> {
    if (this.#to.kind === 'attachment') return;
    const from = versionOf(this.#from);
    const { checkpoint } = this.#state;
    const isFar = from < this.#state.base - 1 || this.#last - from > COMMITS_REPLAYED_MAX;
    const helps = checkpoint !== undefined && checkpointVersion(checkpoint) > from && (from < 0 || isFar);
    const base = helps ? checkpoint : undefined;
    const first = base === undefined ? this.#first : checkpointVersion(base) + 1;
    const change = (version: number, file: FileRef) => this.#change(version, file);
    yield* replay(this.#context, { ...(base && { base }), first, last: this.#last, change }, this.#keysMax);
    if (first > this.#last) yield* this.#changesOf(this.#last);
  }

  /** The change data of a version whose files came from its checkpoint, which does not name them. */
  async *#changesOf(version: number): AsyncGenerator<FileRef> {
    const file = await this.#context.files.stat(commitName(this.#context.location.prefix, version));
    if (file === undefined) return;
    for await (const batch of readActions(this.#context, file)) {
      for (const action of batch) if (action.kind === 'change') yield this.#change(version, action.file);
    }
  }

  /**
   * Change data counts as part of the version a site that keeps up publishes next. Of versions passed over, and of
   * those written before the table was first seen, it is history: VACUUM takes it away while the version lives on.
   */
  #change(version: number, file: FileRef): FileRef {
    const isNext = version === this.#last && versionOf(this.#from) === version - 1 && this.#from !== undefined;
    return isNext && version > this.#state.backfillTo ? file : { ...file, history: true };
  }
}
