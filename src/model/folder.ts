import type { BucketName, FolderId } from './ids.ts';

/** A folder of a hierarchical bucket. Objects and folders in it refer to its id: it is renamed in one step. */
export interface Folder {
  readonly bucket: BucketName;
  /** Ends with a slash. */
  readonly name: string;
  readonly id: FolderId;
  readonly metageneration: bigint;
  readonly timeCreatedMs: number;
  readonly updatedMs: number;
}
