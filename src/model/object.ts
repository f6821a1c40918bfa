import type { AccessList } from './access-list.ts';
import type { ObjectEncryption } from './encryption.ts';
import type { BlobId, BucketName, Generation, ObjectName } from './ids.ts';

/** A run of bytes of one blob. An object's content is its segments, in order. */
export interface Segment {
  readonly blobId: BlobId;
  /** Bytes into the blob. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** The blob lives in the metadata store under `inline/<blobId>`, not in the blob store. */
  readonly inline?: true;
  /** The data key of an encrypted blob, wrapped by the key of the object. */
  readonly wrappedKey?: Uint8Array;
}

/**
 * Where an object's bytes are. `paged`: here, with more segments than a row holds, listed on a page of their own.
 * `remote`: the name is here, the bytes are fetched from the owner by generation when asked for (read-through).
 */
export type Content =
  | { readonly kind: 'local'; readonly segments: readonly Segment[] }
  | { readonly kind: 'paged'; readonly pageId: BlobId; readonly segmentCount: number }
  | { readonly kind: 'remote' };

/** What a client says of an object for finding it again, by key. */
export type ObjectContexts = Readonly<Record<string, ObjectContext>>;

export interface ObjectContext {
  readonly value: string;
  /** Both absent in what a client sets: the namespace knows them. */
  readonly createTimeMs?: number;
  readonly updateTimeMs?: number;
  /** Of contexts that Google's own services made. */
  readonly extendedDataTypeUrl?: string;
}

/** Until when an object is to be kept whatever its bucket says (Cloud Storage page "Object Retention Lock"). */
export interface ObjectRetention {
  /** `Locked`: it may be prolonged, and nothing else, for good. */
  readonly mode: 'Unlocked' | 'Locked';
  readonly retainUntilMs: number;
}

/** Attributes a client sets. Absent means unset: nothing is defaulted in storage except at creation. */
export interface ObjectAttributes {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentDisposition?: string;
  readonly contentLanguage?: string;
  readonly cacheControl?: string;
  readonly storageClass?: string;
  /** Custom metadata, `x-goog-meta-*`. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly customTimeMs?: number;
  readonly contexts?: ObjectContexts;
  readonly temporaryHold?: boolean;
  /** Never beside `retention`. */
  readonly eventBasedHold?: boolean;
  readonly retention?: ObjectRetention;
  /** Fields of the JSON resource that are kept word for word and mean nothing to the namespace yet. */
  readonly opaque?: Readonly<Record<string, unknown>>;
}

/** One generation of one object, with everything a reader may learn of it. */
export interface ObjectState extends ObjectAttributes {
  readonly generation: Generation;
  readonly metageneration: bigint;
  /** Bytes, ≤ 5 TiB. */
  readonly size: number;
  /** Unsigned 32-bit CRC32C of the content. */
  readonly crc32c: number;
  /** 16 bytes; absent for composed objects. */
  readonly md5?: Uint8Array;
  /** As the owner gave it; absent: derived from generation and metageneration when rendered. */
  readonly etag?: string;
  readonly timeCreatedMs: number;
  readonly updatedMs: number;
  readonly timeStorageClassUpdatedMs: number;
  readonly timeFinalizedMs?: number;
  /** When its event-based hold was released last: the bucket's retention policy counts from then. */
  readonly holdReleasedMs?: number;
  readonly componentCount?: number;
  /** When it became noncurrent. */
  readonly timeDeletedMs?: number;
  readonly softDeleteTimeMs?: number;
  /** From then on a soft-deleted version cannot be restored any more. */
  readonly hardDeleteTimeMs?: number;
  /** 16 hex digits, of soft-deleted versions in hierarchical buckets: tells those of one name and generation apart. */
  readonly restoreToken?: string;
  /** Whose key the bytes are under. */
  readonly encryption?: ObjectEncryption;
  /** Absent: the project's teams and the owner, as GCS makes it when nobody says anything. */
  readonly acl?: AccessList;
  /** The address of whoever made it; absent: the site's own principal. */
  readonly owner?: string;
  readonly content: Content;
}

/** A state together with the name it is under. */
export interface NamedObject {
  readonly bucket: BucketName;
  readonly name: ObjectName;
  readonly state: ObjectState;
  /** When nothing but a hold keeps it any more; absent when nothing does, or nobody knows until when. */
  readonly retentionExpirationMs?: number;
  /** Everyone may read it. */
  readonly isPublic?: true;
}

/** Bytes `[start, end)` of an object. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}
