import type { Bucket } from '../../model/bucket.ts';
import { bucketId, scopeId } from '../../model/ids.ts';
import { decodeRow, encodeRow } from './codec.ts';

interface StoredBucket extends Omit<Bucket, 'metageneration' | 'settings'> {
  readonly metageneration: string;
  /** JSON text: clients choose the keys, and a MessagePack map would lose some of them. */
  readonly settings: string;
}

export function encodeBucket(bucket: Bucket): Uint8Array {
  const stored: StoredBucket = {
    ...bucket,
    metageneration: bucket.metageneration.toString(),
    settings: JSON.stringify(bucket.settings),
  };
  return encodeRow(stored);
}

export function decodeBucket(value: Uint8Array): Bucket {
  const stored = decodeRow<StoredBucket>(value, 'bucket');
  return {
    ...stored,
    id: bucketId(stored.id),
    scopeId: scopeId(stored.scopeId),
    metageneration: BigInt(stored.metageneration),
    settings: JSON.parse(stored.settings) as Record<string, unknown>,
  };
}
