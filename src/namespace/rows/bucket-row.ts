import type { Bucket } from '../../model/bucket.ts';
import { bucketId, scopeId } from '../../model/ids.ts';
import { liftAcl, loadAcl, storeAcl } from './acl-rows.ts';
import { decodeRow, encodeRow, withoutAbsent } from './codec.ts';

interface StoredBucket extends Omit<Bucket, 'metageneration' | 'settings' | 'acl' | 'defaultObjectAcl'> {
  readonly metageneration: string;
  /** JSON text: clients choose the keys, and a MessagePack map would lose some of them. */
  readonly settings: string;
  readonly acl?: string[];
  readonly defaultObjectAcl?: string[];
}

export function encodeBucket(bucket: Bucket): Uint8Array {
  const { acl, defaultObjectAcl, ...rest } = bucket;
  const stored: StoredBucket = {
    ...rest,
    metageneration: bucket.metageneration.toString(),
    settings: JSON.stringify(bucket.settings),
    ...(acl === undefined ? {} : { acl: storeAcl(acl) }),
    ...(defaultObjectAcl === undefined ? {} : { defaultObjectAcl: storeAcl(defaultObjectAcl) }),
  };
  return encodeRow(stored);
}

export function decodeBucket(value: Uint8Array): Bucket {
  const { acl, defaultObjectAcl, ...stored } = decodeRow<StoredBucket>(value, 'bucket');
  // Older rows have the lists among the settings.
  const settings = JSON.parse(stored.settings) as Record<string, unknown>;
  const { acl: olderAcl, defaultObjectAcl: olderDefault, ...others } = settings;
  return {
    ...stored,
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
