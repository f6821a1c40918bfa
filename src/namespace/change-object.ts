import { StraitError } from '../model/errors.ts';
import type { NamedObject, ObjectAttributes } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import type { NamespaceDeps } from './deps.ts';
import type { ObjectAddress } from './read-object.ts';

/** A decision about attributes, from the live ones to the new ones: PATCH merges, PUT replaces. Pure. */
export type AttributeChange = (current: ObjectAttributes) => ObjectAttributes;

/** objects.patch and objects.update: the same generation, metageneration + 1. */
export async function changeObject(
  _deps: NamespaceDeps,
  _input: { readonly address: ObjectAddress; readonly preconditions: Preconditions; readonly change: AttributeChange },
): Promise<NamedObject> {
  throw new StraitError('unsupported', 'objects.patch', { feature: 'patch' });
}

export async function deleteObject(
  _deps: NamespaceDeps,
  _input: { readonly address: ObjectAddress; readonly preconditions: Preconditions },
): Promise<void> {
  throw new StraitError('unsupported', 'objects.delete', { feature: 'delete' });
}
