import type { CustomerKey } from '../model/encryption.ts';
import { StraitError } from '../model/errors.ts';
import type { BlobId, StagingId } from '../model/ids.ts';
import type { Segment } from '../model/object.ts';
import { KEY_BYTES, SecretKey } from '../model/secret-key.ts';
import type { Random } from '../runtime/random.ts';
import { closeBox, openBox } from '../runtime/sealed-box.ts';

/**
 * Data keys: one for each encrypted blob, drawn at random, kept only wrapped by the key of whoever may read the blob
 * (docs/formats/metadata.md, "Data keys"). What is wrapped opens with that blob's id alone.
 */

export function newDataKey(random: Random): SecretKey {
  return new SecretKey(random.bytes(KEY_BYTES));
}

export function wrapDataKey(random: Random, key: CustomerKey, id: BlobId | StagingId, dataKey: SecretKey): Uint8Array {
  return Uint8Array.from(closeBox(random, key.secret, context(WRAPPED_KEY, id), dataKey.reveal()));
}

/** `corrupt` when it does not open: that the key is the object's was judged before, by its hash. */
export function unwrapDataKey(key: CustomerKey, id: BlobId | StagingId, wrapped: Uint8Array): SecretKey {
  const bytes = openBox(key.secret, context(WRAPPED_KEY, id), wrapped);
  if (bytes === undefined) throw new StraitError('corrupt', `the data key of blob ${id} does not open`, { blob: id });
  return new SecretKey(bytes);
}

/** The data key of a segment's blob; `undefined` when the blob is not encrypted. */
export function segmentKey(segment: Segment, key: CustomerKey | undefined): SecretKey | undefined {
  const { blobId, wrappedKey } = segment;
  if (wrappedKey === undefined) return undefined;
  if (key === undefined) throw new StraitError('corrupt', `blob ${blobId} is encrypted by nobody`, { blob: blobId });
  return unwrapDataKey(key, blobId, wrappedKey);
}

export function closeInline(random: Random, dataKey: SecretKey, id: BlobId, bytes: Uint8Array): Uint8Array {
  return closeBox(random, dataKey, context(INLINE, id), bytes);
}

export function openInline(dataKey: SecretKey, id: BlobId, box: Uint8Array): Uint8Array {
  const bytes = openBox(dataKey, context(INLINE, id), box);
  if (bytes === undefined) throw new StraitError('corrupt', `inline blob ${id} cannot be decrypted`, { blob: id });
  return bytes;
}

/** Boxes of one kind never open as those of another. */
const WRAPPED_KEY = 'data key 1';
const INLINE = 'inline blob 1';

function context(kind: string, id: string): Uint8Array {
  return Buffer.from(`${kind}\0${id}`);
}
