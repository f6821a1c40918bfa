import type { Transaction as ReadTransaction } from 'lmdb';
import { StraitError } from '../../../model/errors.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { CrashPoints } from '../../../runtime/crash-points.ts';
import {
  type CommitOutcome,
  type JournalEntry,
  type KeyRange,
  LIMITS,
  type MetadataStore,
  type MetadataView,
  type Row,
  type ScanOptions,
  type Transaction,
} from '../port.ts';
import {
  assertKey,
  assertName,
  assertScan,
  assertTransaction,
  closedError,
  compareKeys,
  snapshotEnded,
} from '../transaction.ts';
import { WakeUp } from '../wake-up.ts';
import { GroupCommit } from './group-commit.ts';
import { decodeNumber, headMark, journalEnd, journalKey, MARK, seqOfKey } from './layout.ts';
import { type Environment, type EnvironmentSettings, openEnvironment } from './open-environment.ts';

export interface LmdbStoreDeps {
  readonly clock: Clock;
  readonly crashPoints: CrashPoints;
}

export interface LmdbStoreSettings extends EnvironmentSettings {
  /** How often a waiting `tail` looks for commits of other processes. Its own process wakes it at once. */
  readonly tailPollMs: number;
}

export const LMDB_DEFAULTS = { mapBytes: 2 ** 40, tailPollMs: 10 } as const;

/** Its `then` is a microtask at a fraction of what `queueMicrotask` costs. */
const SETTLED = Promise.resolve();
/** Rows that the scans of a snapshot read before they let other work run: about a millisecond. */
const SCAN_TURN_ROWS = 256;
/** A follower's entries in memory at a time. */
const TAIL_PAGE = { entriesMax: 256, bytesMax: 1024 * 1024 } as const;
/** How often snapshots that outlived their time are ended, so that LMDB may reuse the pages they hold. */
const SNAPSHOT_SWEEP_MS = 1_000;

/**
 * Any number of processes may open one folder; each sees the commits of all, once they are on disk. A process opens a
 * folder once at a time: opening takes the write lock on the thread that a running commit needs.
 */
export function openLmdbMetadataStore(settings: LmdbStoreSettings, deps: LmdbStoreDeps): MetadataStore {
  try {
    return new LmdbMetadataStore(openEnvironment(settings), settings, deps);
  } catch (error) {
    if (error instanceof StraitError) throw error;
    throw unavailable(`the metadata store in ${settings.folder} cannot be opened`, error);
  }
}

class LmdbMetadataStore implements MetadataStore {
  readonly #environment: Environment;
  readonly #settings: LmdbStoreSettings;
  readonly #deps: LmdbStoreDeps;
  readonly #commits: GroupCommit;
  readonly #wakeUp = new WakeUp();
  readonly #closing = new AbortController();
  readonly #snapshots = new Set<Snapshot>();
  #followers = 0;
  #isWatching = false;
  #isSweeping = false;
  #isRefreshQueued = false;
  #closed: Promise<void> | undefined;

  constructor(environment: Environment, settings: LmdbStoreSettings, deps: LmdbStoreDeps) {
    this.#environment = environment;
    this.#settings = settings;
    this.#deps = deps;
    const onCommitted = () => this.#wakeUp.wake();
    this.#commits = new GroupCommit({ environment, crashPoints: deps.crashPoints, onCommitted });
  }

  async get(keys: readonly Uint8Array[]): Promise<readonly (Row | undefined)[]> {
    return this.#read(() => this.#getRows(keys));
  }

  async scan(range: KeyRange, options: ScanOptions): Promise<readonly Row[]> {
    if (options.limit <= SCAN_TURN_ROWS) return this.#read(() => this.#scanRows(range, options));
    return this.snapshot((view) => view.scan(range, options));
  }

