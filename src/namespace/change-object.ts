import type { NamedObject, ObjectAttributes } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { addressed, readForChange } from './object-access.ts';
import { objectTransaction } from './object-transaction.ts';
import type { ObjectAddress } from './read-object.ts';
import { assertAttributes } from './rules/attributes.ts';
import { attributesOf, changedState, judgeHolds } from './rules/new-state.ts';
import { judgePreconditions } from './rules/preconditions.ts';

/** A decision about attributes, from the live ones to the new ones: PATCH merges, PUT replaces. Pure. */
export type AttributeChange = (current: ObjectAttributes) => ObjectAttributes;

/** objects.patch and objects.update: the same generation, metageneration + 1. */
export async function changeObject(
  deps: NamespaceDeps,
  input: { readonly address: ObjectAddress; readonly preconditions: Preconditions; readonly change: AttributeChange },
): Promise<NamedObject> {
  const { address } = input;
  return decideAndCommit(deps, async () => {
    const { target, object, live } = await readLive(deps, input);
    const attributes = input.change(attributesOf(live));
    assertAttributes(attributes);
    const nowMs = deps.clock.nowMs();
    const after = changedState(live, attributes, nowMs);
    const { transaction } = objectTransaction(deps, target, [{ op: 'patch', object, after }], nowMs);
    return {
      kind: 'commit',
      transaction,
      result: () => ({ bucket: address.bucket, name: address.name, state: after }),
    };
  });
}

export async function deleteObject(
  deps: NamespaceDeps,
  input: { readonly address: ObjectAddress; readonly preconditions: Preconditions },
): Promise<void> {
  const { address } = input;
  await decideAndCommit(deps, async () => {
    const { target, object, live } = await readLive(deps, input);
    const refusal = judgeHolds(address.bucket, address.name, live);
    if (refusal !== undefined) throw refusal;
    const change = { op: 'delete' as const, object, live };
    const { transaction } = objectTransaction(deps, target, [change], deps.clock.nowMs());
    return { kind: 'commit', transaction, result: () => undefined };
  });
}

async function readLive(
  deps: NamespaceDeps,
  input: { readonly address: ObjectAddress; readonly preconditions: Preconditions },
) {
  const { address, preconditions } = input;
  const { bucket, alive, objects } = await readForChange(deps, address.bucket, [address.name]);
  const [object] = objects;
  const live = addressed(address, object?.live);
  if (object === undefined) throw new RangeError('one name was asked for');
  const refusal = judgePreconditions(preconditions, live);
  if (refusal !== undefined) throw refusal;
  return { target: { bucket, alive }, object, live };
}
