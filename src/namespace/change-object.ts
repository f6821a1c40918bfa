import type { WantedList } from '../model/access-list.ts';
import type { NamedObject, ObjectAttributes } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { addressedRow, namedObject, readForChange } from './object-access.ts';
import { objectTransaction } from './object-transaction.ts';
import type { ObjectAddress } from './read-object.ts';
import { changedObjectAccess } from './rules/access.ts';
import { assertAttributes } from './rules/attributes.ts';
import { attributesOf, changedState, withAccessOf } from './rules/new-state.ts';
import { judgePreconditions } from './rules/preconditions.ts';

/** A decision about attributes, from the live ones to the new ones: PATCH merges, PUT replaces. Pure. */
export type AttributeChange = (current: ObjectAttributes) => ObjectAttributes;

export interface ChangeObjectInput {
  readonly address: ObjectAddress;
  readonly preconditions: Preconditions;
  readonly change: AttributeChange;
  /** An unlocked retention may be loosened or locked. */
  readonly overridesUnlockedRetention?: boolean;
  readonly access?: WantedList & {
    /** What it does not say is as for a new object. */
    readonly isUpdate?: boolean;
  };
}

/** objects.patch and objects.update of a live or noncurrent version: the same generation, metageneration + 1. */
export async function changeObject(deps: NamespaceDeps, input: ChangeObjectInput): Promise<NamedObject> {
  const { address } = input;
  return decideAndCommit(deps, async () => {
    const { target, object, state } = await readAddressed(deps, input);
    const attributes = input.change(attributesOf(state));
    assertAttributes(attributes);
    const nowMs = deps.clock.nowMs();
    const access = changedObjectAccess(target.bucket, state, input.access ?? {});
    const after = withAccessOf(changedState(state, attributes, nowMs), access);
    const overridesUnlocked = input.overridesUnlockedRetention === true;
    const changes = [{ op: 'patch' as const, object, after, overridesUnlocked }];
    const { transaction } = objectTransaction(deps, target, changes, nowMs);
    return { kind: 'commit', transaction, result: () => namedObject(target.bucket, address.name, after) };
  });
}

/**
 * objects.delete. Without a generation the live version goes, and versioning keeps it as a noncurrent one; with one,
 * that version goes for good. Either way the bucket's soft delete policy may retain what is not kept.
 */
export async function deleteObject(
  deps: NamespaceDeps,
  input: { readonly address: ObjectAddress; readonly preconditions: Preconditions },
): Promise<void> {
  const { address } = input;
  await decideAndCommit(deps, async () => {
    const { target, object, state } = await readAddressed(deps, input);
    const nowMs = deps.clock.nowMs();
    const isForGood = address.generation !== undefined;
    const { transaction } = objectTransaction(deps, target, [{ op: 'delete', object, state, isForGood }], nowMs);
    return { kind: 'commit', transaction, result: () => undefined };
  });
}

async function readAddressed(
  deps: NamespaceDeps,
  input: { readonly address: ObjectAddress; readonly preconditions: Preconditions },
) {
  const { address, preconditions } = input;
  const { objects, ...target } = await readForChange(deps, address.bucket, [address]);
  const [object] = objects;
  if (object === undefined) throw new RangeError('one name was asked for');
  const { row, state } = addressedRow(address, object);
  const refusal = judgePreconditions(preconditions, state);
  if (refusal !== undefined) throw refusal;
  return { target, object: row, state };
}
