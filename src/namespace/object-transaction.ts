import type { Bucket } from '../model/bucket.ts';
import type { ObjectFaces } from '../model/faces.ts';
import { type FolderId, generation } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import { randomHex } from '../runtime/random.ts';
import type { Append, Check, Mint, Stamp, Transaction, Write } from '../stores/metadata/port.ts';
import type { Committed } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { hasFolders } from './folders/resolve.ts';
import { type ReadObject, type ReadVersion, retentionOfNamed, type WriteTarget } from './object-access.ts';
import { encodeFolder } from './rows/folder-row.ts';
import {
  ENTRY_GENERATION_OFFSET,
  encodeJournal,
  type FateRecord,
  folderEntry,
  type JournalRecord,
  journalState,
} from './rows/journal.ts';
import { type Holder, hardDeleteKey, noncurrentKey, softDeletedKey, type VersionPlace } from './rows/keys.ts';
import { encodeObjectRow, GENERATION_OFFSET } from './rows/object-row.ts';
import { allReferenceWrites, blobsOf, blobsOfContent, type HolderChange, unchanged } from './rows/references.ts';
import { encodeHardDelete, encodeVersion } from './rows/version-rows.ts';
import { isHierarchical } from './rules/bucket-settings.ts';
import { type Fate, fateOf } from './rules/fate.ts';
import { assertNameInFolders } from './rules/folder-names.ts';
import { judgeRetentionChange } from './rules/object-retention.ts';
import { judgeKept } from './rules/retention.ts';

/**
 * One version that a transaction changes. `insert` makes a new live generation, minted by the store at commit; what was
 * live before has the fate that the bucket's settings decide.
 */
export type ObjectChange =
  | {
      readonly op: 'insert';
      readonly object: ReadObject;
      readonly after: ObjectState;
      /** The soft-deleted version that the new one is a copy of. */
      readonly restored?: ReadVersion;
    }
  | {
      readonly op: 'patch';
      readonly object: ReadObject | ReadVersion;
      readonly after: ObjectState;
      /** The request says that it means to loosen or lock an unlocked retention. */
      readonly overridesUnlocked?: boolean;
    }
  | {
      readonly op: 'delete';
      readonly object: ReadObject | ReadVersion;
      readonly state: ObjectState;
      /** The request names the generation: versioning does not keep it. */
      readonly isForGood?: boolean;
    };

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
 * Rows, references, journal entries and mints of the changes: all or nothing. The journal gets one entry per change, in
 * this order. Whoever asks for it, and whatever was judged before: what a hold or a retention keeps is not lost, nor is
 * a retention loosened, and the transaction checks that the rows that say so are as they were read.
 */
