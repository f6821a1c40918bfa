/** What the parts of the metadata contract suite share: the store under test, and short ways to say things. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Clock } from '../../src/runtime/clock.ts';
import type { MetadataStore, Row, Transaction } from '../../src/stores/metadata/port.ts';

/** Somewhere one store's data lives. */
export interface StorePlace {
  /** Opens the store kept here. Where `reopens`, another call, or another process, opens the same data. */
  open(clock?: Clock): Promise<MetadataStore>;
  readonly reopens: boolean;
  /** What `test/support/metadata-child.ts` needs to open the same data from another process. */
  readonly childArgs?: readonly string[];
  remove(): Promise<void>;
}

export interface ContractSettings {
  readonly name: string;
  /** A new, empty place. */
  readonly place: () => Promise<StorePlace>;
  /** Races, appends and the like: how many an adapter can do in a second or two. */
  readonly rounds: number;
  /** Why this adapter cannot be tested here. */
  readonly skip?: string;
  /** Runs before the first and after the last test: a server, say. */
  readonly start?: () => Promise<void>;
  readonly stop?: () => Promise<void>;
}

export interface Subject {
  readonly settings: ContractSettings;
  /** An open store over a new place; closed and removed when the test ends. */
  store(context: TestContext): Promise<MetadataStore>;
  place(context: TestContext): Promise<StorePlace>;
}

export const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
/** Every key that starts with `prefix`, for prefixes that end in an ASCII byte. */
export function below(prefix: string): { start: Uint8Array; end: Uint8Array } {
  const end = utf8(prefix);
  end[end.length - 1] = (end[end.length - 1] ?? 0) + 1;
  return { start: utf8(prefix), end };
}
/** A bound above every key. */
export const TOP = new Uint8Array(2_201).fill(0xff);
export const EVERYTHING = { start: new Uint8Array(), end: TOP };

export const put = (key: string | Uint8Array, value: string | Uint8Array) =>
  ({
    kind: 'put',
    key: typeof key === 'string' ? utf8(key) : key,
    value: typeof value === 'string' ? utf8(value) : value,
  }) as const;
export const remove = (key: string) => ({ kind: 'delete', key: utf8(key) }) as const;

export interface Committed {
  readonly version: bigint;
  readonly seqs: readonly bigint[];
  readonly minted: readonly bigint[];
}

export async function mustCommit(store: MetadataStore, transaction: Partial<Transaction>): Promise<Committed> {
  const outcome = await store.commit({ checks: [], writes: [], ...transaction });
  assert.equal(outcome.kind, 'committed');
  return outcome;
}

export async function getOne(store: MetadataStore, key: string): Promise<Row | undefined> {
  return (await store.get([utf8(key)]))[0];
}
