import type { NamedObject } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { assertReplaceable } from './insert-object.ts';
import { namedObject, readForChange } from './object-access.ts';
import { objectTransaction } from './object-transaction.ts';
import { restoredState } from './rules/new-state.ts';
import { readSoftDeleted, type SoftDeletedAddress } from './soft-deleted.ts';

export interface RestoreInput {
  readonly address: SoftDeletedAddress;
  /** Judged against the live version. */
  readonly preconditions: Preconditions;
  /** Keep the access list that the version had; else it gets that of any new object. */
  readonly copySourceAcl: boolean;
}

/**
 * objects.restore: a new live version, which shares the bytes of the soft-deleted one. That one stays until its time is
 * over (https://cloud.google.com/storage/docs/json_api/v1/objects/restore: "a new copy of that object is created").
 */
export async function restoreObject(deps: NamespaceDeps, input: RestoreInput): Promise<NamedObject> {
  const { address, preconditions } = input;
  const { bucket: bucketName, name } = address;
  return decideAndCommit(deps, async () => {
    const { objects, ...target } = await readForChange(deps, bucketName, [{ name }]);
    const [object] = objects;
    if (object === undefined) throw new RangeError('one name was asked for');
    const restored = await readSoftDeleted(deps, target.bucket, address);
    assertReplaceable({ bucket: target.bucket, name, preconditions }, object, deps.clock.nowMs());
    const nowMs = deps.clock.nowMs();
    const after = restoredState(restored.state, { ...input, bucket: target.bucket, nowMs });
    const made = objectTransaction(deps, target, [{ op: 'insert', object, after, restored }], nowMs);
    return {
      kind: 'commit',
      transaction: made.transaction,
      result: (committed) => namedObject(target.bucket, name, made.stateOf(0, committed)),
    };
  });
}
