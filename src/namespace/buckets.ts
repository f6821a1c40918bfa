import type { BucketAccess } from '../model/access-list.ts';
import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import { type BucketName, bucketId, scopeId } from '../model/ids.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { randomHex } from '../runtime/random.ts';
import type { Check, Write } from '../stores/metadata/port.ts';
import { bucketEntry } from './bucket-entry.ts';
import { type BucketPage, type ListBucketsInput, pageOfBuckets } from './bucket-pages.ts';
import { endOfRemains } from './bucket-remains.ts';
import { bucketWrite, type PutWrite } from './bucket-write.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { assertWritable, bucketNotFound, ownedElsewhere, readBucket } from './object-access.ts';
import { bucketGenerationOffset, decodeBucket } from './rows/bucket-row.ts';
import { PRESENT } from './rows/codec.ts';
import {
  bucketAliveKey,
  bucketKey,
  bucketsFrom,
  foldersOf,
  managedFoldersFrom,
  noncurrentOf,
  objectsOf,
} from './rows/keys.ts';
import { bucketPolicyPlace, policyWrites, readPolicy } from './rows/policy-rows.ts';
import { changedBucketAccess } from './rules/access.ts';
import { assertBucketSettings, assertStorageClass } from './rules/attributes.ts';
import { checkedClass, checkedSettings, type SettingsContext } from './rules/bucket/checked-settings.ts';
import { checkedLocation } from './rules/bucket/location.ts';
import { bucketRetentionMs, hasUniformAccess, isHierarchical } from './rules/bucket-settings.ts';
import { assertHierarchical, stillHierarchical } from './rules/hierarchical-bucket.ts';
import { uniformDefault } from './rules/mirrored-policy.ts';
import { assertBucketName } from './rules/names.ts';
import { hasConditions } from './rules/policy.ts';
import { judgePreconditions } from './rules/preconditions.ts';
import { withLockedRetention, withRetentionPolicy } from './rules/retention.ts';
import { withUniformAccess } from './rules/uniform-access.ts';
import { readSoftDeletedBucket, type SoftDeletedAddress, softDeletionWrites } from './soft-deleted-buckets.ts';

export interface InsertBucketInput {
  readonly name: BucketName;
  readonly project: string;
  readonly location: string;
  readonly storageClass: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly access?: BucketAccess;
  /** Objects may be given a retention of their own; for good. */
  readonly hasObjectRetention?: boolean;
}

/** `alreadyExists` when the name is taken; `permissionDenied` at a site whose buckets come from a cloud. */
export async function insertBucket(deps: NamespaceDeps, input: InsertBucketInput): Promise<Bucket> {
  assertBucketName(input.name);
  assertStorageClass(input.storageClass);
  assertBucketSettings(input.settings);
  const location = checkedLocation(input.location);
  if (deps.settings.followsCloud === true) throw ownedElsewhere(input.name, 'cloud');
  const key = bucketKey(input.name);
  return decideAndCommit(deps, async () => {
    const [taken] = await deps.metadata.get([key]);
    if (taken !== undefined) throw bucketTaken(input.name);
    const bucket = newBucket(deps, { ...input, location });
    assertHierarchical(bucket);
    const aliveKey = bucketAliveKey(bucket.id);
    const transaction = {
      checks: [absent(key), absent(aliveKey)],
      writes: [
        minted(bucketWrite(key, bucket)),
        { kind: 'put' as const, key: aliveKey, value: PRESENT },
        ...firstPolicy(bucket),
      ],
      appends: [bucketEntry(bucket, 'bucketInsert', bucket.timeCreatedMs)],
      mints: [{ scope: GENERATIONS, nowMicros: deps.clock.nowMicros() }],
    };
    return { kind: 'commit', transaction, result: ({ minted: [generation = 0n] }) => ({ ...bucket, generation }) };
  });
}

/** What mints the generations of buckets: no two that a name has had, however it was deleted, have the same. */
const GENERATIONS = 'buckets';

function minted(write: PutWrite): Write {
  return { ...write, stamps: [{ kind: 'generation', mint: 0, offset: bucketGenerationOffset(write.value) }] };
}

/** With uniform access the project's teams reach objects by the bucket's policy alone. */
function firstPolicy(bucket: Bucket): readonly Write[] {
  if (!hasUniformAccess(bucket)) return [];
  return policyWrites(bucketPolicyPlace(bucket.id), uniformDefault(bucket.project), 0);
}

/** With what the server itself says of them. */
function settled(wanted: Bucket['settings'], context: SettingsContext): Bucket['settings'] {
  const { before = {}, nowMs } = context;
  const checked = checkedSettings(wanted, context);
  return withRetentionPolicy(before, withUniformAccess(before, checked, nowMs), nowMs);
}

