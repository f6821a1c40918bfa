import type { Bucket } from '../../model/bucket.ts';
import { bucketId, scopeId } from '../../model/ids.ts';
import { decodeRow, encodeRow } from './codec.ts';

interface StoredBucket extends Omit<Bucket, 'metageneration'> {
  readonly metageneration: string;
}

export function encodeBucket(bucket: Bucket): Uint8Array {
  const stored: StoredBucket = { ...bucket, metageneration: bucket.metageneration.toString() };
  return encodeRow(stored);
}

export function decodeBucket(value: Uint8Array): Bucket {
  const stored = decodeRow<StoredBucket>(value, 'bucket');
  return {
    ...stored,
    id: bucketId(stored.id),
    scopeId: scopeId(stored.scopeId),
    metageneration: BigInt(stored.metageneration),
  };
}
