/**
 * Many commits, one durable LMDB transaction. While one transaction is being flushed the next gathers; its commits
 * are judged one after another, each against the state its predecessors left, so a failed check fails its own commit
 * alone. Order: rows and journals → marks → LMDB flushes data, then its meta page → replies.
 */
import { StraitError } from '../../../model/errors.ts';
import type { CrashPoints } from '../../../runtime/crash-points.ts';
import type { Append, Check, CommitOutcome, Mint, Stamp, Transaction, Write } from '../port.ts';
import { copyCheck, nextMint, writeStamps } from '../transaction.ts';
import { decodeNumber, encodeNumber, headMark, journalKey, MARK, mintMark, readU64, VERSION_BYTES } from './layout.ts';
import type { Environment } from './open-environment.ts';

/** Bounds on one LMDB transaction: how long it keeps the event loop, and the pages it makes dirty. */
const BATCH = { commitsMax: 512, writesMax: 8_000, bytesMax: 8 * 1024 * 1024 } as const;

interface PreparedWrite {
  readonly key: Buffer;
  /** Room for the version, then the caller's bytes; undefined for a delete. */
  readonly stored: Buffer | undefined;
  readonly stamps: readonly Stamp[] | undefined;
}

interface PreparedAppend {
  readonly journal: string;
  readonly value: Buffer;
  readonly stamps: readonly Stamp[] | undefined;
}

/** A transaction with bytes of its own: the caller may reuse his at once. */
interface Prepared {
  readonly checks: readonly Check[];
  readonly writes: readonly PreparedWrite[];
  readonly appends: readonly PreparedAppend[];
  readonly mints: readonly Mint[];
  readonly bytes: number;
}

interface Pending {
  readonly prepared: Prepared;
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitDeps {
  readonly environment: Environment;
  readonly crashPoints: CrashPoints;
  /** Called after each durable batch that changed something. */
  readonly onCommitted: () => void;
}

export class GroupCommit {
  readonly #deps: GroupCommitDeps;
  #queue: Pending[] = [];
  /** A transaction has been asked for and has not yet taken its commits from the queue. */
  #isGathering = false;
  #running = 0;
  #whenIdle: (() => void) | undefined;
  /** Why LMDB takes no transaction any more; once set, it stays. */
  #broken: StraitError | undefined;

  constructor(deps: GroupCommitDeps) {
    this.#deps = deps;
  }

  /** Resolves when the commit is durable. The transaction has been judged valid. */
  submit(transaction: Transaction): Promise<CommitOutcome> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const prepared = prepare(transaction);
    return new Promise((resolve, reject) => {
      this.#queue.push({ prepared, resolve, reject });
      if (!this.#isGathering) void this.#run();
    });
  }

  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Resolves when nothing is queued or running any more. */
  idle(): Promise<void> {
    if (this.#running === 0 || this.isBroken) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  async #run(): Promise<void> {
    this.#isGathering = true;
    this.#running += 1;
    let taken: readonly Pending[] | undefined;
    try {
      const outcomes = await this.#deps.environment.root.childTransaction(() => {
        taken = this.#take();
        return this.#judge(taken);
      });
      this.#reply(taken ?? [], outcomes);
    } catch (error) {
      // A transaction that never began has taken nothing: whoever waits must hear of it all the same.
      const waiting = taken ?? this.#take();
      const reason = await commitFailure(error);
      for (const { reject } of waiting) reject(reason);
      this.#refuseIfBroken();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#whenIdle?.();
    }
  }

  /**
   * After a failed write of its meta page LMDB refuses every transaction until it is opened anew: what is on disk is
   * in doubt. The binding never settles a write transaction it cannot begin, so those who wait are told here.
   */
  #refuseIfBroken(): void {
    const { root, marks } = this.#deps.environment;
    try {
      root.resetReadTxn();
      marks.get(MARK.version);
    } catch (cause) {
      const message = 'the metadata disk failed while a commit was written: restart this process when it is mended';
      this.#broken ??= new StraitError('unavailable', message, {}, { cause });
      for (const { reject } of this.#queue.splice(0)) reject(this.#broken);
      this.#whenIdle?.();
    }
  }

  /** The oldest commits of the queue, within the bounds of a batch; asks for another batch when some are left. */
  #take(): Pending[] {
    this.#isGathering = false;
    let [count, writes, bytes] = [0, 0, 0];
    for (const { prepared } of this.#queue) {
      writes += prepared.writes.length + prepared.appends.length;
      bytes += prepared.bytes;
      if (count > 0 && (count >= BATCH.commitsMax || writes > BATCH.writesMax || bytes > BATCH.bytesMax)) break;
      count += 1;
    }
    const taken = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    if (this.#queue.length > 0) setImmediate(() => this.#queue.length > 0 && !this.#isGathering && void this.#run());
    return taken;
  }

  /** Runs inside the LMDB transaction. What it throws aborts the whole batch. */
  #judge(taken: readonly Pending[]): readonly CommitOutcome[] {
    const { environment, crashPoints } = this.#deps;
    const batch = new Batch(environment);
    const outcomes = taken.map(({ prepared }) => batch.apply(prepared));
    batch.writeMarks();
    for (const { kind } of outcomes) if (kind === 'committed') crashPoints.reach('metadata.before-commit');
    return outcomes;
  }

  #reply(taken: readonly Pending[], outcomes: readonly CommitOutcome[]): void {
    let hasChanged = false;
    for (const { kind } of outcomes) {
      if (kind !== 'committed') continue;
      hasChanged = true;
      this.#deps.crashPoints.reach('metadata.after-commit');
    }
    for (const [index, outcome] of outcomes.entries()) taken[index]?.resolve(outcome);
    if (hasChanged) this.#deps.onCommitted();
  }
}

