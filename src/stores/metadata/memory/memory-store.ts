import type { Clock } from '../../../runtime/clock.ts';
import type { CrashPoints } from '../../../runtime/crash-points.ts';
import {
  type Check,
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
  copyBytes,
  nextMint,
  snapshotEnded,
  writeStamps,
} from '../transaction.ts';
import { WakeUp } from '../wake-up.ts';
import { findRow, putRow, type RowNode, removeRow, walkRows } from './persistent-rows.ts';

export interface MemoryStoreDeps {
  readonly clock: Clock;
  readonly crashPoints: CrashPoints;
}

/** Journal entries handed to a follower at a time. */
const TAIL_ENTRIES_MAX = 256;

/** Everything in this process's memory: for tests and demos. A commit is as durable as the process. */
export class MemoryMetadataStore implements MetadataStore {
  readonly #deps: MemoryStoreDeps;
  readonly #journals = new Map<string, Uint8Array[]>();
  readonly #lastMinted = new Map<string, bigint>();
  readonly #wakeUp = new WakeUp();
  readonly #closing = new AbortController();
  #root: RowNode | undefined;
  #version = 0n;
  #priority = 1;

  constructor(deps: MemoryStoreDeps) {
    this.#deps = deps;
  }

  async get(keys: readonly Uint8Array[]): Promise<readonly (Row | undefined)[]> {
    this.#assertOpen();
    return readKeys(this.#root, keys);
  }

  async scan(range: KeyRange, options: ScanOptions): Promise<readonly Row[]> {
    this.#assertOpen();
    return readRange(this.#root, range, options);
  }

  async snapshot<T>(read: (view: MetadataView) => Promise<T>): Promise<T> {
    this.#assertOpen();
    const root = this.#root;
    const { clock } = this.#deps;
    let endsMs = clock.monotonicMs() + LIMITS.snapshotMsMax;
    const assertFresh = () => {
      this.#assertOpen();
      if (clock.monotonicMs() > endsMs) throw snapshotEnded();
    };
    return read({
      async get(keys) {
        assertFresh();
        return readKeys(root, keys);
      },
      async scan(range, options) {
        assertFresh();
        return readRange(root, range, options);
      },
    }).finally(() => {
      endsMs = Number.NEGATIVE_INFINITY;
    });
  }

  async commit(transaction: Transaction): Promise<CommitOutcome> {
    this.#assertOpen();
    assertTransaction(transaction);
    const failed = transaction.checks.findIndex((check) => !this.#holds(check));
    if (failed >= 0) return { kind: 'conflict', check: failed };
    this.#deps.crashPoints.reach('metadata.before-commit');
    const outcome = this.#apply(transaction);
    this.#deps.crashPoints.reach('metadata.after-commit');
    this.#wakeUp.wake();
    return outcome;
  }

  async *tail(journal: string, after: bigint, signal: AbortSignal): AsyncGenerator<JournalEntry> {
    assertName('journal', journal);
    const either = AbortSignal.any([signal, this.#closing.signal]);
    let seq = after;
    while (!signal.aborted) {
      this.#assertOpen();
      const from = Number(seq);
      const values = (this.#journals.get(journal) ?? []).slice(from, from + TAIL_ENTRIES_MAX);
      for (const value of values) {
        if (signal.aborted) return;
        seq += 1n;
        yield { seq, value: copyBytes(value) };
      }
      if (values.length === 0) await this.#wakeUp.wait(either);
    }
  }

  async head(journal: string): Promise<bigint> {
    this.#assertOpen();
    assertName('journal', journal);
    return this.#head(journal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw closedError();
  }

  #head(journal: string): bigint {
    return BigInt(this.#journals.get(journal)?.length ?? 0);
  }

  #holds(check: Check): boolean {
    switch (check.kind) {
      case 'version':
        return findRow(this.#root, check.key)?.version === check.version;
      case 'absent':
        return findRow(this.#root, check.key) === undefined;
      case 'rangeEmpty':
        return walkRows(this.#root, check.range, false).next().done === true;
    }
  }

  #apply({ writes, appends = [], mints = [] }: Transaction): CommitOutcome {
    this.#version += 1n;
    const version = this.#version;
    const minted = mints.map(({ scope, nowMicros }) => {
      const number = nextMint(nowMicros, this.#lastMinted.get(scope) ?? 0n);
      this.#lastMinted.set(scope, number);
      return number;
    });
    const entries = appends.map(({ journal, value }) => this.#reserve(journal, copyBytes(value)));
    const seqs = entries.map(({ seq }) => seq);
    for (const [index, { stamps = [] }] of appends.entries()) {
      const entry = entries[index];
      if (entry !== undefined) writeStamps(entry.value, stamps, { seqs, minted });
    }
    for (const write of writes) {
      if (write.kind === 'delete') {
        this.#root = removeRow(this.#root, write.key);
        continue;
      }
      const value = copyBytes(write.value);
      writeStamps(value, write.stamps ?? [], { seqs, minted });
      this.#root = putRow(this.#root, { key: copyBytes(write.key), value, version }, this.#nextPriority());
    }
    return { kind: 'committed', version, seqs, minted };
  }

  #reserve(journal: string, value: Uint8Array): JournalEntry {
    const entries = this.#journals.get(journal) ?? [];
    this.#journals.set(journal, entries);
    entries.push(value);
    return { seq: BigInt(entries.length), value };
  }

  /** Xorshift: any even spread will do, and a repeatable one makes failures repeatable. */
  #nextPriority(): number {
    let state = this.#priority;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#priority = state;
    return state;
  }
}

function readKeys(root: RowNode | undefined, keys: readonly Uint8Array[]): readonly (Row | undefined)[] {
  return keys.map((key) => {
    assertKey(key);
    const row = findRow(root, key);
    return row && ownCopy(row);
  });
}

function readRange(root: RowNode | undefined, range: KeyRange, options: ScanOptions): readonly Row[] {
  assertScan(range, options);
  return walkRows(root, range, options.reverse ?? false)
    .take(options.limit)
    .map(ownCopy)
    .toArray();
}

function ownCopy({ key, value, version }: Row): Row {
  return { key: copyBytes(key), value: copyBytes(value), version };
}