function newBucket(deps: NamespaceDeps, input: InsertBucketInput): Bucket {
  const nowMs = deps.clock.nowMs();
  const retention = input.hasObjectRetention === true ? { objectRetention: { mode: 'Enabled' } } : {};
  const wanted = { ...input.settings, ...retention };
  const bucket: Bucket = {
    name: input.name,
    id: bucketId(randomHex(deps.random, 8)),
    scopeId: scopeId(randomHex(deps.random, 8)),
    owner: deps.settings.site,
    project: input.project,
    generation: 0n,
    metageneration: 1n,
    timeCreatedMs: nowMs,
    updatedMs: nowMs,
    location: input.location,
    storageClass: checkedClass(input),
    settings: settled(wanted, { location: input.location, nowMs }),
  };
  return {
    ...bucket,
    ...(isHierarchical(bucket) ? { layout: 'folders' as const } : {}),
    ...changedBucketAccess(bucket, input.access ?? {}),
  };
}

export async function getBucket(
  deps: NamespaceDeps,
  input: { readonly name: BucketName; readonly preconditions: Preconditions } & {
    /** Absent: whichever lives. */
    readonly generation?: bigint;
  },
): Promise<Bucket> {
  const bucket = await readBucket(deps.metadata, input.name);
  if (input.generation !== undefined && input.generation !== bucket.generation) throw bucketNotFound(input.name);
  assertConditions(input.preconditions, bucket);
  return bucket;
}

export async function getSoftDeletedBucket(
  deps: NamespaceDeps,
  input: SoftDeletedAddress & { readonly preconditions: Preconditions },
): Promise<Bucket> {
  const { bucket } = await readSoftDeletedBucket(deps, input);
  assertConditions(input.preconditions, bucket);
  return bucket;
}

/** In the order of their names. */
export async function listBuckets(deps: NamespaceDeps, input: ListBucketsInput): Promise<BucketPage> {
  return pageOfBuckets(deps, input, {
    range: bucketsFrom(input.prefix ?? ''),
    positionOf: ({ name }) => name,
    keyOf: bucketKey,
  });
}

/** `change` maps the stored settings to the new ones; undefined: nothing is asked for. Pure. */
export async function changeBucket(
  deps: NamespaceDeps,
  input: {
    readonly name: BucketName;
    readonly preconditions: Preconditions;
    readonly change: (current: Bucket) => Pick<Bucket, 'settings' | 'storageClass'> | undefined;
    readonly access?: BucketAccess & {
      /** What it does not say is as for a new bucket. */
      readonly isUpdate?: boolean;
    };
  },
): Promise<Bucket> {
  return decideAndCommit(deps, async () => {
    const { bucket, unchanged } = await readForBucketChange(deps, input);
    const wanted = input.change(bucket);
    if (wanted === undefined) return { kind: 'done', result: bucket };
    const { storageClass } = wanted;
    const settings = stillHierarchical(bucket, wanted.settings);
    assertStorageClass(storageClass);
    assertBucketSettings(settings);
    const nowMs = Math.max(deps.clock.nowMs(), bucket.updatedMs);
    const { etag: _etag, acl: _acl, defaultObjectAcl: _default, ...kept } = bucket;
    const context = { before: bucket.settings, location: bucket.location, nowMs };
    const current = { ...bucket, settings: settled(settings, context) };
    assertHierarchical(current);
    const stays = await accessStays(deps, bucket, current);
    const changed: Bucket = {
      ...kept,
      ...changedBucketAccess(current, input.access ?? {}),
      settings: current.settings,
      ...longestSoftDelete(bucketRetentionMs(bucket)),
      storageClass: checkedClass({ settings: current.settings, storageClass }, bucket),
      metageneration: bucket.metageneration + 1n,
      updatedMs: nowMs,
    };
    const transaction = {
      checks: [unchanged, ...stays],
      writes: [bucketWrite(unchanged.key, changed)],
      appends: [bucketEntry(changed, 'bucketPatch', nowMs)],
    };
    return { kind: 'commit', transaction, result: () => changed };
  });
}

const longestSoftDelete = (ms: number): Pick<Bucket, 'softDeleteMaxMs'> => (ms === 0 ? {} : { softDeleteMaxMs: ms });

/** buckets.lockRetentionPolicy: for good. The precondition names the policy that the caller has seen. */
export async function lockRetentionPolicy(
  deps: NamespaceDeps,
  input: { readonly name: BucketName; readonly preconditions: Preconditions },
): Promise<Bucket> {
  return decideAndCommit(deps, async () => {
    const { bucket, unchanged } = await readForBucketChange(deps, input);
    const nowMs = Math.max(deps.clock.nowMs(), bucket.updatedMs);
    const { etag: _etag, ...kept } = bucket;
    const settings = withLockedRetention(bucket.settings);
    const locked: Bucket = { ...kept, settings, metageneration: bucket.metageneration + 1n, updatedMs: nowMs };
    const transaction = {
      checks: [unchanged],
      writes: [bucketWrite(unchanged.key, locked)],
      appends: [bucketEntry(locked, 'bucketPatch', nowMs)],
    };
    return { kind: 'commit', transaction, result: () => locked };
  });
}

