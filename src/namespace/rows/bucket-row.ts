import type { Bucket } from '../../model/bucket.ts';
import { bucketId, scopeId } from '../../model/ids.ts';
import { liftAcl, loadAcl, storeAcl } from './acl-rows.ts';
import { decodeRow, encodeRow, readU64, u64, withoutAbsent } from './codec.ts';

interface StoredBucket extends Omit<Bucket, 'generation' | 'metageneration' | 'settings' | 'acl' | 'defaultObjectAcl'> {
  /** The generation, 8 bytes. It comes first, so that the store can stamp it. Absent in older rows. */
  readonly g?: Uint8Array;
  readonly metageneration: string;
  /** JSON text: clients choose the keys, and a MessagePack map would lose some of them. */
  readonly settings: string;
  readonly acl?: string[];
  readonly defaultObjectAcl?: string[];
}

export function encodeBucket(bucket: Bucket): Uint8Array {
  const { acl, defaultObjectAcl, generation, ...rest } = bucket;
  const stored: StoredBucket = {
    g: u64(generation),
    ...rest,
    metageneration: bucket.metageneration.toString(),
    settings: JSON.stringify(bucket.settings),
    ...(acl === undefined ? {} : { acl: storeAcl(acl) }),
    ...(defaultObjectAcl === undefined ? {} : { defaultObjectAcl: storeAcl(defaultObjectAcl) }),
  };
  return encodeRow(stored);
}

/** Where a bucket's generation is in its row: behind the map's header (3 bytes for 16 keys or more), key and length. */
export function bucketGenerationOffset(value: Uint8Array): number {
  return value[1] === MAP_16 ? 8 : 6;
}

const MAP_16 = 0xde;

export function decodeBucket(value: Uint8Array): Bucket {
  const { acl, defaultObjectAcl, g, ...stored } = decodeRow<StoredBucket>(value, 'bucket');
  // Older rows have the lists among the settings.
  const settings = JSON.parse(stored.settings) as Record<string, unknown>;
  const { acl: olderAcl, defaultObjectAcl: olderDefault, generation: older, ...others } = settings;
  return {
    ...stored,
    generation: g === undefined ? olderGeneration(older, stored.timeCreatedMs) : readU64(g, 0),
    id: bucketId(stored.id),
    scopeId: scopeId(stored.scopeId),
    metageneration: BigInt(stored.metageneration),
    settings: others,
    ...withoutAbsent<Pick<Bucket, 'acl' | 'defaultObjectAcl'>>({
      acl: acl === undefined ? liftAcl(olderAcl) : loadAcl(acl),
      defaultObjectAcl: defaultObjectAcl === undefined ? liftAcl(olderDefault) : loadAcl(defaultObjectAcl),
    }),
  };
}

/** Older rows have what a cloud told among the settings, and nothing of buckets made here. */
function olderGeneration(told: unknown, timeCreatedMs: number): bigint {
  return typeof told === 'string' && /^\d{1,18}$/.test(told) ? BigInt(told) : BigInt(timeCreatedMs) * 1_000n;
}
