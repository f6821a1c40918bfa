import { StraitError } from '../model/errors.ts';
import type { BucketName, ObjectName } from '../model/ids.ts';
import type { NamedObject, ObjectAttributes, ObjectState } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import type { Check } from '../stores/metadata/port.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { assertReplaceable, commitInsert, type InsertTarget, readTarget } from './insert-object.ts';
import { addressed, liveBlobs, readBucket, readForChange } from './object-access.ts';
import { alongside, objectTransaction } from './object-transaction.ts';
import { getObject, type ObjectAddress, openObject } from './read-object.ts';
import { flatPlace, objectKey } from './rows/keys.ts';
import { decodeObjectRow } from './rows/object-row.ts';
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
    const { bucket, alive, object } = await readTarget(deps, target);
    if (read.live.content.kind === 'remote') return { kind: 'done', result: 'remote' };
    const blobs = await liveBlobs(deps.metadata, blobsOfContent(read.live.content));
    if (blobs === undefined) return { kind: 'again' };
    const nowMs = deps.clock.nowMs();
    const attributes = copiedAttributes(input, read.live);
    const after = newState(attributes, factsOf(read.live), { bucket, nowMs });
    const made = objectTransaction(deps, { bucket, alive }, [{ op: 'insert', object, after }], nowMs);
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
    const { bucket, alive, objects } = await readForChange(deps, source.bucket, [source.name, destination.name]);
    const [from, to] = objects;
    if (from === undefined || to === undefined) throw new RangeError('two names were asked for');
    const live = addressed(source, from.live);
    const refusal = judgePreconditions(input.sourcePreconditions, live) ?? judgeHolds(source.bucket, source.name, live);
    if (refusal !== undefined) throw refusal;
    assertReplaceable({ ...destination, preconditions: input.preconditions }, to);
    const nowMs = deps.clock.nowMs();
    const after = newState(input.attributes ?? attributesOf(live), factsOf(live), { bucket, nowMs });
    const changes = [
      { op: 'insert' as const, object: to, after },
      { op: 'delete' as const, object: from, live },
    ];
    const made = objectTransaction(deps, { bucket, alive }, changes, nowMs);
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
  readonly live: ObjectState;
  /** The row is still as it was read. */
  readonly unchanged: Check;
}

/** The source may be in a bucket that another site owns: it is only read. */
async function readSource(deps: NamespaceDeps, address: ObjectAddress, conditions: Preconditions): Promise<Source> {
  const { metadata } = deps;
  const bucket = await readBucket(metadata, address.bucket);
  const key = objectKey(flatPlace(bucket.id, address.name));
  const [row] = await metadata.get([key]);
  const faces = row === undefined ? undefined : decodeObjectRow(row.value);
  const shown = faces?.setId === undefined ? faces?.published : await shownOf(deps, address);
  const live = addressed(address, shown);
  const refusal = judgePreconditions(conditions, live);
  if (refusal !== undefined) throw refusal;
  return { live, unchanged: unchanged(key, row) };
}

async function shownOf(deps: NamespaceDeps, address: ObjectAddress): Promise<ObjectState> {
  return (await getObject(deps, { address, preconditions: {} })).state;
}
