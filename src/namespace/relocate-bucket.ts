/**
 * buckets.relocate: at one site no bytes move, so what is left of it are its rules and its operation. One that needs a
 * downtime waits, as at GCS, until its caller advances it.
 */
import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName } from '../model/ids.ts';
import type { JsonObject, Operation } from '../model/operation.ts';
import type { OperationStep, OperationWorker } from './advance-operations.ts';
import { bucketEntry } from './bucket-entry.ts';
import { BUCKET_BYTES_MAX, bucketWrite } from './bucket-write.ts';
import { readForBucketChange } from './buckets.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { bucketNotFound } from './object-access.ts';
import { changeOperation, endedOperation, newOperation, type OperationAddress, operationWrites } from './operations.ts';
import { operationKeyOf, pendingOperationsOf } from './rows/keys.ts';
import { decodeOperation } from './rows/operation-row.ts';
import { downtimeUntilMs, needsDowntime, type RelocationRequest, relocated } from './rules/bucket/relocation.ts';
import { scanPages } from './scan-pages.ts';

export interface RelocateInput {
  readonly bucket: BucketName;
  readonly request: RelocationRequest;
  /** Judges, and leaves the bucket where it is. */
  readonly validateOnly: boolean;
}

/** `conflict` while another relocation of it runs. */
export async function relocateBucket(deps: NamespaceDeps, input: RelocateInput): Promise<Operation> {
  const { request, validateOnly } = input;
  return decideAndCommit(deps, async () => {
    const { bucket, unchanged } = await readForBucketChange(deps, { name: input.bucket, preconditions: {} });
    const after = movedBucket(bucket, request, bucket.updatedMs);
    bucketWrite(unchanged.key, after);
    await assertNoOther(deps, bucket);
    const placement = after.settings['customPlacementConfig'];
    const operation = newOperation(deps, bucket, {
      kind: 'relocateBucket',
      shown: {
        sourceLocation: bucket.location,
        destinationLocation: after.location,
        ...(placement === undefined ? {} : { destinationCustomPlacementConfig: placement }),
        validateOnly,
        ...(validateOnly ? {} : { relocationState: 'SYNCING', finalizationState: 'NOT_READY' }),
      },
      work: { request, needsDowntime: needsDowntime(bucket, after) },
      ...(validateOnly ? { outcome: { kind: 'response' as const, response: DONE } } : {}),
    });
    const transaction = {
      checks: [unchanged],
      // The bucket's row is written as it is: of two relocations that begin at once, the second sees the first.
      writes: [bucketWrite(unchanged.key, bucket, BUCKET_BYTES_MAX.whole), ...operationWrites(operation)],
    };
    return { kind: 'commit', transaction, result: () => operation };
  });
}

const DONE: JsonObject = { '@type': 'type.googleapis.com/google.protobuf.Empty' };

function movedBucket(bucket: Bucket, request: RelocationRequest, updatedMs: number): Bucket {
  const { etag: _etag, ...kept } = bucket;
  return { ...kept, ...relocated(bucket, request), metageneration: bucket.metageneration + 1n, updatedMs };
}

async function assertNoOther(deps: NamespaceDeps, { id, name }: Bucket): Promise<void> {
  const { signal } = new AbortController();
  for await (const pending of scanPages(deps.metadata, pendingOperationsOf(id), signal)) {
    const rows = await deps.metadata.get(pending.map(({ key }) => operationKeyOf(key)));
    const isRelocated = rows.some((row) => row !== undefined && decodeOperation(row.value).kind === 'relocateBucket');
    if (!isRelocated) continue;
    throw new StraitError('conflict', `A relocation of gs://${name} is running already.`, { what: 'bucket' });
  }
}

interface Work {
  readonly request: RelocationRequest;
  readonly needsDowntime: boolean;
  /** Set when its caller advanced it. */
  readonly downtimeUntilMs?: number;
}

export interface AdvanceInput {
  readonly address: OperationAddress;
  readonly ttl?: string;
  readonly expireTime?: string;
}

/** operations.advanceRelocateBucket: the last step may be taken from now on, for a while. */
export async function advanceRelocateBucket(deps: NamespaceDeps, input: AdvanceInput): Promise<Operation> {
  return changeOperation(deps, input.address, (operation, nowMs) => {
    const untilMs = downtimeUntilMs(input, nowMs);
    const work = operation.work as unknown as Work;
    if (operation.kind !== 'relocateBucket' || operation.outcome !== undefined || !work.needsDowntime) {
      const message = 'Only a relocation that runs and needs a write downtime can be advanced.';
      throw new StraitError('invalidArgument', message, {});
    }
    const times = { writeDowntimeExpireTime: new Date(untilMs).toISOString() };
    return {
      ...operation,
      shown: { ...operation.shown, ...times, relocationState: 'FINALIZING', finalizationState: 'RUNNING' },
      work: { ...work, downtimeUntilMs: untilMs },
      updatedMs: Math.max(nowMs, operation.updatedMs),
    };
  });
}

export const relocateWorker: OperationWorker = { step };

async function step(deps: NamespaceDeps, operation: Operation): Promise<OperationStep | undefined> {
  // Read even while it waits: a deleted bucket ends it.
  const { bucket, unchanged } = await readForBucketChange(deps, { name: operation.bucket, preconditions: {} });
  if (bucket.id !== operation.bucketId) throw bucketNotFound(operation.bucket);
  const { request, ...work } = operation.work as unknown as Work;
  const nowMs = Math.max(deps.clock.nowMs(), operation.updatedMs);
  if (work.needsDowntime && work.downtimeUntilMs === undefined) {
    if (operation.shown['finalizationState'] === 'READY') return undefined;
    return { next: { ...synced(operation), updatedMs: nowMs } };
  }
  if (work.downtimeUntilMs !== undefined && work.downtimeUntilMs < nowMs) {
    return { next: { ...synced(operation), work: { request, needsDowntime: true }, updatedMs: nowMs } };
  }
  const moved = movedBucket(bucket, request, Math.max(nowMs, bucket.updatedMs));
  const shown = { ...operation.shown, relocationState: 'COMPLETED', finalizationState: 'COMPLETED' };
  return {
    transaction: {
      checks: [unchanged],
      writes: [bucketWrite(unchanged.key, moved)],
      appends: [bucketEntry(moved, 'bucketPatch', moved.updatedMs)],
    },
    next: endedOperation({ ...operation, shown }, { kind: 'response', response: DONE }, nowMs),
  };
}

/** Nothing is left but the step that its caller asks for. */
function synced(operation: Operation): Operation {
  const { writeDowntimeExpireTime: _expireTime, ...shown } = operation.shown;
  return {
    ...operation,
    progressPercent: 99,
    shown: { ...shown, relocationState: 'SYNCING', finalizationState: 'READY' },
  };
}
