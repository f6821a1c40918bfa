import type { Cache } from '../../model/cache.ts';
import { bucketId } from '../../model/ids.ts';
import { decodeRow, encodeRow } from './codec.ts';

export function encodeCache(cache: Cache): Uint8Array {
  return encodeRow(cache);
}

export function decodeCache(value: Uint8Array): Cache {
  const stored = decodeRow<Cache>(value, 'cache');
  return { ...stored, bucketId: bucketId(stored.bucketId) };
}
