import type { NewObjectAccess } from '../model/access-list.ts';
import type { Bucket } from '../model/bucket.ts';
import type { CustomerKey, EncryptionChoice } from '../model/encryption.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName, ObjectName } from '../model/ids.ts';
import type { NamedObject, ObjectAttributes, ObjectState } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import type { Check } from '../stores/metadata/port.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { assertReplaceable, commitInsert, type InsertTarget, readTarget } from './insert-object.ts';
import {
  addressed,
  addressedRow,
  liveBlobs,
  namedObject,
  type ReadObject,
  readBucket,
  readForChange,
  readRows,
} from './object-access.ts';
import { alongside, objectTransaction } from './object-transaction.ts';
import { getObject, type ObjectAddress, openObject } from './read-object.ts';
import { blobsOfContent, unchanged } from './rows/references.ts';
import { assertAttributes } from './rules/attributes.ts';
import { assertChoice, chosenEncryption, inOneDomain, judgeKey } from './rules/encryption.ts';
import { assertObjectName } from './rules/names.ts';
import { attributesOf, factsOf, judgeExpected, newState, withAccessOf, withEncryption } from './rules/new-state.ts';
import { withoutProtection } from './rules/object-retention.ts';
import { judgePreconditions } from './rules/preconditions.ts';
import { dropStaged, stageContent } from './staged-content.ts';

export type { ComposeInput } from './compose-object.ts';

/** Copies, moves and compositions are metadata transactions over shared segments: O(1) in bytes. */
export interface CopyInput extends EncryptionChoice {
  readonly source: ObjectAddress;
  readonly sourcePreconditions: Preconditions;
  readonly destination: { readonly bucket: BucketName; readonly name: ObjectName };
  readonly preconditions: Preconditions;
  /** Absent: the source's attributes are copied. Present: they replace the source's, all but the contexts. */
  readonly attributes?: ObjectAttributes;
  /** The source's key, when it is encrypted by one. `customerKey` and `kmsKeyName` are the copy's. */
  readonly sourceKey?: CustomerKey;
  /** A copy does not have its source's access list. A move keeps it. */
  readonly access?: NewObjectAccess;
  /** Contexts of the source are left behind. */
  readonly dropsContexts?: boolean;
}

/**
 * objects.copy. Within one sharing domain no bytes move. Across it, and of content that is only at the owner, they are
 * read and written again before the call ends. The copy has the storage class the request names, else its bucket's.
 */
export async function copyObject(deps: NamespaceDeps, input: CopyInput): Promise<NamedObject> {
  const { destination } = input;
  assertObjectName(destination.name);
  assertAttributes(input.attributes ?? {});
  assertChoice(input);
  const target = { ...destination, preconditions: input.preconditions };
  return decideAndCommit<NamedObject | 'elsewhere'>(deps, async () => {
    const read = await readSource(deps, input);
    const { object, ...into } = await readTarget(deps, target);
    if (!sharesSegments(read, into.bucket, input)) return { kind: 'done', result: 'elsewhere' };
    const blobs = await liveBlobs(deps.metadata, blobsOfContent(read.live.content));
    if (blobs === undefined) return { kind: 'again' };
    const nowMs = deps.clock.nowMs();
    const attributes = copiedAttributes(input, read.live);
    const facts = withEncryption(factsOf(read.live), chosenEncryption(input));
    const after = newState(attributes, facts, { bucket: into.bucket, nowMs, access: input.access });
    const made = objectTransaction(deps, into, [{ op: 'insert', object, after }], nowMs);
    return {
      kind: 'commit',
      transaction: alongside(made.transaction, { checks: [...read.unchanged, ...blobs] }),
      result: (committed) => namedObject(into.bucket, destination.name, made.stateOf(0, committed)),
    };
  }).then((copied) => (copied === 'elsewhere' ? copyBytes(deps, input) : copied));
}

/** Whether a copy can refer to the bytes of its source. */
export function sharesSegments(source: Source, bucket: Bucket, choice: EncryptionChoice): boolean {
  const { content, encryption } = source.live;
  if (content.kind === 'remote') return false;
  return inOneDomain({ bucket: source.bucket, encryption }, { bucket, encryption: chosenEncryption(choice) });
}

export function copiedAttributes(input: CopyInput, source: ObjectState): ObjectAttributes {
  const kept = input.dropsContexts === true || source.contexts === undefined ? {} : { contexts: source.contexts };
  if (input.attributes !== undefined) return { ...kept, ...input.attributes };
  const { storageClass: _storageClass, contexts: _contexts, ...others } = withoutProtection(attributesOf(source));
  return { ...others, ...kept };
}

