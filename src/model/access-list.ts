import type { Principal } from './principal.ts';

export type Role = 'OWNER' | 'WRITER' | 'READER';

/** One entry of an access control list. */
export interface Grant {
  /** As GCS writes it: `user-a@example.com`, `project-owners-p`, `allUsers`. */
  readonly entity: string;
  /** `WRITER` on buckets only. */
  readonly role: Role;
}

/** Entities are distinct. */
export type AccessList = readonly Grant[];

/** Lists that requests ask for by name. `publicReadWrite` is for buckets, the `bucketOwner…` ones for objects. */
export type PredefinedAcl =
  | 'authenticatedRead'
  | 'bucketOwnerFullControl'
  | 'bucketOwnerRead'
  | 'private'
  | 'projectPrivate'
  | 'publicRead'
  | 'publicReadWrite';

/** A list as a request gives it: entries of its own, `null` for "as if none was ever given", or a name. */
export interface WantedList {
  readonly list?: readonly Readonly<Record<'entity' | 'role', string>>[] | null;
  /** Wins over `list`. */
  readonly predefined?: PredefinedAcl;
}

/** What a request says about access to the object it makes. */
export interface NewObjectAccess extends WantedList {
  /** Becomes the owner. Absent: the site's own principal. */
  readonly principal?: Principal;
}

/** What a request says about access to a bucket and to the objects that will be made in it. */
export interface BucketAccess {
  readonly acl?: WantedList;
  readonly defaultObjectAcl?: WantedList;
}
