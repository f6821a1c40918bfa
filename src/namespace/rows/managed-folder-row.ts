import type { BucketName } from '../../model/ids.ts';
import type { ManagedFolder, RapidCachePolicy } from '../../model/managed-folder.ts';
import { decodeRow, encodeRow } from './codec.ts';

/** Cache policies as pairs: clients choose the keys. Bucket and name are in the key. */
interface StoredFolder {
  readonly id: string;
  readonly metageneration: string;
  readonly timeCreatedMs: number;
  readonly updatedMs: number;
  readonly caches?: readonly (readonly [cacheId: string, policy: RapidCachePolicy])[];
}

export function encodeManagedFolder(folder: ManagedFolder): Uint8Array {
  const { id, metageneration, timeCreatedMs, updatedMs, cachePolicies } = folder;
  const stored: StoredFolder = {
    ...{ id, metageneration: `${metageneration}`, timeCreatedMs, updatedMs },
    ...(cachePolicies.size === 0 ? {} : { caches: [...cachePolicies] }),
  };
  return encodeRow(stored);
}

export function decodeManagedFolder(value: Uint8Array, named: { bucket: BucketName; name: string }): ManagedFolder {
  const { caches = [], metageneration, ...stored } = decodeRow<StoredFolder>(value, 'managed folder');
  return { ...named, ...stored, metageneration: BigInt(metageneration), cachePolicies: new Map(caches) };
}
