import { bucketId } from '../../model/ids.ts';
import type { JsonObject, Operation, OperationOutcome } from '../../model/operation.ts';
import { decodeRow, encodeRow } from './codec.ts';

/** Texts are JSON: clients choose some of the keys, and a MessagePack map would lose some of them. */
interface StoredOperation extends Omit<Operation, 'shown' | 'work' | 'outcome'> {
  readonly shown: string;
  readonly work: string;
  readonly outcome?: string;
}

export function encodeOperation(operation: Operation): Uint8Array {
  const { shown, work, outcome, ...rest } = operation;
  const stored: StoredOperation = {
    ...rest,
    shown: JSON.stringify(shown),
    work: JSON.stringify(work),
    ...(outcome === undefined ? {} : { outcome: JSON.stringify(outcome) }),
  };
  return encodeRow(stored);
}

export function decodeOperation(value: Uint8Array): Operation {
  const { outcome, ...stored } = decodeRow<StoredOperation>(value, 'operation');
  return {
    ...stored,
    bucketId: bucketId(stored.bucketId),
    shown: JSON.parse(stored.shown) as JsonObject,
    work: JSON.parse(stored.work) as JsonObject,
    ...(outcome === undefined ? {} : { outcome: JSON.parse(outcome) as OperationOutcome }),
  };
}