/**
 * Conditions and managed folders need uniform access. A policy set meanwhile writes the bucket's row; a managed folder
 * made meanwhile does not: that there is none is a check of its own.
 */
async function accessStays(deps: NamespaceDeps, before: Bucket, after: Bucket): Promise<readonly Check[]> {
  if (!hasUniformAccess(before) || hasUniformAccess(after)) return [];
  const range = managedFoldersFrom(before.id, '');
  const [folder] = await deps.metadata.scan(range, { limit: 1 });
  if (folder !== undefined) throw staysUniform('it has managed folders');
  const { policy } = await readPolicy(deps.metadata, bucketPolicyPlace(before.id));
  if (hasConditions(policy)) throw staysUniform('its policy has conditions');
  return [{ kind: 'rangeEmpty', range }];
}

function staysUniform(why: string): StraitError<'invalidArgument'> {
  const message = `Uniform bucket-level access of a bucket cannot be disabled while ${why}.`;
  return new StraitError('invalidArgument', message, { field: 'iamConfiguration.uniformBucketLevelAccess.enabled' });
}

/**
 * `bucketNotEmpty` when it holds a live or noncurrent version, a folder or a managed folder. Soft-deleted versions do
 * not hold it, and go when their time is over; the bucket itself is soft-deleted by its policy. Safe against an insert
 * that runs at the same time.
 */
export async function deleteBucket(
  deps: NamespaceDeps,
  input: { readonly name: BucketName; readonly preconditions: Preconditions },
): Promise<void> {
  await decideAndCommit(deps, async () => {
    const { bucket, unchanged } = await readForBucketChange(deps, input);
    const nowMs = deps.clock.nowMs();
    const left = softDeletionWrites(bucket, nowMs);
    const ended = left.length > 0 ? { checks: [], writes: left } : await endOfRemains(deps.metadata, bucket.id);
    const held = [
      objectsOf(bucket.id),
      foldersOf(bucket.id),
      noncurrentOf(bucket.id),
      managedFoldersFrom(bucket.id, ''),
    ];
    const found = await Promise.all(held.map((range) => deps.metadata.scan(range, { limit: 1 })));
    if (found.some((rows) => rows.length > 0)) {
      const message = `The bucket you tried to delete (${bucket.name}) is not empty.`;
      throw new StraitError('bucketNotEmpty', message, { bucket: bucket.name });
    }
    const transaction = {
      // Object mutations check that `bucketAlive` is there; this deletes it: one of the two loses.
      checks: [unchanged, ...held.map((range) => ({ kind: 'rangeEmpty' as const, range })), ...ended.checks],
      writes: [
        { kind: 'delete' as const, key: unchanged.key },
        { kind: 'delete' as const, key: bucketAliveKey(bucket.id) },
        ...ended.writes,
      ],
      appends: [bucketEntry(bucket, 'bucketDelete', nowMs)],
    };
    return { kind: 'commit', transaction, result: () => undefined };
  });
}

export async function readForBucketChange(
  deps: NamespaceDeps,
  input: { readonly name: BucketName; readonly preconditions: Preconditions },
): Promise<{ bucket: Bucket; unchanged: Extract<Check, { kind: 'version' }> }> {
  const key = bucketKey(input.name);
  const [row] = await deps.metadata.get([key]);
  if (row === undefined) throw bucketNotFound(input.name);
  const bucket = decodeBucket(row.value);
  assertWritable(deps, bucket);
  assertConditions(input.preconditions, bucket);
  return { bucket, unchanged: { kind: 'version', key, version: row.version } };
}

/** Buckets have metageneration preconditions only. */
function assertConditions(preconditions: Preconditions, bucket: Bucket): void {
  const { ifMetagenerationMatch, ifMetagenerationNotMatch } = preconditions;
  const refusal = judgePreconditions(
    {
      ...(ifMetagenerationMatch === undefined ? {} : { ifMetagenerationMatch }),
      ...(ifMetagenerationNotMatch === undefined ? {} : { ifMetagenerationNotMatch }),
    },
    bucket,
  );
  if (refusal !== undefined) throw refusal;
}

function bucketTaken(bucket: BucketName): StraitError<'alreadyExists'> {
  const message = 'Your previous request to create the named bucket succeeded and you already own it.';
  return new StraitError('alreadyExists', message, { bucket });
}

const absent = (key: Uint8Array): Check => ({ kind: 'absent', key });
