/** Deleted buckets whose soft delete policy had a retention: they can be restored until the longest of it is over. */
import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName } from '../model/ids.ts';
import type { Row, Write } from '../stores/metadata/port.ts';
import { bucketEntry } from './bucket-entry.ts';
import { type BucketPage, type ListBucketsInput, pageOfBuckets } from './bucket-pages.ts';
import { endOfRemains } from './bucket-remains.ts';
import { BUCKET_BYTES_MAX, bucketWrite } from './bucket-write.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { bucketNotFound, ownedElsewhere } from './object-access.ts';
import { decodeBucket } from './rows/bucket-row.ts';
import { PRESENT } from './rows/codec.ts';
import { bucketAliveKey, bucketKey, softDeletedBucketKey, softDeletedBucketsFrom } from './rows/keys.ts';
import { unchanged } from './rows/references.ts';
import { bucketRetentionMs } from './rules/bucket-settings.ts';
import { scanPages } from './scan-pages.ts';

export interface SoftDeletedAddress {
  readonly name: BucketName;
  readonly generation: bigint;
}

/** What a deletion leaves of a bucket, with its policy and notifications: nothing if it never had a retention. */
export function softDeletionWrites(bucket: Bucket, nowMs: number): readonly Write[] {
  const retentionMs = bucketRetentionMs(bucket);
  if (retentionMs === 0) return [];
  const left: Bucket = { ...bucket, softDeletion: { atMs: nowMs, hardDeleteMs: nowMs + retentionMs } };
  return [bucketWrite(softDeletedBucketKey(bucket.name, bucket.generation), left, BUCKET_BYTES_MAX.whole)];
}

/** In the order of name and generation. */
export async function listSoftDeletedBuckets(deps: NamespaceDeps, input: ListBucketsInput): Promise<BucketPage> {
  const nowMs = deps.clock.nowMs();
  return pageOfBuckets(deps, input, {
    range: softDeletedBucketsFrom(input.prefix ?? ''),
    positionOf: ({ name, generation }) => `${name}/${generation}`,
    keyOf: (position) => {
      const [name = '', generation = ''] = position.split('/');
      return softDeletedBucketKey(name, /^\d{1,18}$/.test(generation) ? BigInt(generation) : 0n);
    },
    isShown: (bucket) => !isOver(bucket, nowMs),
  });
}

/** The bucket as it was, with its policy and without objects: those that were soft-deleted can be restored then. */
export async function restoreBucket(deps: NamespaceDeps, address: SoftDeletedAddress): Promise<Bucket> {
  if (deps.settings.followsCloud === true) throw ownedElsewhere(address.name, 'cloud');
  return decideAndCommit(deps, async () => {
    const { bucket, key, row } = await readSoftDeletedBucket(deps, address);
    const liveKey = bucketKey(bucket.name);
    const aliveKey = bucketAliveKey(bucket.id);
    const [live] = await deps.metadata.get([liveKey]);
    if (live !== undefined) throw nameTaken(bucket.name);
    const nowMs = Math.max(deps.clock.nowMs(), bucket.updatedMs);
    const { softDeletion: _softDeletion, ...kept } = bucket;
    const restored: Bucket = { ...kept, metageneration: bucket.metageneration + 1n, updatedMs: nowMs };
    const transaction = {
      checks: [unchanged(key, row), { kind: 'absent' as const, key: liveKey }],
      writes: [
        { kind: 'delete' as const, key },
        bucketWrite(liveKey, restored, BUCKET_BYTES_MAX.whole),
        { kind: 'put' as const, key: aliveKey, value: PRESENT },
      ],
      appends: [bucketEntry(restored, 'bucketRestore', nowMs)],
    };
    return { kind: 'commit', transaction, result: () => restored };
  });
}

/** Ends soft-deleted buckets whose time is over. Their soft-deleted objects have times of their own. */
export async function expireBucketsOnce(deps: NamespaceDeps, signal: AbortSignal): Promise<number> {
  let expired = 0;
  for await (const rows of scanPages(deps.metadata, softDeletedBucketsFrom(''), signal)) {
    for (const row of rows) {
      const bucket = decodeBucket(row.value);
      const nowMs = deps.clock.nowMs();
      if (!isOver(bucket, nowMs)) continue;
      const ended = await endOfRemains(deps.metadata, bucket.id);
      const outcome = await deps.metadata.commit({
        checks: [unchanged(row.key, row), ...ended.checks],
        writes: [{ kind: 'delete', key: row.key }, ...ended.writes],
        appends: [bucketEntry(bucket, 'bucketPurge', nowMs)],
      });
      if (outcome.kind === 'committed') expired += 1;
    }
  }
  return expired;
}

/** `bucketNotFound` from its hard delete time on, cleaned up or not. */
export async function readSoftDeletedBucket(
  deps: NamespaceDeps,
  { name, generation }: SoftDeletedAddress,
): Promise<{ bucket: Bucket; key: Uint8Array; row: Row }> {
  const key = softDeletedBucketKey(name, generation);
  const [row] = await deps.metadata.get([key]);
  const bucket = row === undefined ? undefined : decodeBucket(row.value);
  if (row === undefined || bucket === undefined || isOver(bucket, deps.clock.nowMs())) throw bucketNotFound(name);
  return { bucket, key, row };
}

function isOver({ softDeletion }: Bucket, nowMs: number): boolean {
  return softDeletion !== undefined && softDeletion.hardDeleteMs <= nowMs;
}

function nameTaken(bucket: BucketName): StraitError<'alreadyExists'> {
  const message = `A bucket named ${bucket} lives: the soft-deleted one can be restored once that is deleted.`;
  return new StraitError('alreadyExists', message, { bucket });
}
