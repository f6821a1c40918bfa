import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import type { ObjectFaces } from '../model/faces.ts';
import { type FolderId, generation } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import { randomHex } from '../runtime/random.ts';
import {
  type Append,
  type Check,
  LIMITS,
  type Mint,
  type Stamp,
  type Transaction,
  type Write,
} from '../stores/metadata/port.ts';
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
  journalState,
  type ObjectRecord,
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
  const batch = new ObjectBatch(deps, target, nowMs);
  for (const change of changes) batch.add(change);
  const transaction = batch.finish();
  return {
    transaction,
    stateOf: (index, committed) => batch.stateOf(index, committed),
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

/** What a batch may grow to before it is full: below the port's limits, whatever one change more comes to. */
const BATCH_MAX = { writes: LIMITS.writesPerCommitMax * 0.7, bytes: LIMITS.bytesPerCommitMax * 0.7 } as const;

/** Room that a version leaves in its row and in its entry of the journal, so that it can always be lost. */
const LOSABLE_BYTES_MAX = LIMITS.valueBytesMax - 256;

/** Such a transaction, put together change by change until it is full. */
export class ObjectBatch {
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
  /** Of writes and entries so far, counting as many references as there may be. */
  readonly #size = { writes: 0, bytes: 0 };

  constructor(deps: NamespaceDeps, target: WriteTarget, nowMs: number) {
    this.#deps = deps;
    this.#target = target;
    this.#bucket = target.bucket;
    this.#nowMs = nowMs;
  }

  /** Whether one change more might not fit. */
  get isFull(): boolean {
    return this.#size.writes > BATCH_MAX.writes || this.#size.bytes > BATCH_MAX.bytes;
  }

  add(change: ObjectChange): void {
    const [writes, appends, references] = [this.#writes.length, this.#appends.length, this.#references.length];
    this.#make(change);
    for (const write of this.#writes.slice(writes)) this.#grow(1, bytesOf(write));
    for (const { value } of this.#appends.slice(appends)) this.#grow(0, value.length);
    for (const { before, after } of this.#references.slice(references)) {
      const count = 2 * before.size + after.size;
      this.#grow(count, count * LIMITS.keyBytesMax);
    }
  }

  #grow(writes: number, bytes: number): void {
    this.#size.writes += writes;
    this.#size.bytes += bytes;
  }

  #make(change: ObjectChange): void {
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
    const replaced = live && {
      generation: live.generation.toString(),
      ...this.#told(live),
      ...this.#keep(object, live, false),
    };
    this.#isBySettings = true;
    this.#results.push({ state: after, mint });
    const more = restored === undefined ? {} : { restored: restored.state.generation.toString() };
    this.#appendInsert(object, after, { mint, replaced, more });
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
    this.#append(losable(this.#entry('patch', object, after, versionOf(object))));
  }

  #delete({ object, state, isForGood = false }: Extract<ObjectChange, { op: 'delete' }>): void {
    this.#writes.push({ kind: 'delete', key: object.key });
    this.#refer(object, undefined);
    const fate = this.#keep(object, state, isForGood);
    this.#results.push({ state });
    this.#append(this.#entry('delete', object, state, { ...versionOf(object), fate }));
  }

  #putLive(object: ReadObject, state: ObjectState, mint?: number): void {
    const faces: ObjectFaces = { published: state, applied: { kind: 'same' } };
    const value = losable(encodeObjectRow(faces));
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

  /** In one entry with what it replaces, or in two when that is too much for one. */
  #appendInsert(
    object: ReadObject,
    after: ObjectState,
    { mint, replaced, more }: { readonly mint: number; readonly replaced: Replaced | undefined; readonly more: Told },
  ): void {
    const whole = this.#entry('insert', object, after, { ...more, ...(replaced && { replaced }) });
    if (replaced === undefined || whole.length <= LOSABLE_BYTES_MAX) {
      this.#append(losable(whole), mint);
      return;
    }
    const { name } = object;
    const first = { op: 'replace' as const, bucket: this.#bucket.name, name, timeMs: this.#nowMs, replaced };
    this.#append(encodeJournal(first), mint);
    const { generation: overwrote } = replaced;
    this.#append(losable(this.#entry('insert', object, after, { ...more, overwrote })), mint);
  }

  #entry(op: ObjectChange['op'], object: ReadObject | ReadVersion, state: ObjectState, more: Told): Uint8Array {
    const record = {
      op,
      bucket: this.#bucket.name,
      name: object.name,
      metageneration: state.metageneration.toString(),
      timeMs: this.#nowMs,
      ...this.#told(state),
      ...more,
    };
    return encodeJournal(record, state.generation);
  }

  #append(value: Uint8Array, mint?: number): void {
    this.#appends.push({ journal: this.#bucket.scopeId, value, ...stampsFor(mint, ENTRY_GENERATION_OFFSET) });
  }
}

type Told = Partial<ObjectRecord>;
type Replaced = NonNullable<ObjectRecord['replaced']>;

function bytesOf(write: Write): number {
  return write.key.length + (write.kind === 'put' ? write.value.length : 0);
}

/** `invalidArgument` when it leaves no room for what the loss of the version is to say. */
function losable(value: Uint8Array): Uint8Array {
  if (value.length <= LOSABLE_BYTES_MAX) return value;
  const message =
    `The object resource is too large: ${value.length} bytes of at most ${LOSABLE_BYTES_MAX}. ` +
    'Take something out of its metadata, contexts or access list.';
  throw new StraitError('invalidArgument', message, {});
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
