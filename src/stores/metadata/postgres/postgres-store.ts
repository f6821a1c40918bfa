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
  copyTransaction,
  snapshotEnded,
} from '../transaction.ts';
import { WakeUp } from '../wake-up.ts';
import { runBatch } from './batch.ts';
import {
  byteas,
  type Client,
  type ClientTransaction,
  connect,
  createSchema,
  isRetryable,
  type PostgresStoreSettings,
  toStraitError,
} from './connect.ts';

export interface PostgresStoreDeps {
  readonly clock: Clock;
  readonly crashPoints: CrashPoints;
}

export const POSTGRES_DEFAULTS = { connectionsMax: 8, tailPollMs: 1_000 } as const;

const TAIL_ENTRIES_MAX = 256;
const BATCH = { commitsMax: 256, writesMax: 4_000 } as const;
const ATTEMPTS_MAX = 10;
/** Rows a scan asks for at a time: the answer of one query is held whole. */
const SCAN_ROWS_MAX = 4_096;

/** Any number of processes may use one schema. */
export async function openPostgresMetadataStore(
  settings: PostgresStoreSettings,
  deps: PostgresStoreDeps,
): Promise<MetadataStore> {
  const writer = connect(settings, 1);
  try {
    await createSchema(writer, settings.schema);
  } catch (error) {
    await writer.end({ timeout: 1 });
    throw toStraitError('the metadata server cannot be used', error);
  }
  return new PostgresMetadataStore(writer, settings, deps);
}

interface Pending {
  readonly transaction: Transaction;
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

class PostgresMetadataStore implements MetadataStore {
  /** Apart, so that neither commits nor plain reads ever wait for a connection that a snapshot holds. */
  readonly #writer: Client;
  readonly #reader: Client;
  readonly #snapshots: Client;
  readonly #settings: PostgresStoreSettings;
  readonly #deps: PostgresStoreDeps;
  readonly #wakeUp = new WakeUp();
  readonly #closing = new AbortController();
  #queue: Pending[] = [];
  #writing: Promise<void> | undefined;
  #listening: Promise<unknown> | undefined;
  #closed: Promise<void> | undefined;

  constructor(writer: Client, settings: PostgresStoreSettings, deps: PostgresStoreDeps) {
    this.#writer = writer;
    this.#reader = connect(settings, settings.connectionsMax);
    this.#snapshots = connect(settings, settings.connectionsMax);
    this.#settings = settings;
    this.#deps = deps;
  }

  async get(keys: readonly Uint8Array[]): Promise<readonly (Row | undefined)[]> {
    this.#assertOpen();
    return getRows(this.#reader, keys);
  }

  async scan(range: KeyRange, options: ScanOptions): Promise<readonly Row[]> {
    this.#assertOpen();
    assertScan(range, options);
    if (options.limit > SCAN_ROWS_MAX) return this.snapshot((view) => view.scan(range, options));
    return scanRows(this.#reader, range, options);
  }

  async snapshot<T>(read: (view: MetadataView) => Promise<T>): Promise<T> {
    this.#assertOpen();
    let result: { readonly value: T } | { readonly thrown: unknown } | undefined;
    try {
      await this.#snapshots.begin('isolation level repeatable read read only', async (sql) => {
        // The snapshot is taken by the first statement, not by `begin`.
        await sql`select version from store`;
        result = await this.#readWithin(sql, read);
      });
    } catch (error) {
      throw toStraitError('the metadata server could not be read', error);
    }
    if (result === undefined) throw closedError();
    if ('thrown' in result) throw result.thrown;
    return result.value;
  }

