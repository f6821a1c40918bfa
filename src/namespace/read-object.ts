import { StraitError } from '../model/errors.ts';
import type { BucketName, Generation, ObjectName } from '../model/ids.ts';
import type { ByteRange, NamedObject } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import type { NamespaceDeps } from './deps.ts';

export interface ObjectAddress {
  readonly bucket: BucketName;
  readonly name: ObjectName;
  /** Absent: the live generation. */
  readonly generation?: Generation;
}

/** `bucketNotFound`, `objectNotFound`, `preconditionFailed` or `notModified`. */
export async function getObject(
  _deps: NamespaceDeps,
  _input: { readonly address: ObjectAddress; readonly preconditions: Preconditions },
): Promise<NamedObject> {
  throw new StraitError('unsupported', 'objects.get', { feature: 'get' });
}

/**
 * Streams bytes of the very state `getObject` returned, even if it is overwritten or deleted meanwhile (until the reap
 * grace is over). Remote content comes by read-through. Backpressure bounds memory.
 */
export function openObject(
  _deps: NamespaceDeps,
  _input: { readonly object: NamedObject; readonly range: ByteRange; readonly signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  throw new StraitError('unsupported', 'objects.get', { feature: 'get' });
}
