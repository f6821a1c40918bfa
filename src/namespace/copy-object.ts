import { StraitError } from '../model/errors.ts';
import type { BucketName, ObjectName } from '../model/ids.ts';
import type { NamedObject, ObjectAttributes, ObjectState } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import type { Check } from '../stores/metadata/port.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { assertReplaceable, commitInsert, type InsertTarget, readTarget } from './insert-object.ts';
import { addressed, addressedRow, liveBlobs, readBucket, readForChange, readRows } from './object-access.ts';
import { alongside, objectTransaction } from './object-transaction.ts';
import { getObject, type ObjectAddress, openObject } from './read-object.ts';
import { blobsOfContent, unchanged } from './rows/references.ts';
import { assertAttributes } from './rules/attributes.ts';
import { assertObjectName } from './rules/names.ts';
import { attributesOf, factsOf, judgeExpected, judgeHolds, newState } from './rules/new-state.ts';
import { judgePreconditions } from './rules/preconditions.ts';
import { dropStaged, stageContent } from './staged-content.ts';

export type { ComposeInput } from './compose-object.ts';

/** Copies, moves and compositions are metadata transactions over shared segments: O(1) in bytes. */
export interface CopyInput {
  readonly source: ObjectAddress;
  readonly sourcePreconditions: Preconditions;
  readonly destination: { readonly bucket: BucketName; readonly name: ObjectName };
  readonly preconditions: Preconditions;
  /** Absent: the source's attributes are copied. Present: they replace the source's, all of them. */
  readonly attributes?: ObjectAttributes;
}

/**
 * objects.copy and objects.rewrite (inside one sharing domain a rewrite ends in its first call). The copy has the
 * storage class the request names, else its bucket's. Content that is only at the owner is fetched first.
 */
export async function copyObject(deps: NamespaceDeps, input: CopyInput): Promise<NamedObject> {
  const { source, destination } = input;
  assertObjectName(destination.name);
  assertAttributes(input.attributes ?? {});
  const target = { ...destination, preconditions: input.preconditions };
  return decideAndCommit<NamedObject | 'remote'>(deps, async () => {
    const read = await readSource(deps, source, input.sourcePreconditions);
    const { object, ...into } = await readTarget(deps, target);
    if (read.live.content.kind === 'remote') return { kind: 'done', result: 'remote' };
    const blobs = await liveBlobs(deps.metadata, blobsOfContent(read.live.content));
    if (blobs === undefined) return { kind: 'again' };
    const nowMs = deps.clock.nowMs();
    const attributes = copiedAttributes(input, read.live);
    const after = newState(attributes, factsOf(read.live), { bucket: into.bucket, nowMs });
    const made = objectTransaction(deps, into, [{ op: 'insert', object, after }], nowMs);
    return {
      kind: 'commit',
      transaction: alongside(made.transaction, { checks: [read.unchanged, ...blobs] }),
      result: (committed) => ({ ...destination, state: made.stateOf(0, committed) }),
    };
  }).then((copied) => (copied === 'remote' ? copyBytes(deps, input) : copied));
}

function copiedAttributes(input: CopyInput, source: ObjectState): ObjectAttributes {
  if (input.attributes !== undefined) return input.attributes;
  const { storageClass: _storageClass, temporaryHold: _t, eventBasedHold: _e, ...attributes } = attributesOf(source);
  return attributes;
}

/** A copy of content that is not at this site: its bytes come by read-through and are stored as an upload's are. */
async function copyBytes(deps: NamespaceDeps, input: CopyInput): Promise<NamedObject> {
  const object = await getObject(deps, { address: input.source, preconditions: input.sourcePreconditions });
  const { state } = object;
  const { signal } = new AbortController();
  const staged = await stageContent(deps, openObject(deps, { object, range: { start: 0, end: state.size }, signal }));
  const target: InsertTarget = {
    ...input.destination,
    attributes: copiedAttributes(input, state),
    preconditions: input.preconditions,
    expected: state,
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
    const refusal = judgePreconditions(input.sourcePreconditions, live) ?? judgeHolds(source.bucket, source.name, live);
    if (refusal !== undefined) throw refusal;
    assertReplaceable({ ...destination, preconditions: input.preconditions }, to);
    const nowMs = deps.clock.nowMs();
    const after = newState(input.attributes ?? attributesOf(live), factsOf(live), { bucket: into.bucket, nowMs });
    const changes = [
      { op: 'insert' as const, object: to, after },
      { op: 'delete' as const, object: from, state: live },
    ];
    const made = objectTransaction(deps, into, changes, nowMs);
    return {
      kind: 'commit',
      transaction: made.transaction,
      result: (committed) => ({ ...destination, state: made.stateOf(0, committed) }),
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

interface Source {
  /** Live, or the noncurrent version of the generation that was asked for. */
  readonly live: ObjectState;
  /** The row is still as it was read. */
  readonly unchanged: Check;
}

/** The source may be in a bucket that another site owns: it is only read. */
async function readSource(deps: NamespaceDeps, address: ObjectAddress, conditions: Preconditions): Promise<Source> {
  const bucket = await readBucket(deps.metadata, address.bucket);
  const object = await readRows(deps.metadata, bucket, address);
  const isStaged = object.faces?.setId !== undefined;
  const { row, state } = isStaged
    ? { row: object, state: await shownOf(deps, address) }
    : addressedRow(address, object);
  const refusal = judgePreconditions(conditions, state);
  if (refusal !== undefined) throw refusal;
  return { live: state, unchanged: unchanged(row.key, row.row) };
}

async function shownOf(deps: NamespaceDeps, address: ObjectAddress): Promise<ObjectState> {
  return (await getObject(deps, { address, preconditions: {} })).state;
}
