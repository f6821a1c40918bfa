import type { BucketName, ObjectName } from '../model/ids.ts';
import type { JsonObject, Operation } from '../model/operation.ts';
import type { OperationStep, OperationWorker } from './advance-operations.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { bucketNotFound, type ReadObject, type ReadVersion, readForChange, readVersion } from './object-access.ts';
import { ObjectBatch } from './object-transaction.ts';
import { endedOperation, newOperation, operationWrites } from './operations.ts';
import { allSoftDeletedOf, versionPlaceOf } from './rows/keys.ts';
import { type BulkRestoreRequest, bulkRestoreFilter } from './rules/bulk-restore.ts';
import { judgeNewEncryption } from './rules/encryption.ts';
import { restoredState } from './rules/new-state.ts';
import { judgeKept, type Loss } from './rules/retention.ts';
import { isRestorable } from './soft-deleted.ts';

export type { BulkRestoreRequest } from './rules/bulk-restore.ts';

/** objects.bulkRestore: of each name the newest version that is asked for becomes live, batch by batch. */
export async function bulkRestoreObjects(
  deps: NamespaceDeps,
  input: { readonly bucket: BucketName; readonly request: BulkRestoreRequest },
): Promise<Operation> {
  const { request } = input;
  bulkRestoreFilter(request);
  return decideAndCommit(deps, async () => {
    const { bucket, alive } = await readForChange(deps, input.bucket, []);
    const operation = newOperation(deps, bucket, {
      kind: 'bulkRestoreObjects',
      ...recordOf({ request, restored: 0, skipped: 0 }),
    });
    const transaction = { checks: [alive], writes: operationWrites(operation) };
    return { kind: 'commit', transaction, result: () => operation };
  });
}

interface Work {
  readonly request: BulkRestoreRequest;
  /** The key of the last row that was looked at, in hex. Rows are looked at from the last to the first. */
  readonly before?: string;
  /** The name that was decided last: what comes of it now is older. */
  readonly decided?: ObjectName;
  readonly restored: number;
  /** Names left alone, because they have a live version or one under a hold. */
  readonly skipped: number;
}

function recordOf(work: Work): { readonly shown: JsonObject; readonly work: JsonObject } {
  const shown = { restoredObjectCount: String(work.restored), skippedObjectCount: String(work.skipped) };
  return { shown, work: { ...work } };
}

const ROWS_PER_STEP = 200;

export const bulkRestoreWorker: OperationWorker = { step };

async function step(deps: NamespaceDeps, operation: Operation): Promise<OperationStep> {
  const work = operation.work as unknown as Work;
  const nowMs = deps.clock.nowMs();
  const versions = await scanVersions(deps, operation, work);
  const chosen = choose(versions, work, nowMs);
  const { objects, ...target } = await readForChange(
    deps,
    operation.bucket,
    [...chosen].map(({ name }) => ({ name })),
  );
  if (target.bucket.id !== operation.bucketId) throw bucketNotFound(operation.bucket);
  const live = new Map(objects.map((object) => [object.name, object]));
  const batch = new ObjectBatch(deps, target, nowMs);
  let [next, looked] = [work, 0];
  for (const version of versions) {
    const object = chosen.has(version) ? live.get(version.name) : undefined;
    const place = { bucket: target.bucket, nowMs: deps.clock.nowMs(), version };
    if (object !== undefined && isLeftAlone(place, object, work.request)) next = skippedName(next, version);
    else if (object !== undefined) {
      if (batch.isFull) break;
      const context = { bucket: target.bucket, nowMs, copySourceAcl: work.request.copySourceAcl };
      batch.add({ op: 'insert', object, after: restoredState(version.state, context), restored: version });
      next = restoredName(next, version);
    }
    next = { ...next, before: Buffer.from(version.key).toString('hex') };
    looked += 1;
  }
  const isThrough = looked === versions.length && versions.length < ROWS_PER_STEP;
  const record = { ...operation, ...recordOf(next), updatedMs: Math.max(nowMs, operation.updatedMs) };
  return {
    ...(next.restored === work.restored ? {} : { transaction: batch.finish() }),
    next: isThrough ? endedOperation(record, { kind: 'response', response: {} }, nowMs) : record,
  };
}

/** From the last name to the first, and of a name from the newest version to the oldest. */
async function scanVersions(deps: NamespaceDeps, { bucketId }: Operation, work: Work): Promise<readonly ReadVersion[]> {
  const { start, end } = allSoftDeletedOf(bucketId);
  const range = { start, end: work.before === undefined ? end : Buffer.from(work.before, 'hex') };
  const rows = await deps.metadata.scan(range, { limit: ROWS_PER_STEP, reverse: true });
  return rows.map((row) => readVersion('softDeleted', versionPlaceOf('softDeleted', row.key), row));
}

/** The first of each name that is asked for, unless the name was decided before. */
function choose(versions: readonly ReadVersion[], work: Work, nowMs: number): ReadonlySet<ReadVersion> {
  const isAskedFor = bulkRestoreFilter(work.request);
  const chosen = new Set<ReadVersion>();
  let { decided } = work;
  for (const version of versions) {
    const { name, state } = version;
    if (name === decided || !isRestorable(state, nowMs) || !isAskedFor(name, state)) continue;
    chosen.add(version);
    decided = name;
  }
  return chosen;
}

function isLeftAlone(
  { version, ...place }: Pick<Loss, 'bucket' | 'nowMs'> & { readonly version: ReadVersion },
  { name, live }: ReadObject,
  request: BulkRestoreRequest,
): boolean {
  if (judgeNewEncryption(place.bucket, version.state.encryption) !== undefined) return true;
  if (live === undefined) return false;
  return !request.allowOverwrite || judgeKept({ ...place, name }, live) !== undefined;
}

function skippedName(work: Work, { name }: ReadVersion): Work {
  return { ...work, decided: name, skipped: work.skipped + 1 };
}

function restoredName(work: Work, { name }: ReadVersion): Work {
  return { ...work, decided: name, restored: work.restored + 1 };
}
