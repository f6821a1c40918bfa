import { StraitError } from '../model/errors.ts';
import type { BucketName, ObjectName } from '../model/ids.ts';
import type { NamedObject, ObjectAttributes } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import type { NamespaceDeps } from './deps.ts';

/** What an upload says about the object it makes; fixed when the upload starts. */
export interface InsertTarget {
  readonly bucket: BucketName;
  readonly name: ObjectName;
  readonly attributes: ObjectAttributes;
  readonly preconditions: Preconditions;
  /** Checksums the client declared; bytes that differ are refused with `checksumMismatch`. */
  readonly expected: { readonly crc32c?: number; readonly md5?: Uint8Array; readonly size?: number };
}

/** Inserts an object in one request: preconditions, staged bytes, one commit. Durable when it resolves. */
export async function insertObject(
  _deps: NamespaceDeps,
  _input: { readonly target: InsertTarget; readonly body: AsyncIterable<Uint8Array> },
): Promise<NamedObject> {
  throw new StraitError('unsupported', 'objects.insert', { feature: 'insert' });
}