  async snapshot<T>(read: (view: MetadataView) => Promise<T>): Promise<T> {
    const endsMs = this.#deps.clock.monotonicMs() + LIMITS.snapshotMsMax;
    const snapshot = new Snapshot(
      this.#read(() => this.#environment.root.useReadTransaction()),
      endsMs,
    );
    this.#snapshots.add(snapshot);
    if (!this.#isSweeping) void this.#sweepSnapshots();
    const current = () => snapshot.transaction(this.#deps.clock.monotonicMs());
    try {
      return await read({
        get: async (keys) => this.#read(() => this.#getRows(keys, current())),
        scan: async (range, options) => this.#scanInTurns(range, options, { current, snapshot }),
      });
    } finally {
      snapshot.end();
      this.#snapshots.delete(snapshot);
    }
  }

  /** Not `async`: one promise a commit less, on the path that is measured. */
  commit(transaction: Transaction): Promise<CommitOutcome> {
    try {
      this.#assertOpen();
      assertTransaction(transaction);
      return this.#commits.submit(transaction);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async *tail(journal: string, after: bigint, signal: AbortSignal): AsyncGenerator<JournalEntry> {
    assertName('journal', journal);
    const either = AbortSignal.any([signal, this.#closing.signal]);
    let seq = after;
    while (!signal.aborted) {
      const entries = this.#read(() => this.#readEntries(journal, seq));
      for (const entry of entries) {
        if (signal.aborted) return;
        seq = entry.seq;
        yield entry;
      }
      if (entries.length === 0) await this.#awaitCommits(either);
    }
  }

  async head(journal: string): Promise<bigint> {
    assertName('journal', journal);
    return this.#readMark(headMark(journal));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#commits.idle();
    for (const snapshot of this.#snapshots) snapshot.end();
    const closed = this.#environment.root.close();
    // A broken environment's last write never settles, and closing waits for it: the process's end closes it.
    if (!this.#commits.isBroken) await closed;
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw closedError();
  }

  /**
   * Reads of one burst of synchronous work share a read transaction; it ends with the burst. So a read begun after
   * anything was heard from another process, or after a commit resolved, sees what that process or commit did.
   */
  #read<T>(work: () => T): T {
    this.#assertOpen();
    if (!this.#isRefreshQueued) {
      this.#isRefreshQueued = true;
      void SETTLED.then(this.#endBurst);
    }
    try {
      return work();
    } catch (error) {
      if (error instanceof StraitError) throw error;
      throw unavailable('the metadata store could not read', error);
    }
  }

  readonly #endBurst = (): void => {
    this.#isRefreshQueued = false;
    if (!this.#closing.signal.aborted) this.#environment.root.resetReadTxn();
  };

  #readMark(mark: Uint8Array): bigint {
    return this.#read(() => decodeNumber(this.#environment.marks.get(mark)));
  }

  #getRows(keys: readonly Uint8Array[], transaction?: ReadTransaction): readonly (Row | undefined)[] {
    const { rows } = this.#environment;
    const options = transaction && { transaction };
    return keys.map((key) => {
      assertKey(key);
      const stored = rows.get(key, options);
      return stored && { key: Buffer.from(key), value: stored.value, version: stored.version };
    });
  }

  #scanRows(range: KeyRange, options: ScanOptions, transaction?: ReadTransaction): Row[] {
    assertScan(range, options);
    if (compareKeys(range.start, range.end) >= 0) return [];
    const found: Row[] = [];
    const bounds = options.reverse
      ? { start: range.end, end: range.start, reverse: true, exclusiveStart: true, inclusiveEnd: true }
      : { start: range.start, end: range.end };
    const limits = { limit: options.limit, ...(transaction && { transaction }) };
    for (const { key, value } of this.#environment.rows.getRange({ ...bounds, ...limits })) {
      found.push({ key, value: value.value, version: value.version });
    }
    return found;
  }

  /** A long scan in pieces of one snapshot, letting other work run between them, as between scans that add up. */
  async #scanInTurns(
    range: KeyRange,
    options: ScanOptions,
    { current, snapshot }: { readonly current: () => ReadTransaction; readonly snapshot: Snapshot },
  ): Promise<Row[]> {
    const found: Row[] = [];
    let rest = range;
    assertScan(range, options);
    for (;;) {
      if (snapshot.isTurnOver()) await new Promise((resolve) => setImmediate(resolve));
      const limit = Math.min(options.limit - found.length, SCAN_TURN_ROWS);
      const rows = this.#read(() => this.#scanRows(rest, { ...options, limit }, current()));
      snapshot.countRows(rows.length);
      for (const row of rows) found.push(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < limit || found.length >= options.limit) return found;
      rest = options.reverse ? { start: range.start, end: last.key } : { start: successor(last.key), end: range.end };
    }
  }

  #readEntries(journal: string, after: bigint): JournalEntry[] {
    const entries: JournalEntry[] = [];
    let bytes = 0;
    const range = { start: journalKey(journal, after + 1n), end: journalEnd(journal), limit: TAIL_PAGE.entriesMax };
    for (const { key, value } of this.#environment.journals.getRange(range)) {
      entries.push({ seq: seqOfKey(key), value });
      bytes += value.length;
      if (bytes >= TAIL_PAGE.bytesMax) break;
    }
    return entries;
  }

  /** Waits for a commit of this process, or for the sight of one of another's. */
  async #awaitCommits(signal: AbortSignal): Promise<void> {
    this.#followers += 1;
    if (!this.#isWatching) void this.#watchOtherProcesses();
    try {
      await this.#wakeUp.wait(signal);
    } finally {
      this.#followers -= 1;
    }
  }

  /** One look for all followers of this process, for as long as any waits. */
  async #watchOtherProcesses(): Promise<void> {
    this.#isWatching = true;
    let seen: bigint | undefined;
    while (this.#followers > 0 && !this.#closing.signal.aborted) {
      await this.#deps.clock.sleep(this.#settings.tailPollMs, this.#closing.signal);
      if (this.#closing.signal.aborted) break;
      const version = this.#readMark(MARK.version);
      // The first look wakes everyone: what was committed before it may be news to those who wait.
      if (version !== seen) this.#wakeUp.wake();
      seen = version;
    }
    this.#isWatching = false;
  }

  async #sweepSnapshots(): Promise<void> {
    this.#isSweeping = true;
    while (this.#snapshots.size > 0 && !this.#closing.signal.aborted) {
      await this.#deps.clock.sleep(SNAPSHOT_SWEEP_MS, this.#closing.signal);
      const nowMs = this.#deps.clock.monotonicMs();
      for (const snapshot of this.#snapshots) if (snapshot.isPast(nowMs)) snapshot.end();
    }
    this.#isSweeping = false;
  }
}

/** A read transaction for a limited time. While it lasts, no page it can reach is reused. */
class Snapshot {
  readonly #endsMs: number;
  #transaction: ReadTransaction | undefined;
  #rowsThisTurn = 0;

  constructor(transaction: ReadTransaction, endsMs: number) {
    this.#transaction = transaction;
    this.#endsMs = endsMs;
  }

  isPast(nowMs: number): boolean {
    return nowMs > this.#endsMs;
  }

  transaction(nowMs: number): ReadTransaction {
    if (this.isPast(nowMs) || this.#transaction === undefined) throw snapshotEnded();
    return this.#transaction;
  }

  countRows(rows: number): void {
    this.#rowsThisTurn += rows;
  }

  /** Whether others should run before more is read. Saying so begins the next turn. */
  isTurnOver(): boolean {
    if (this.#rowsThisTurn < SCAN_TURN_ROWS) return false;
    this.#rowsThisTurn = 0;
    return true;
  }

  end(): void {
    this.#transaction?.done();
    this.#transaction = undefined;
  }
}

/** The first key after `key`. */
function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

function unavailable(what: string, cause: unknown): StraitError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StraitError('unavailable', `${what}: ${reason}`, {}, { cause });
}