/** One LMDB transaction's numbers: read when first needed, counted in memory, written once at the end. */
class Batch {
  readonly #environment: Environment;
  readonly #heads = new Map<string, bigint>();
  readonly #minted = new Map<string, bigint>();
  readonly #startVersion: bigint;
  #version: bigint;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#startVersion = decodeNumber(environment.marks.get(MARK.version));
    this.#version = this.#startVersion;
  }

  apply(prepared: Prepared): CommitOutcome {
    const failed = prepared.checks.findIndex((check) => !this.#holds(check));
    if (failed >= 0) return { kind: 'conflict', check: failed };
    this.#version += 1n;
    const { mints, appends } = prepared;
    const minted = mints.length === 0 ? NONE : mints.map((mint) => this.#mint(mint));
    const seqs = appends.length === 0 ? NONE : appends.map(({ journal }) => this.#nextSeq(journal));
    this.#write(prepared, { seqs, minted });
    return { kind: 'committed', version: this.#version, seqs, minted };
  }

  writeMarks(): void {
    if (this.#version === this.#startVersion) return;
    const { marks } = this.#environment;
    void marks.put(MARK.version, encodeNumber(this.#version));
    for (const [journal, head] of this.#heads) void marks.put(headMark(journal), encodeNumber(head));
    for (const [scope, last] of this.#minted) void marks.put(mintMark(scope), encodeNumber(last));
  }

  #holds(check: Check): boolean {
    const { storedRows } = this.#environment;
    switch (check.kind) {
      case 'version':
        return versionOf(storedRows, check.key) === check.version;
      case 'absent':
        return storedRows.getBinaryFast(check.key) === undefined;
      case 'rangeEmpty':
        return isEmpty(storedRows, check.range.start, check.range.end);
    }
  }

  #mint({ scope, nowMicros }: Mint): bigint {
    const { marks } = this.#environment;
    const number = nextMint(nowMicros, this.#minted.get(scope) ?? decodeNumber(marks.get(mintMark(scope))));
    this.#minted.set(scope, number);
    return number;
  }

  #nextSeq(journal: string): bigint {
    const { marks } = this.#environment;
    const seq = (this.#heads.get(journal) ?? decodeNumber(marks.get(headMark(journal)))) + 1n;
    this.#heads.set(journal, seq);
    return seq;
  }

  #write({ writes, appends }: Prepared, numbers: Numbers): void {
    const { storedRows, journals } = this.#environment;
    for (const { key, stored, stamps } of writes) {
      if (stored === undefined) {
        void storedRows.remove(key);
        continue;
      }
      stored.writeBigUInt64BE(this.#version, 0);
      if (stamps !== undefined) writeStamps(stored, stamps, numbers, VERSION_BYTES);
      void storedRows.put(key, stored);
    }
    if (appends.length === 0) return;
    for (const [index, { journal, value, stamps }] of appends.entries()) {
      if (stamps !== undefined) writeStamps(value, stamps, numbers);
      void journals.put(journalKey(journal, numbers.seqs[index] ?? 0n), value);
    }
  }
}

interface Numbers {
  readonly seqs: readonly bigint[];
  readonly minted: readonly bigint[];
}

/** Shared: most commits mint nothing, many append or check nothing, and arrays for that are garbage. */
const NONE: readonly never[] = [];

function prepare({ checks, writes, appends = NONE, mints = NONE }: Transaction): Prepared {
  const preparedWrites = writes.map(prepareWrite);
  let bytes = 0;
  for (const { key, stored } of preparedWrites) bytes += key.length + (stored?.length ?? 0);
  for (const { value } of appends) bytes += value.length;
  return {
    checks: checks.length === 0 ? NONE : checks.map(copyCheck),
    writes: preparedWrites,
    appends: appends.length === 0 ? NONE : appends.map(prepareAppend),
    mints: mints.length === 0 ? NONE : [...mints],
    bytes,
  };
}

function prepareAppend({ journal, value, stamps }: Append): PreparedAppend {
  return { journal, value: Buffer.from(value), stamps };
}

function prepareWrite(write: Write): PreparedWrite {
  const key = Buffer.from(write.key);
  if (write.kind === 'delete') return { key, stored: undefined, stamps: undefined };
  const stored = Buffer.allocUnsafe(VERSION_BYTES + write.value.length);
  stored.set(write.value, VERSION_BYTES);
  return { key, stored, stamps: write.stamps };
}

function versionOf(rows: Environment['storedRows'], key: Uint8Array): bigint | undefined {
  const bytes = rows.getBinaryFast(key);
  return bytes && readU64(bytes);
}

function isEmpty(rows: Environment['storedRows'], start: Uint8Array, end: Uint8Array): boolean {
  if (Buffer.compare(start, end) >= 0) return true;
  for (const _ of rows.getKeys({ start, end, limit: 1 })) return false;
  return true;
}

/** The binding hands the cause over in a promise of its own, which settles at once; without it, the error itself. */
async function commitFailure(error: unknown): Promise<StraitError> {
  const late = error instanceof Error && 'commitError' in error ? error.commitError : undefined;
  const cause = late instanceof Promise ? await settled(late, error) : error;
  if (cause instanceof StraitError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StraitError('unavailable', `the metadata store could not commit: ${reason}`, {}, { cause });
}

function settled(late: Promise<unknown>, otherwise: unknown): Promise<unknown> {
  const waited = new Promise((resolve) => setImmediate(() => resolve(otherwise)));
  return Promise.race([late.catch((cause: unknown) => cause), waited]);
}
