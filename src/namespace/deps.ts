import type { ChannelPolicy } from '../model/channel.ts';
import type { CustomerKey } from '../model/encryption.ts';
import type { BucketName, Generation, ObjectName } from '../model/ids.ts';
import type { ByteRange, ObjectState } from '../model/object.ts';
import type { PageRequest, PrefixedPage } from '../remotes/port.ts';
import type { Clock } from '../runtime/clock.ts';
import type { CrashPoints } from '../runtime/crash-points.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Random } from '../runtime/random.ts';
import type { BlobStore } from '../stores/blobs/port.ts';
import type { MetadataStore } from '../stores/metadata/port.ts';

/** Fetches bytes of listed names whose content is `remote`. Sync provides it; a site without sync has none. */
export interface ReadThrough {
  open(
    object: {
      readonly bucket: BucketName;
      readonly name: ObjectName;
      readonly generation: Generation;
      /** The key the bytes are under: they are passed on, and not kept. */
      readonly customerKey?: CustomerKey;
    },
    range: ByteRange,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}

/**
 * Scopes of buckets owned elsewhere that cost no rows here: every request about their names goes to the owner. Failing
 * to reach it is `unavailable`, never a 404.
 */
export interface PassThrough {
  covers(bucket: BucketName, name: ObjectName): boolean;
  /** Whether any name of the bucket that starts with `prefix` may be covered. */
  isPartly(bucket: BucketName, prefix: string): boolean;
  get(bucket: BucketName, name: ObjectName): Promise<ObjectState | undefined>;
  /** Covered names that start with `prefix`, from `startOffset` on, in UTF-8 byte order. */
  list(
    bucket: BucketName,
    range: { readonly prefix: string; readonly startOffset: ObjectName },
    signal: AbortSignal,
  ): AsyncIterable<OwnerName>;
}

/** Listings of buckets owned elsewhere as their owners have them: rows here are of live versions alone. */
export interface OwnerListings {
  list(bucket: BucketName, request: PageRequest, signal: AbortSignal): Promise<PrefixedPage>;
  /** It did not answer a moment ago: who can do without it does. */
  isAway(): boolean;
  /** Whether there is a managed folder whose name starts so. */
  hasManagedFolder(bucket: BucketName, prefix: string, signal: AbortSignal): Promise<boolean>;
}

/** A name as its owner lists it; `content` is `remote`. */
export interface OwnerName {
  readonly name: ObjectName;
  readonly state: ObjectState;
}

/** What every use case of the namespace needs. */
export interface NamespaceDeps {
  readonly metadata: MetadataStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly crashPoints: CrashPoints;
  readonly logger: Logger;
  readonly readThrough?: ReadThrough;
  readonly passThrough?: PassThrough;
  readonly ownerListings?: OwnerListings;
  readonly settings: NamespaceSettings;
}

export interface NamespaceSettings {
  /** This site's name: the owner of buckets created here. */
  readonly site: string;
  /** Objects up to this size live in the metadata store. Bytes. */
  readonly inlineBytesMax: number;
  /** An upload session nobody touches is removed after this. */
  readonly uploadTtlMs: number;
  /** Bytes of a blob nobody refers to are removed after this. */
  readonly reapGraceMs: number;
  /** The buckets here come from a cloud: none can be made here. */
  readonly followsCloud?: boolean;
  /** Whom channels may call; absent: applications over https that are not on this machine. */
  readonly channels?: ChannelPolicy;
}
