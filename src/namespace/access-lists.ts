import type { AccessList } from '../model/access-list.ts';
import type { Bucket } from '../model/bucket.ts';
import type { BucketName } from '../model/ids.ts';
import type { NamedObject } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { bucketEntry } from './bucket-entry.ts';
import { bucketWrite } from './bucket-write.ts';
import { getBucket, readForBucketChange } from './buckets.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { addressedRow, assertKeptHere, namedObject, readBucket, readForChange } from './object-access.ts';
import { objectTransaction } from './object-transaction.ts';
import { getObject, type ObjectAddress } from './read-object.ts';
import {
  assertNotPublic,
  bucketAcl,
  defaultObjectAcl,
  notWithUniformAccess,
  objectAcl,
  ownerOf,
  withBucketLists,
  withObjectAcl,
} from './rules/access.ts';
import { changedList, type GrantChange, projectOwners } from './rules/access-list.ts';
import { hasUniformAccess } from './rules/bucket-settings.ts';
import { attributesOf, changedState, withAccessOf } from './rules/new-state.ts';

/**
 * The entries of access lists, one by one: methods of bucketAccessControls, defaultObjectAccessControls and
 * objectAccessControls. Each change moves the metageneration of what the list is of.
 */

export type BucketListName = 'acl' | 'defaultObjectAcl';

export interface BucketListAddress {
  readonly bucket: BucketName;
  readonly list: BucketListName;
}

export interface BucketList {
  readonly bucket: Bucket;
  readonly list: AccessList;
}

export async function getBucketList(
  deps: NamespaceDeps,
  input: { readonly address: BucketListAddress; readonly preconditions: Preconditions },
): Promise<BucketList> {
  const { address, preconditions } = input;
  const bucket = await getBucket(deps, { name: address.bucket, preconditions });
  assertKeptHere(deps, bucket);
  if (hasUniformAccess(bucket))
    throw notWithUniformAccess('Cannot get legacy ACL for a bucket', 'that has uniform bucket-level access');
  return { bucket, list: listOf(bucket, address.list) };
}

export async function changeBucketList(
  deps: NamespaceDeps,
  input: { readonly address: BucketListAddress; readonly change: GrantChange },
): Promise<BucketList> {
  const { address, change } = input;
  return decideAndCommit(deps, async () => {
    const { bucket, unchanged } = await readForBucketChange(deps, { name: address.bucket, preconditions: {} });
    if (hasUniformAccess(bucket)) throw notWithUniformAccess('Cannot use ACL API to update bucket policy');
    const isOwn = address.list === 'acl';
    const rule = isOwn
      ? { kind: 'bucket' as const, owner: projectOwners(bucket.project) }
      : { kind: 'object' as const };
    const list = changedList(listOf(bucket, address.list), change, rule);
    if (change.kind !== 'remove')
      assertNotPublic(
        bucket,
        list.filter(({ entity }) => entity === change.entity),
      );
    const lists = { acl: bucketAcl(bucket), defaultObjectAcl: defaultObjectAcl(bucket), [address.list]: list };
    const nowMs = Math.max(deps.clock.nowMs(), bucket.updatedMs);
    const after = withBucketLists(bucket, lists, nowMs);
    const transaction = {
      checks: [unchanged],
      writes: [bucketWrite(unchanged.key, after)],
      appends: [bucketEntry(after, 'bucketPatch', nowMs)],
    };
    return { kind: 'commit', transaction, result: () => ({ bucket: after, list: listOf(after, address.list) }) };
  });
}

function listOf(bucket: Bucket, list: BucketListName): AccessList {
  return list === 'acl' ? bucketAcl(bucket) : defaultObjectAcl(bucket);
}

export interface ObjectList {
  readonly object: NamedObject;
  readonly list: AccessList;
}

export async function getObjectList(deps: NamespaceDeps, address: ObjectAddress): Promise<ObjectList> {
  const bucket = await readBucket(deps.metadata, address.bucket);
  assertKeptHere(deps, bucket);
  const object = await getObject(deps, { address, preconditions: {} });
  if (hasUniformAccess(bucket)) throw notWithUniformAccess('Cannot get legacy ACL for an object');
  return { object, list: objectAcl(bucket, object.state) };
}

export async function changeObjectList(
  deps: NamespaceDeps,
  input: { readonly address: ObjectAddress; readonly change: GrantChange },
): Promise<ObjectList> {
  const { address, change } = input;
  return decideAndCommit(deps, async () => {
    const { objects, ...target } = await readForChange(deps, address.bucket, [address]);
    const [read] = objects;
    if (read === undefined) throw new RangeError('one name was asked for');
    const { bucket } = target;
    const { row, state } = addressedRow(address, read);
    if (hasUniformAccess(bucket)) throw notWithUniformAccess(REFUSED[change.kind]);
    const list = changedList(objectAcl(bucket, state), change, { kind: 'object', owner: ownerOf(state) });
    if (change.kind !== 'remove')
      assertNotPublic(
        bucket,
        list.filter(({ entity }) => entity === change.entity),
      );
    const nowMs = deps.clock.nowMs();
    const changed = changedState(state, attributesOf(state), nowMs);
    const after = withAccessOf(changed, withObjectAcl(bucket, state, list));
    const { transaction } = objectTransaction(deps, target, [{ op: 'patch', object: row, after }], nowMs);
    const object = namedObject(bucket, address.name, after);
    return { kind: 'commit', transaction, result: () => ({ object, list: objectAcl(bucket, after) }) };
  });
}

/** As GCS words it. */
const REFUSED: Readonly<Record<GrantChange['kind'], string>> = {
  insert: 'Cannot insert legacy ACL for an object',
  change: 'Cannot update access control for an object',
  replace: 'Cannot update access control for an object',
  remove: 'Cannot delete legacy ACL for an object',
};