  async commit(transaction: Transaction): Promise<CommitOutcome> {
    this.#assertOpen();
    assertTransaction(transaction);
    const own = copyTransaction(transaction);
    return new Promise((resolve, reject) => {
      this.#queue.push({ transaction: own, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async *tail(journal: string, after: bigint, signal: AbortSignal): AsyncGenerator<JournalEntry> {
    assertName('journal', journal);
    const either = AbortSignal.any([signal, this.#closing.signal]);
    let seq = after;
    while (!signal.aborted) {
      this.#assertOpen();
      await this.#listen();
      const { turn } = this.#wakeUp;
      const entries = await this.#readEntries(journal, seq);
      for (const entry of entries) {
        if (signal.aborted) return;
        seq = entry.seq;
        yield entry;
      }
      if (entries.length === 0) await this.#changed(either, turn);
    }
  }

  async head(journal: string): Promise<bigint> {
    this.#assertOpen();
    assertName('journal', journal);
    const rows = await query(this.#reader<{ seq: bigint }[]>`select seq from heads where journal = ${journal}`);
    return rows[0]?.seq ?? 0n;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#writing;
    await Promise.all([this.#writer, this.#reader, this.#snapshots].map((client) => client.end({ timeout: 5 })));
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw closedError();
  }

  /** The reader's own error is his result: only the server's failures are translated. */
  async #readWithin<T>(sql: ClientTransaction, read: (view: MetadataView) => Promise<T>) {
    const { clock } = this.#deps;
    let endsMs = clock.monotonicMs() + LIMITS.snapshotMsMax;
    const assertCurrent = () => {
      this.#assertOpen();
      if (clock.monotonicMs() > endsMs) throw snapshotEnded();
    };
    const view: MetadataView = {
      async get(keys) {
        assertCurrent();
        return getRows(sql, keys);
      },
      async scan(range, options) {
        assertCurrent();
        assertScan(range, options);
        return scanRows(sql, range, options);
      },
    };
    try {
      return { value: await read(view) };
    } catch (thrown) {
      return { thrown };
    } finally {
      endsMs = Number.NEGATIVE_INFINITY;
    }
  }

  /** Batch after batch until nothing waits. */
  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      const taken = this.#take();
      try {
        const outcomes = await this.#commitBatch(taken.map(({ transaction }) => transaction));
        for (const [index, outcome] of outcomes.entries()) taken[index]?.resolve(outcome);
        this.#wakeUp.wake();
      } catch (error) {
        const reason = toStraitError('the metadata server could not commit', error);
        for (const { reject } of taken) reject(reason);
      }
    }
    this.#writing = undefined;
  }

  #take(): readonly Pending[] {
    let [count, writes] = [0, 0];
    for (const { transaction } of this.#queue) {
      writes += transaction.writes.length + (transaction.appends?.length ?? 0);
      if (count > 0 && (count >= BATCH.commitsMax || writes > BATCH.writesMax)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #commitBatch(transactions: readonly Transaction[]): Promise<readonly CommitOutcome[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { crashPoints } = this.#deps;
        const outcomes = await this.#writer.begin(async (sql) => {
          const judged = await runBatch(sql, transactions);
          await sql`select pg_notify(${this.#settings.schema}, '')`;
          for (const { kind } of judged) if (kind === 'committed') crashPoints.reach('metadata.before-commit');
          return judged;
        });
        for (const { kind } of outcomes) if (kind === 'committed') crashPoints.reach('metadata.after-commit');
        return outcomes;
      } catch (error) {
        if (!isRetryable(error) || attempt >= ATTEMPTS_MAX) throw error;
      }
    }
  }

  /** Starts to hear of commits of all processes, once; again after every lost connection. */
  async #listen(): Promise<void> {
    const wake = () => this.#wakeUp.wake();
    this.#listening ??= this.#reader.listen(this.#settings.schema, wake, wake);
    try {
      await this.#listening;
    } catch (error) {
      this.#listening = undefined;
      throw toStraitError('the metadata server cannot be followed', error);
    }
  }

  /** Resolves when a commit was heard of since `turn`, after the poll interval, or when `signal` aborts. */
  async #changed(signal: AbortSignal, turn: number): Promise<void> {
    const done = new AbortController();
    const either = AbortSignal.any([signal, done.signal]);
    await Promise.race([this.#wakeUp.wait(either, turn), this.#deps.clock.sleep(this.#settings.tailPollMs, either)]);
    done.abort();
  }

  async #readEntries(journal: string, after: bigint): Promise<readonly JournalEntry[]> {
    return query(this.#reader<{ seq: bigint; value: Buffer }[]>`
      select seq, value from journals where journal = ${journal} and seq > ${after} order by seq
      limit ${TAIL_ENTRIES_MAX}`);
  }
}

async function getRows(
  sql: Client | ClientTransaction,
  keys: readonly Uint8Array[],
): Promise<readonly (Row | undefined)[]> {
  for (const key of keys) assertKey(key);
  if (keys.length === 0) return [];
  const wanted = keys.map((key) => Buffer.from(key));
  const found = await query(sql<Row[]>`select key, value, version from rows where key = any(${byteas(sql, wanted)})`);
  const byKey = new Map(found.map((row) => [Buffer.from(row.key).toString('latin1'), row]));
  return wanted.map((key) => {
    const row = byKey.get(key.toString('latin1'));
    return row && { key, value: Buffer.from(row.value), version: row.version };
  });
}

async function scanRows(
  sql: Client | ClientTransaction,
  range: KeyRange,
  { limit, reverse = false }: ScanOptions,
): Promise<readonly Row[]> {
  if (compareKeys(range.start, range.end) >= 0) return [];
  const rows: Row[] = [];
  let [start, end] = [Buffer.from(range.start), Buffer.from(range.end)];
  for (;;) {
    const wanted = Math.min(limit - rows.length, SCAN_ROWS_MAX);
    const found = await query(sql<Row[]>`
      select key, value, version from rows where key >= ${start} and key < ${end}
      order by key ${reverse ? sql`desc` : sql`asc`} limit ${wanted}`);
    for (const { key, value, version } of found) rows.push({ key, value, version });
    const last = found.at(-1);
    if (last === undefined || found.length < wanted || rows.length >= limit) return rows;
    if (reverse) end = Buffer.from(last.key);
    else start = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

async function query<T>(answer: PromiseLike<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw toStraitError('the metadata server could not be read', error);
  }
}
