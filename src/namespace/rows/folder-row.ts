import type { Folder } from '../../model/folder.ts';
import { type BucketName, folderId } from '../../model/ids.ts';
import { decodeRow, encodeRow } from './codec.ts';

/** Where it is, the key says: a row knows nothing of the folders above it. */
interface StoredFolder {
  readonly id: string;
  readonly metageneration: string;
  readonly timeCreatedMs: number;
  readonly updatedMs: number;
}

export function encodeFolder({ id, metageneration, timeCreatedMs, updatedMs }: Folder): Uint8Array {
  const stored: StoredFolder = { id, metageneration: `${metageneration}`, timeCreatedMs, updatedMs };
  return encodeRow(stored);
}

export function decodeFolder(value: Uint8Array, named: { bucket: BucketName; name: string }): Folder {
  const stored = decodeRow<StoredFolder>(value, 'folder');
  return { ...named, ...stored, id: folderId(stored.id), metageneration: BigInt(stored.metageneration) };
}