export function objectTransaction(
  deps: NamespaceDeps,
  target: WriteTarget,
  changes: readonly ObjectChange[],
  nowMs: number,
): ObjectTransaction {
  const build = new TransactionBuilder(deps, target, nowMs);
  for (const change of changes) build.add(change);
  const transaction = build.finish();
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
  readonly #target: WriteTarget;
  readonly #bucket: Bucket;
  readonly #nowMs: number;
  readonly #checks: Check[] = [];
  readonly #writes: Write[] = [];
  readonly #appends: Append[] = [];
  readonly #mints: Mint[] = [];
  readonly #references: HolderChange[] = [];
  /** Of each change: its state, and the mint that completes it. */
  readonly #results: Result[] = [];
  readonly #madeFolders = new Set<FolderId>();
  /** Settings of the bucket decided something, such as the fate or the hold of a version: they must be as they were. */
  #isBySettings = false;

  constructor(deps: NamespaceDeps, target: WriteTarget, nowMs: number) {
    this.#deps = deps;
    this.#target = target;
    this.#bucket = target.bucket;
    this.#nowMs = nowMs;
  }

  add(change: ObjectChange): void {
    this.#checks.push(unchanged(change.object.key, change.object.row));
    switch (change.op) {
      case 'insert':
        this.#insert(change);
        break;
      case 'patch':
        this.#patch(change);
        break;
      case 'delete':
        this.#delete(change);
        break;
    }
  }

  finish(): Transaction {
    const { alive, sameSettings, sameFolders } = this.#target;
    return {
      checks: [alive, ...(this.#isBySettings ? [sameSettings] : []), ...sameFolders, ...this.#checks],
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

  #insert({ object, after, restored }: Extract<ObjectChange, { op: 'insert' }>): void {
    if (hasFolders(this.#bucket)) assertNameInFolders(object.name);
    this.#makeFolders(object);
    const mint = this.#mint();
    this.#putLive(object, after, mint);
    const { live } = object;
    const fate = live === undefined ? undefined : this.#keep(object, live, false);
    this.#isBySettings = true;
    this.#results.push({ state: after, mint });
    this.#append('insert', object, after, {
      mint,
      more: {
        ...(live === undefined || fate === undefined
          ? {}
          : { replaced: { generation: live.generation.toString(), ...this.#told(live), ...fate } }),
        ...(restored === undefined ? {} : { restored: restored.state.generation.toString() }),
      },
    });
    if (restored !== undefined) this.#checks.push(unchanged(restored.key, restored.row));
  }

  /** Those of the name that are not there yet, once for all names in them. */
  #makeFolders({ steps }: ReadObject): void {
    for (const { key, row, folder } of steps) {
      if (row !== undefined || this.#madeFolders.has(folder.id)) continue;
      this.#madeFolders.add(folder.id);
      this.#writes.push({ kind: 'put', key, value: encodeFolder(folder) });
      this.#appends.push(folderEntry(this.#bucket, { op: 'folderInsert', name: folder.name, timeMs: this.#nowMs }));
    }
  }

  #patch({ object, after, overridesUnlocked = false }: Extract<ObjectChange, { op: 'patch' }>): void {
    const before = object.kind === 'live' ? object.live : object.state;
    if (before === undefined) throw new RangeError('there is no version to patch');
    const place = { bucket: this.#bucket, nowMs: this.#nowMs, overridesUnlocked };
    const refusal = judgeRetentionChange(before, after, place);
    if (refusal !== undefined) throw refusal;
    if (object.kind === 'live') this.#putLive(object, after);
    else this.#putVersion(object.kind, object.place, after);
    this.#results.push({ state: after });
    this.#append('patch', object, after, { more: versionOf(object) });
  }

  #delete({ object, state, isForGood = false }: Extract<ObjectChange, { op: 'delete' }>): void {
    this.#writes.push({ kind: 'delete', key: object.key });
    this.#refer(object, undefined);
    const fate = this.#keep(object, state, isForGood);
    this.#results.push({ state });
    this.#append('delete', object, state, { more: { ...versionOf(object), fate } });
  }

  #putLive(object: ReadObject, state: ObjectState, mint?: number): void {
    const faces: ObjectFaces = { published: state, applied: { kind: 'same' } };
    const value = encodeObjectRow(faces);
    this.#writes.push({ kind: 'put', key: object.key, value, ...stampsFor(mint, GENERATION_OFFSET) });
    this.#refer(object, faces);
  }

  #putVersion(kind: ReadVersion['kind'], place: VersionPlace, state: ObjectState): void {
    const key = kind === 'noncurrent' ? noncurrentKey(place) : softDeletedKey(place);
    this.#writes.push({ kind: 'put', key, value: encodeVersion(state) });
  }

  /**
   * Every loss of a version passes here. One that is overwritten or deleted stays if the bucket's settings say so: its
   * blobs get another holder.
   */
  #keep(object: ReadObject | ReadVersion, state: ObjectState, isForGood: boolean): FateRecord {
    this.#isBySettings = true;
    const loss = { bucket: this.#bucket, name: object.name, nowMs: this.#nowMs, isForGood };
    const refusal = judgeKept(loss, state);
    if (refusal !== undefined) throw refusal;
    const fate = fateOf(state, { bucket: this.#bucket, nowMs: this.#nowMs, isForGood });
    if (fate.kind === 'gone') return { became: 'gone' };
    const token = this.#restoreToken(fate);
    const kept = { ...fate.state, ...token };
    const { id: bucketId, name: bucket, scopeId } = this.#bucket;
    const place: VersionPlace = { bucketId, name: object.name, generation: state.generation, ...token };
    this.#putVersion(fate.kind, place, kept);
    const after = blobsOfContent(state.content);
    this.#references.push({ holder: { kind: fate.kind, place }, before: new Set(), after });

    if (fate.kind === 'noncurrent') return { became: 'noncurrent' };
    const { hardDeleteTimeMs } = fate.state;
    const value = encodeHardDelete({ bucket, scopeId });
    this.#writes.push({ kind: 'put', key: hardDeleteKey(hardDeleteTimeMs, place), value });
    return { became: 'softDeleted', hardDeleteTimeMs, ...token };
  }

  /** A folder's rename may bring a second object of the same name and generation under a soft-deleted one's name. */
  #restoreToken(fate: Fate): { readonly restoreToken?: string } {
    const isNeeded = fate.kind === 'softDeleted' && isHierarchical(this.#bucket);
    return isNeeded ? { restoreToken: randomHex(this.#deps.random, 8) } : {};
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

  #refer(object: ReadObject | ReadVersion, after: ObjectFaces | undefined): void {
    const before = object.kind === 'live' ? blobsOf(object.faces) : blobsOfContent(object.state.content);
    this.#references.push({ holder: holderOf(object), before, after: blobsOf(after) });
  }

  #told(state: ObjectState) {
    return { state: journalState(state), ...retentionOfNamed(this.#bucket, state) };
  }

  #append(
    op: ObjectChange['op'],
    object: ReadObject | ReadVersion,
    state: ObjectState,
    parts: {
      readonly mint?: number;
      readonly more: Partial<Extract<JournalRecord, { op: 'insert' | 'patch' | 'delete' }>>;
    },
  ): void {
    const value = encodeJournal(
      {
        op,
        bucket: this.#bucket.name,
        name: object.name,
        metageneration: state.metageneration.toString(),
        timeMs: this.#nowMs,
        ...this.#told(state),
        ...parts.more,
      },
      state.generation,
    );
    const stamps = stampsFor(parts.mint, ENTRY_GENERATION_OFFSET);
    this.#appends.push({ journal: this.#bucket.scopeId, value, ...stamps });
  }
}

function holderOf(object: ReadObject | ReadVersion): Holder {
  return object.kind === 'live' ? { kind: 'object', place: object.place } : { kind: object.kind, place: object.place };
}

function versionOf(object: ReadObject | ReadVersion): { readonly version?: ReadVersion['kind'] } {
  return object.kind === 'live' ? {} : { version: object.kind };
}

/** The stamp that puts a minted generation into a value. */
export function stampsFor(mint: number | undefined, offset: number): { readonly stamps?: readonly Stamp[] } {
  return mint === undefined ? {} : { stamps: [{ kind: 'generation', mint, offset }] };
}