/** A copy whose bytes are read, wherever they are, and stored as an upload's are. Holds none but what is on its way. */
async function copyBytes(deps: NamespaceDeps, input: CopyInput): Promise<NamedObject> {
  const { source: address, sourcePreconditions: preconditions, sourceKey, customerKey } = input;
  const object = await getObject(deps, { address, preconditions });
  const { state } = object;
  const { signal } = new AbortController();
  const key = sourceKey && { customerKey: sourceKey };
  const bytes = openObject(deps, { object, range: { start: 0, end: state.size }, signal, ...key });
  const staged = await stageContent(deps, bytes, customerKey);
  const target: InsertTarget = {
    ...input.destination,
    attributes: copiedAttributes(input, state),
    preconditions: input.preconditions,
    expected: state,
    ...(input.access && { access: input.access }),
    ...(customerKey && { customerKey }),
    ...(input.kmsKeyName !== undefined && { kmsKeyName: input.kmsKeyName }),
  };
  try {
    const refusal = judgeExpected(state, staged);
    if (refusal !== undefined) throw new StraitError('unavailable', refusal.message, {}, { cause: refusal });
    return await commitInsert(deps, target, staged);
  } catch (error) {
    await dropStaged(deps, staged, error);
    throw error;
  }
}

/** objects.move: source gone and destination there in one transaction. Same bucket. */
export async function moveObject(deps: NamespaceDeps, input: CopyInput): Promise<NamedObject> {
  const { source, destination } = input;
  assertObjectName(destination.name);
  assertAttributes(input.attributes ?? {});
  assertMovable(input);
  return decideAndCommit(deps, async () => {
    const { objects, ...into } = await readForChange(deps, source.bucket, [{ name: source.name }, destination]);
    const [from, to] = objects;
    if (from === undefined || to === undefined) throw new RangeError('two names were asked for');
    const live = addressed(source, from.live);
    const nowMs = deps.clock.nowMs();
    const { bucket } = into;
    const refusal = judgePreconditions(input.sourcePreconditions, live);
    if (refusal !== undefined) throw refusal;
    assertReplaceable({ ...destination, bucket, preconditions: input.preconditions }, to, nowMs);
    const context = { bucket, nowMs, isCarried: input.attributes === undefined };
    const moved = newState(input.attributes ?? attributesOf(live), factsOf(live), context);
    const after = withAccessOf(moved, live);
    const changes = [
      { op: 'insert' as const, object: to, after },
      { op: 'delete' as const, object: from, state: live },
    ];
    const made = objectTransaction(deps, into, changes, nowMs);
    return {
      kind: 'commit',
      transaction: made.transaction,
      result: (committed) => namedObject(bucket, destination.name, made.stateOf(0, committed)),
    };
  });
}

function assertMovable({ source, destination }: CopyInput): void {
  if (source.bucket !== destination.bucket) {
    throw new StraitError('invalidArgument', 'an object moves within its bucket', { field: 'destinationBucket' });
  }
  if (source.name === destination.name) {
    throw new StraitError('invalidArgument', 'the source and destination of a move are the same name', {
      field: 'destinationObject',
    });
  }
}

export interface Source {
  readonly bucket: Bucket;
  /** Live, or the noncurrent version of the generation that was asked for. */
  readonly live: ObjectState;
  /** The row is still as it was read, and where it was. */
  readonly unchanged: readonly Check[];
}

/** The source may be in a bucket that another site owns: it is only read. */
export async function readSource(
  deps: NamespaceDeps,
  { source: address, sourcePreconditions, sourceKey }: Pick<CopyInput, 'source' | 'sourcePreconditions' | 'sourceKey'>,
): Promise<Source> {
  const bucket = await readBucket(deps.metadata, address.bucket);
  const object = await readRows(deps.metadata, bucket, address);
  const isStaged = object.faces?.setId !== undefined;
  const { row, state } = isStaged
    ? { row: object, state: await shownOf(deps, address) }
    : addressedRow(address, object);
  const refusal =
    judgePreconditions(sourcePreconditions, state) ??
    judgeKey(state.encryption, sourceKey, { side: 'source', isForBytes: true });
  if (refusal !== undefined) throw refusal;
  return { bucket, live: state, unchanged: sameRows([row, ...object.steps]) };
}

function sameRows(rows: readonly Pick<ReadObject, 'key' | 'row'>[]): readonly Check[] {
  return rows.map(({ key, row }) => unchanged(key, row));
}

async function shownOf(deps: NamespaceDeps, address: ObjectAddress): Promise<ObjectState> {
  return (await getObject(deps, { address, preconditions: {} })).state;
}
