import type { BucketName, Generation, ObjectName } from '../model/ids.ts';
import type { ByteRange } from '../model/object.ts';
import type { Clock } from '../runtime/clock.ts';
import type { CrashPoints } from '../runtime/crash-points.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Random } from '../runtime/random.ts';
import type { BlobStore } from '../stores/blobs/port.ts';
import type { MetadataStore } from '../stores/metadata/port.ts';

/** Fetches bytes of listed names whose content is `remote`. Sync provides it; a site without sync has none. */
export interface ReadThrough {
  open(
    object: { readonly bucket: BucketName; readonly name: ObjectName; readonly generation: Generation },
    range: ByteRange,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
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
  /**
   * Generations without order, as GCS promises no more (gcs-api §5 item 20): for a stand-in cloud in tests. Otherwise
   * the store mints them from the scope's high-water mark.
   */
  readonly randomGenerations?: boolean;
}
