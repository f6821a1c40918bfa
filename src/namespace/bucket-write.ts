import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import { LIMITS, type Write } from '../stores/metadata/port.ts';
import { encodeBucket } from './rows/bucket-row.ts';

/** Room that a live bucket leaves in its row, so that it can always be deleted: for the times of a soft deletion. */
const DELETION_BYTES = 64;

/** The most a bucket may come to: what is live leaves room; a deletion uses it, and a restoration finds it used. */
export const BUCKET_BYTES_MAX = {
  live: LIMITS.valueBytesMax - DELETION_BYTES,
  whole: LIMITS.valueBytesMax,
} as const;

export type PutWrite = Extract<Write, { kind: 'put' }>;

/** `invalidArgument` when it does not fit: a row holds less than what settings and access lists might come to. */
export function bucketWrite(key: Uint8Array, bucket: Bucket, bytesMax: number = BUCKET_BYTES_MAX.live): PutWrite {
  const value = encodeBucket(bucket);
  if (value.length <= bytesMax) return { kind: 'put', key, value };
  const message =
    `The bucket resource is too large: ${value.length} bytes of at most ${bytesMax}. ` +
    'Take something out of its settings or access lists.';
  throw new StraitError('invalidArgument', message, {});
}
