import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName } from '../model/ids.ts';
import type { JsonObject, Operation, OperationKind, OperationOutcome } from '../model/operation.ts';
import { randomHex } from '../runtime/random.ts';
import type { Write } from '../stores/metadata/port.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { assertWritable, readBucket } from './object-access.ts';
import { PRESENT } from './rows/codec.ts';
import { justAfter, operationKey, operationPendingKey, operationsOf } from './rows/keys.ts';
import { decodeOperation, encodeOperation } from './rows/operation-row.ts';
import { unchanged } from './rows/references.ts';
import { parseOperationFilter } from './rules/operation-filter.ts';

/**
 * Long-running operations. An operation is begun by putting `operationWrites(newOperation(…))` into the transaction of
 * the call that begins it: whole, with an outcome, when there is nothing left to do, or for its worker
 * (`operation-workers.ts`) to drive on. Every later step is one transaction too, with the record in it, so that a
 * crash repeats a step at most and loses none.
 */

export interface NewOperation {
  readonly kind: OperationKind;
  readonly shown?: JsonObject;
  readonly work?: JsonObject;
  /** Done as soon as it is committed. */
  readonly outcome?: OperationOutcome;
}

export function newOperation(deps: NamespaceDeps, bucket: Bucket, parts: NewOperation): Operation {
  const nowMs = deps.clock.nowMs();
  const time = deps.clock.nowMicros().toString(16).padStart(16, '0');
  const operation: Operation = {
    id: `${time}${randomHex(deps.random, 8)}`,
    bucket: bucket.name,
    bucketId: bucket.id,
    kind: parts.kind,
    createdMs: nowMs,
    updatedMs: nowMs,
    isCancelRequested: false,
    shown: parts.shown ?? {},
    work: parts.work ?? {},
  };
  return parts.outcome === undefined ? operation : endedOperation(operation, parts.outcome, nowMs);
}

/** The operation with its end. What was shown of it stays. */
export function endedOperation(operation: Operation, outcome: OperationOutcome, nowMs: number): Operation {
  const endedMs = Math.max(nowMs, operation.updatedMs);
  const isWhole = outcome.kind === 'response';
  return { ...operation, outcome, endedMs, updatedMs: endedMs, ...(isWhole ? { progressPercent: 100 } : {}) };
}

/** The record as it now is, and whether there is more to drive on. */
export function operationWrites(operation: Operation): Write[] {
  const pendingKey = operationPendingKey(operation.bucketId, operation.id);
  return [
    { kind: 'put', key: operationKey(operation.bucketId, operation.id), value: encodeOperation(operation) },
    operation.outcome === undefined
      ? { kind: 'put', key: pendingKey, value: PRESENT }
      : { kind: 'delete', key: pendingKey },
  ];
}

export interface OperationAddress {
  readonly bucket: BucketName;
  readonly id: string;
}

export async function getOperation(deps: NamespaceDeps, address: OperationAddress): Promise<Operation> {
  const bucket = await readBucket(deps.metadata, address.bucket);
  const [row] = await deps.metadata.get([keyOf(bucket, address.id)]);
  if (row === undefined) throw operationNotFound(address.id);
  return decodeOperation(row.value);
}

export interface OperationPage {
  readonly operations: readonly Operation[];
  /** Set when there may be more: the last id this page looked at. */
  readonly nextAfter?: string;
}

export interface ListOperationsInput {
  readonly bucket: BucketName;
  /** AIP-160. */
  readonly filter?: string;
  readonly maxResults: number;
  readonly after?: string;
}

const SCAN_ROWS = 200;
/** A page ends after this many rows, full or not: a narrow filter must not make it endless. */
const SCANNED_ROWS_MAX = 10_000;

/** In the order of their creation. A page may be short, or empty, and still not be the last. */
export async function listOperations(deps: NamespaceDeps, input: ListOperationsInput): Promise<OperationPage> {
  const accepts = parseOperationFilter(input.filter ?? '');
  const bucket = await readBucket(deps.metadata, input.bucket);
  const { start, end } = operationsOf(bucket.id);
  const operations: Operation[] = [];
  let from = input.after === undefined ? start : justAfter(operationKey(bucket.id, input.after));
  for (let scanned = 0; ; ) {
    const rows = await deps.metadata.scan({ start: from, end }, { limit: SCAN_ROWS });
    for (const [index, row] of rows.entries()) {
      const operation = decodeOperation(row.value);
      if (accepts(operation)) operations.push(operation);
      const isMore = index + 1 < rows.length || rows.length === SCAN_ROWS;
      scanned += 1;
      if (isMore && (operations.length === input.maxResults || scanned === SCANNED_ROWS_MAX)) {
        return { operations, nextAfter: operation.id };
      }
      from = justAfter(row.key);
    }
    if (rows.length < SCAN_ROWS) return { operations };
  }
}

/**
 * Asks for cancellation: its worker ends it as `CANCELLED` at its next step. An operation that is over stays as it is
 * (google.longrunning, CancelOperation).
 */
export async function cancelOperation(deps: NamespaceDeps, address: OperationAddress): Promise<void> {
  await changeOperation(deps, address, (operation, nowMs) =>
    operation.outcome !== undefined || operation.isCancelRequested
      ? undefined
      : { ...operation, isCancelRequested: true, updatedMs: Math.max(nowMs, operation.updatedMs) },
  );
}

/** One transaction on the record alone. `change` is pure and answers undefined when nothing is to be written. */
export async function changeOperation(
  deps: NamespaceDeps,
  address: OperationAddress,
  change: (operation: Operation, nowMs: number) => Operation | undefined,
): Promise<Operation> {
  return decideAndCommit(deps, async () => {
    const bucket = await readBucket(deps.metadata, address.bucket);
    assertWritable(deps, bucket);
    const key = keyOf(bucket, address.id);
    const [row] = await deps.metadata.get([key]);
    if (row === undefined) throw operationNotFound(address.id);
    const operation = decodeOperation(row.value);
    const changed = change(operation, deps.clock.nowMs());
    if (changed === undefined) return { kind: 'done', result: operation };
    const transaction = { checks: [unchanged(key, row)], writes: operationWrites(changed) };
    return { kind: 'commit', transaction, result: () => changed };
  });
}

const OPERATION_ID = /^[0-9a-f]{32}$/;

function keyOf(bucket: Bucket, id: string): Uint8Array {
  if (!OPERATION_ID.test(id)) throw operationNotFound(id);
  return operationKey(bucket.id, id);
}

function operationNotFound(id: string): StraitError<'notFound'> {
  return new StraitError('notFound', `Operation not found: ${id.slice(0, 100)}`, { what: 'operation' });
}
