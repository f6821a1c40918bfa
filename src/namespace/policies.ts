import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName } from '../model/ids.ts';
import type { NamedObject } from '../model/object.ts';
import type { GivenPolicy, Policy } from '../model/policy.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { bucketEntry } from './bucket-entry.ts';
import { bucketWrite } from './bucket-write.ts';
import { readForBucketChange } from './buckets.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { addressedRow, assertKeptHere, namedObject, readBucket, readForChange } from './object-access.ts';
import { objectTransaction } from './object-transaction.ts';
import { getObject, type ObjectAddress } from './read-object.ts';
import { bucketPolicyPlace, policyWrites, readPolicy } from './rows/policy-rows.ts';
import {
  assertNotPublic,
  bucketAcl,
  notWithUniformAccess,
  objectAcl,
  publicAccessPrevented,
  withBucketAcl,
  withObjectAcl,
} from './rules/access.ts';
import { hasUniformAccess, isPublicAccessPrevented } from './rules/bucket-settings.ts';
import { BUCKET_ROLES, mirroredPolicy, OBJECT_ROLES, splitPolicy } from './rules/mirrored-policy.ts';
import { attributesOf, changedState, withAccessOf } from './rules/new-state.ts';
import { assertServable, checkedPolicy, heldPermissions, isPublicMember, letsEveryoneRead } from './rules/policy.ts';
import { judgePreconditions } from './rules/preconditions.ts';

/** IAM policies of buckets and objects: stored and shown. Nothing is decided by them yet. */

export interface BucketPolicy {
  readonly bucket: Bucket;
  readonly policy: Policy;
}

export async function getBucketPolicy(
  deps: NamespaceDeps,
  input: { readonly bucket: BucketName; readonly requestedVersion?: number },
): Promise<BucketPolicy> {
  return deps.metadata.snapshot(async (view) => {
    const bucket = await readBucket(view, input.bucket);
    assertKeptHere(deps, bucket);
    const { policy: rest } = await readPolicy(view, bucketPolicyPlace(bucket.id));
    const policy = mirroredPolicy(bucketAcl(bucket), rest, BUCKET_ROLES);
    assertServable(policy, input.requestedVersion);
    return { bucket, policy };
  });
}

/** The policy's version is its bucket's metageneration, which a policy moves on. */
export async function setBucketPolicy(
  deps: NamespaceDeps,
  input: { readonly bucket: BucketName; readonly policy: GivenPolicy; readonly preconditions: Preconditions },
): Promise<BucketPolicy> {
  return decideAndCommit(deps, async () => {
    const { bucket, unchanged } = await readForBucketChange(deps, { ...input, name: input.bucket });
    const place = bucketPolicyPlace(bucket.id);
    const { policy: before, parts } = await readPolicy(deps.metadata, place);
    const given = checkedPolicy(input.policy, { takesConditions: hasUniformAccess(bucket), before });
    if (isPublicAccessPrevented(bucket) && given.some(({ members }) => members.some(isPublicMember))) {
      throw publicAccessPrevented();
    }
    const { list, rest } = splitPolicy(given, BUCKET_ROLES);
    const nowMs = Math.max(deps.clock.nowMs(), bucket.updatedMs);
    const { publicObjects: _before, ...listed } = withBucketAcl(bucket, list, nowMs);
    const after: Bucket = { ...listed, ...(letsEveryoneRead(given) ? { publicObjects: true } : {}) };
    const transaction = {
      checks: [unchanged],
      writes: [bucketWrite(unchanged.key, after), ...policyWrites(place, rest, parts)],
      appends: [bucketEntry(after, 'bucketPatch', nowMs)],
    };
    const policy = mirroredPolicy(list, rest, BUCKET_ROLES);
    return { kind: 'commit', transaction, result: () => ({ bucket: after, policy }) };
  });
}

export interface ObjectPolicy {
  readonly object: NamedObject;
  readonly policy: Policy;
}

/** An object's policy is its access list, told as bindings. */
export async function getObjectPolicy(deps: NamespaceDeps, address: ObjectAddress): Promise<ObjectPolicy> {
  const bucket = await readBucket(deps.metadata, address.bucket);
  assertKeptHere(deps, bucket);
  const object = await getObject(deps, { address, preconditions: {} });
  if (hasUniformAccess(bucket)) throw notWithUniformAccess('Cannot get the policy of an object');
  return { object, policy: mirroredPolicy(objectAcl(bucket, object.state), [], OBJECT_ROLES) };
}

export async function setObjectPolicy(
  deps: NamespaceDeps,
  input: { readonly address: ObjectAddress; readonly policy: GivenPolicy; readonly preconditions: Preconditions },
): Promise<ObjectPolicy> {
  const { address } = input;
  return decideAndCommit(deps, async () => {
    const { objects, ...target } = await readForChange(deps, address.bucket, [address]);
    const [read] = objects;
    if (read === undefined) throw new RangeError('one name was asked for');
    const { bucket } = target;
    const { row, state } = addressedRow(address, read);
    const refusal = judgePreconditions(input.preconditions, state);
    if (refusal !== undefined) throw refusal;
    if (hasUniformAccess(bucket)) throw notWithUniformAccess('Cannot set the policy of an object');
    const given = checkedPolicy(input.policy, { takesConditions: false, before: [] });
    const { list, rest } = splitPolicy(given, OBJECT_ROLES);
    if (rest.length > 0) throw notOfObjects(rest);
    assertNotPublic(bucket, list);
    const nowMs = deps.clock.nowMs();
    const changed = changedState(state, attributesOf(state), nowMs);
    const after = withAccessOf(changed, withObjectAcl(bucket, state, list));
    const { transaction } = objectTransaction(deps, target, [{ op: 'patch', object: row, after }], nowMs);
    const object = namedObject(bucket, address.name, after);
    const policy = mirroredPolicy(objectAcl(bucket, after), [], OBJECT_ROLES);
    return { kind: 'commit', transaction, result: () => ({ object, policy }) };
  });
}

function notOfObjects([binding]: Policy): StraitError<'invalidArgument'> {
  const names = Object.values(OBJECT_ROLES).join(' and ');
  const message =
    `An object's policy has the roles ${names}, each principal with one of them and with an entity in an access ` +
    `list; this is not so of ${binding?.role} for ${binding?.members[0]}.`;
  return new StraitError('invalidArgument', message, { field: 'bindings' });
}

export async function testBucketPermissions(
  deps: NamespaceDeps,
  input: { readonly bucket: BucketName; readonly permissions: readonly string[] },
): Promise<readonly string[]> {
  await readBucket(deps.metadata, input.bucket);
  return heldPermissions(input.permissions);
}

export async function testObjectPermissions(
  deps: NamespaceDeps,
  input: { readonly address: ObjectAddress; readonly permissions: readonly string[] },
): Promise<readonly string[]> {
  await getObject(deps, { address: input.address, preconditions: {} });
  return heldPermissions(input.permissions);
}
