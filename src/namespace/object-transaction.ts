import type { Bucket } from '../model/bucket.ts';
import type { ObjectFaces } from '../model/faces.ts';
import { generation } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import type { Append, Check, Mint, Stamp, Transaction, Write } from '../stores/metadata/port.ts';
import type { Committed } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import type { ReadObject, WritableBucket } from './object-access.ts';
import { ENTRY_GENERATION_OFFSET, encodeJournal, journalState } from './rows/journal.ts';
import { encodeObjectRow, GENERATION_OFFSET } from './rows/object-row.ts';
import { allReferenceWrites, blobsOf, type HolderChange, unchanged } from './rows/references.ts';

/** One name that a transaction changes. `insert` makes a new generation, minted by the store at commit. */
export type ObjectChange =
  | { readonly op: 'insert'; readonly object: ReadObject; readonly after: ObjectState }
  | { readonly op: 'patch'; readonly object: ReadObject; readonly after: ObjectState }
  | { readonly op: 'delete'; readonly object: ReadObject; readonly live: ObjectState };

/** What else goes into the transaction. */
export interface Alongside {
  readonly checks?: readonly Check[];
  readonly writes?: readonly Write[];
}

/** A transaction that changes names of one bucket, and how to read the new states off its outcome. */
export interface ObjectTransaction {
  readonly transaction: Transaction;
  /** The state change number `index` made. */
  readonly stateOf: (index: number, committed: Committed) => ObjectState;
}

/**
 * Rows, references, journal entries and mints of the changes: all or nothing. The journal gets one entry per name, in
 * this order.
 */
export function objectTransaction(
  deps: NamespaceDeps,
  target: Pick<WritableBucket, 'bucket' | 'alive'>,
  changes: readonly ObjectChange[],
  nowMs: number,
): ObjectTransaction {
  const build = new TransactionBuilder(deps, target.bucket, nowMs);
  for (const change of changes) build.add(change);
  const transaction = build.finish(target.alive);
  return {
    transaction,
    stateOf: (index, committed) => build.stateOf(index, committed),
  };
}

export function alongside(transaction: Transaction, more: Alongside): Transaction {
  return {
    ...transaction,
    checks: [...transaction.checks, ...(more.checks ?? [])],
    writes: [...transaction.writes, ...(more.writes ?? [])],
  };
}

interface Result {
  readonly state: ObjectState;
  /** The mint that gives the state its generation. */
  readonly mint?: number;
}

class TransactionBuilder {
  readonly #deps: NamespaceDeps;
  readonly #bucket: Bucket;
  readonly #nowMs: number;
  readonly #checks: Check[] = [];
  readonly #writes: Write[] = [];
  readonly #appends: Append[] = [];
  readonly #mints: Mint[] = [];
  readonly #references: HolderChange[] = [];
  /** Of each change: its state, and the mint that completes it. */
  readonly #results: Result[] = [];

  constructor(deps: NamespaceDeps, bucket: Bucket, nowMs: number) {
    this.#deps = deps;
    this.#bucket = bucket;
    this.#nowMs = nowMs;
  }

  add(change: ObjectChange): void {
    const { object } = change;
    this.#checks.push(unchanged(object.key, object.row));
    if (change.op === 'delete') {
      this.#writes.push({ kind: 'delete', key: object.key });
      this.#refer(object, undefined);
      this.#results.push({ state: change.live });
      this.#append('delete', object, change.live);
      return;
    }
    const result: Result =
      change.op === 'insert' ? { state: change.after, mint: this.#mint() } : { state: change.after };
    const faces: ObjectFaces = { published: result.state, applied: { kind: 'same' } };
    const value = encodeObjectRow(faces);
    this.#writes.push({ kind: 'put', key: object.key, value, ...stampsFor(result.mint, GENERATION_OFFSET) });
    this.#refer(object, faces);
    this.#results.push(result);
    this.#append(change.op, object, result.state, result.mint);
  }

  finish(alive: Check): Transaction {
    return {
      checks: [alive, ...this.#checks],
      writes: [...this.#writes, ...allReferenceWrites(this.#references, this.#nowMs)],
      appends: this.#appends,
      mints: this.#mints,
    };
  }

  stateOf(index: number, committed: Committed): ObjectState {
    const { state, mint } = this.#resultAt(index);
    if (mint === undefined) return state;
    return { ...state, generation: generation(committed.minted[mint] ?? 0n) };
  }

  #mint(): number {
    this.#mints.push({ scope: this.#bucket.scopeId, nowMicros: this.#deps.clock.nowMicros() });
    return this.#mints.length - 1;
  }

  #resultAt(index: number): Result {
    const result = this.#results[index];
    if (result === undefined) throw new RangeError(`the transaction has no change number ${index}`);
    return result;
  }

  #refer(object: ReadObject, after: ObjectFaces | undefined): void {
    const holder = { kind: 'object' as const, place: object.place };
    this.#references.push({ holder, before: blobsOf(object.faces), after: blobsOf(after) });
  }

  #append(op: ObjectChange['op'], object: ReadObject, state: ObjectState, mint?: number): void {
    const value = encodeJournal(
      {
        op,
        bucket: this.#bucket.name,
        name: object.place.leaf,
        metageneration: state.metageneration.toString(),
        timeMs: this.#nowMs,
        ...(op === 'delete' ? {} : { state: journalState(state) }),
      },
      state.generation,
    );
    const stamps = stampsFor(mint, ENTRY_GENERATION_OFFSET);
    this.#appends.push({ journal: this.#bucket.scopeId, value, ...stamps });
  }
}

/** The stamp that puts a minted generation into a value. */
export function stampsFor(mint: number | undefined, offset: number): { readonly stamps?: readonly Stamp[] } {
  return mint === undefined ? {} : { stamps: [{ kind: 'generation', mint, offset }] };
}
