import type { AccessList } from './access-list.ts';
import type { BucketId, BucketName, ScopeId } from './ids.ts';

/** A bucket as stored. `settings` are the JSON API's Bucket fields as the client (or the cloud) set them. */
export interface Bucket {
  readonly name: BucketName;
  readonly id: BucketId;
  /** The scope whose journal orders the bucket's objects and metadata. */
  readonly scopeId: ScopeId;
  /** The site that may commit here. At a site, buckets that sync brought down have owner `cloud`. */
  readonly owner: string;
  readonly project: string;
  /** Tells the buckets that had a name, one after another, apart. Of a cloud's bucket as the cloud has it. */
  readonly generation: bigint;
  readonly metageneration: bigint;
  readonly timeCreatedMs: number;
  readonly updatedMs: number;
  readonly location: string;
  readonly storageClass: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Absent: as GCS makes it for a bucket of the project when nobody says anything. */
  readonly acl?: AccessList;
  /** What new objects get. Absent: the same. */
  readonly defaultObjectAcl?: AccessList;
  /** How its object rows are laid out here, from its creation on; absent: flat. */
  readonly layout?: 'folders';
  /** Its policy lets everyone read its objects. */
  readonly publicObjects?: true;
  /** The longest that it ever soft-deleted for, which is how long it is kept itself; absent: as its settings say. */
  readonly softDeleteMaxMs?: number;
  /** As the owner gave it; absent: derived. */
  readonly etag?: string;
  /** Absent: it lives. Until `hardDeleteMs` it can be restored. */
  readonly softDeletion?: { readonly atMs: number; readonly hardDeleteMs: number };
}
