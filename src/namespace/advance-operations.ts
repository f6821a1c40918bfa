import { StraitError } from '../model/errors.ts';
import { type Operation, type OperationKind, RPC_CODE } from '../model/operation.ts';
import type { Transaction } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { endedOperation, operationWrites } from './operations.ts';
import { allOperations, allPendingOperations, operationKey, operationKeyOf } from './rows/keys.ts';
import { decodeOperation } from './rows/operation-row.ts';
import { unchanged } from './rows/references.ts';
import { scanPages } from './scan-pages.ts';

/** One step of an operation: what it changes, and the record after it. Both are committed together or not at all. */
export interface OperationStep {
  readonly transaction?: Transaction;
  readonly next: Operation;
}

/** Drives the operations of one kind on. Steps may run again after a crash or a conflict. */
export interface OperationWorker {
  /** The next step; undefined when there is nothing to do yet. A thrown error that cannot pass ends the operation. */
  readonly step: (deps: NamespaceDeps, operation: Operation, signal: AbortSignal) => Promise<OperationStep | undefined>;
  /** What a cancellation takes back; without it the operation just ends. */
  readonly cancel?: (deps: NamespaceDeps, operation: Operation) => Promise<Transaction>;
}

export type OperationWorkers = Readonly<Partial<Record<OperationKind, OperationWorker>>>;

/** Steps one operation takes before others have their turn. */
const STEPS_PER_TURN = 100;

/**
 * Drives every operation that runs as far as it goes now, in turns. Returns how many ended; rejects with the first
 * fault once the others have had their turn.
 */
export async function advanceOperationsOnce(
  deps: NamespaceDeps,
  workers: OperationWorkers,
  signal: AbortSignal,
): Promise<number> {
  let ended = 0;
  const faults: unknown[] = [];
  for await (const rows of scanPages(deps.metadata, allPendingOperations(), signal)) {
    for (const { key } of rows) {
      if (signal.aborted) break;
      try {
        if (await advanceOne(deps, workers, { key: operationKeyOf(key), signal })) ended += 1;
      } catch (error) {
        if (faults.length === 0) faults.push(error);
      }
    }
  }
  for (const fault of faults) throw fault;
  return ended;
}

/** True when it ended. A conflict means that another driver or a client changed it: the next turn reads it again. */
async function advanceOne(
  deps: NamespaceDeps,
  workers: OperationWorkers,
  turn: { readonly key: Uint8Array; readonly signal: AbortSignal },
): Promise<boolean> {
  for (let steps = 0; steps < STEPS_PER_TURN && !turn.signal.aborted; steps += 1) {
    const [row] = await deps.metadata.get([turn.key]);
    if (row === undefined) return false;
    const operation = decodeOperation(row.value);
    if (operation.outcome !== undefined) return false;
    const step = await nextStep(deps, workers[operation.kind], { operation, signal: turn.signal });
    if (step === undefined) return false;
    const { checks = [], writes = [], ...stamped } = step.transaction ?? {};
    const outcome = await deps.metadata.commit({
      ...stamped,
      checks: [...checks, unchanged(turn.key, row)],
      writes: [...writes, ...operationWrites(step.next)],
    });
    if (outcome.kind === 'conflict') return false;
    if (step.next.outcome !== undefined) return true;
  }
  return false;
}

async function nextStep(
  deps: NamespaceDeps,
  worker: OperationWorker | undefined,
  turn: { readonly operation: Operation; readonly signal: AbortSignal },
): Promise<OperationStep | undefined> {
  const { operation, signal } = turn;
  const nowMs = deps.clock.nowMs();
  try {
    if (operation.isCancelRequested) {
      const transaction = await worker?.cancel?.(deps, operation);
      const error = { kind: 'error' as const, code: RPC_CODE.cancelled, message: 'The operation was cancelled.' };
      return { ...(transaction === undefined ? {} : { transaction }), next: endedOperation(operation, error, nowMs) };
    }
    return await worker?.step(deps, operation, signal);
  } catch (error) {
    if (!(error instanceof StraitError) || error.retry === 'withBackoff') throw error;
    return { next: endedOperation(operation, { kind: 'error', code: rpcCode(error), message: error.message }, nowMs) };
  }
}

function rpcCode({ code }: StraitError): number {
  if (code === 'bucketNotFound' || code === 'objectNotFound' || code === 'notFound') return RPC_CODE.notFound;
  return code === 'invalidArgument' ? RPC_CODE.invalidArgument : RPC_CODE.failedPrecondition;
}

/** How long clients can ask for an operation that is over. */
export const OPERATION_KEPT_MS = 30 * 24 * 3_600_000;

/** Removes the records of operations that ended long ago. */
export async function expireOperationsOnce(deps: NamespaceDeps, signal: AbortSignal): Promise<number> {
  let expired = 0;
  for await (const rows of scanPages(deps.metadata, allOperations(), signal)) {
    for (const row of rows) {
      const { endedMs, bucketId, id } = decodeOperation(row.value);
      if (endedMs === undefined || deps.clock.nowMs() - endedMs < OPERATION_KEPT_MS) continue;
      const key = operationKey(bucketId, id);
      const outcome = await deps.metadata.commit({
        checks: [unchanged(key, row)],
        writes: [{ kind: 'delete', key }],
      });
      if (outcome.kind === 'committed') expired += 1;
    }
  }
  return expired;
}
