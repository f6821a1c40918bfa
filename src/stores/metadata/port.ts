/**
 * The metadata store: ordered byte keys and optimistic transactions. `test/contracts/metadata-store.ts` is this
 * contract as a suite; every adapter passes it.
 *
 * - Keys are compared as bytes, shorter first on a common prefix. Never string order, never a collation.
 *   No key is empty.
 * - A resolved `commit` is durable, and nobody (no other process either) sees it before it is.
 * - Arrays handed in are copied before the call returns; arrays handed out belong to the caller.
 * - After `close`, and while its disk or server cannot be used, every call fails with `unavailable`.
 * - Adapters translate their own failures to `StraitError` (`unavailable`; `corrupt` for rows that fail to parse).
 */

export const LIMITS = {
  keyBytesMax: 2_200,
  valueBytesMax: 32 * 1024,
  writesPerCommitMax: 1_000,
  checksPerCommitMax: 4_000,
  appendsPerCommitMax: 1_000,
  mintsPerCommitMax: 1_000,
  /** Keys and values of writes and appends, together. */
  bytesPerCommitMax: 4 * 1024 * 1024,
  /** Names of journals and of mint scopes, UTF-8, without NUL. */
  nameBytesMax: 512,
  snapshotMsMax: 5_000,
} as const;

export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** The version of the commit that last wrote this row. Rises with every commit of the store. */
  readonly version: bigint;
}

/** Keys in `[start, end)`, as bytes. A bound may be empty, or a key and one byte more. */
export interface KeyRange {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

export interface ScanOptions {
  /** Rows, 1 or more. A scan that returns fewer has reached the end of the range. */
  readonly limit: number;
  /** Descending from `end` (exclusive) when true. */
  readonly reverse?: boolean;
}

/** Reads at one version. Returned arrays belong to the caller and stay valid after the snapshot ends. */
export interface MetadataView {
  get(keys: readonly Uint8Array[]): Promise<readonly (Row | undefined)[]>;
  scan(range: KeyRange, options: ScanOptions): Promise<readonly Row[]>;
}

/** Checks hold or fail against the state just before this transaction's own writes. */
export type Check =
  | { readonly kind: 'version'; readonly key: Uint8Array; readonly version: bigint }
  | { readonly kind: 'absent'; readonly key: Uint8Array }
  /** No row in the range, not even one inserted by a commit that runs at the same time. */
  | { readonly kind: 'rangeEmpty'; readonly range: KeyRange };

/**
 * A number the store writes at commit into a value: 8 bytes, unsigned, big-endian, at `offset`.
 * `seq`: of the `append`-th append of this transaction. `generation`: of the `mint`-th mint of this transaction.
 */
export type Stamp =
  | { readonly kind: 'seq'; readonly append: number; readonly offset: number }
  | { readonly kind: 'generation'; readonly mint: number; readonly offset: number };

export type Write =
  | { readonly kind: 'put'; readonly key: Uint8Array; readonly value: Uint8Array; readonly stamps?: readonly Stamp[] }
  | { readonly kind: 'delete'; readonly key: Uint8Array };

/** Adds an entry to a journal. The store gives it the next dense seq (from 1) at commit. Appenders never conflict. */
export interface Append {
  readonly journal: string;
  readonly value: Uint8Array;
  readonly stamps?: readonly Stamp[];
}

/** Takes the next number of a high-water mark: `max(nowMicros, last + 1)`. Minters never conflict. */
export interface Mint {
  readonly scope: string;
  readonly nowMicros: bigint;
}

export interface Transaction {
  readonly checks: readonly Check[];
  /** At most one write per key. */
  readonly writes: readonly Write[];
  readonly appends?: readonly Append[];
  readonly mints?: readonly Mint[];
}

export type CommitOutcome =
  | {
      readonly kind: 'committed';
      readonly version: bigint;
      /** One per append, in order. */
      readonly seqs: readonly bigint[];
      /** One per mint, in order. */
      readonly minted: readonly bigint[];
    }
  /** Check number `check`, the first of those that did not hold; nothing was written. Read again and decide again. */
  | { readonly kind: 'conflict'; readonly check: number };

export interface JournalEntry {
  readonly seq: bigint;
  readonly value: Uint8Array;
}

export interface MetadataStore extends MetadataView {
  /** Several reads at one version, for at most `snapshotMsMax`. */
  snapshot<T>(read: (view: MetadataView) => Promise<T>): Promise<T>;
  /** Atomic. A failed check fails its own commit, never its neighbours'. Breaking a limit is an `invalidArgument`. */
  commit(transaction: Transaction): Promise<CommitOutcome>;
  /**
   * Entries after `after`, in seq order without gaps, as they become durable, from every process; waits for more
   * until `signal` aborts, then ends without an error.
   */
  tail(journal: string, after: bigint, signal: AbortSignal): AsyncIterable<JournalEntry>;
  /** The seq of the last durable entry; 0n when there is none. */
  head(journal: string): Promise<bigint>;
  close(): Promise<void>;
}
