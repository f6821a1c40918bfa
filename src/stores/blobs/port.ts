import type { BlobId, StagingId } from '../../model/ids.ts';
import type { ByteRange } from '../../model/object.ts';

/**
 * The blob store: immutable bytes under opaque ids. `test/contracts/blob-store.ts` is this contract as a suite.
 *
 * - A resolved `append` is durable up to the offset it returns, whatever process continues.
 * - A resolved `seal` is durable, whole and verified; nothing of an unsealed blob can be opened.
 * - Every read verifies the blocks it touches: bytes that fail their checksum are `corrupt`, never returned.
 * - A full disk is `unavailable`: nothing is acknowledged, other work goes on.
 */

export interface StagingOptions {
  /** Compute an MD5 as well; its running state survives a change of process. */
  readonly md5: boolean;
}

export interface StagingState {
  readonly stagingId: StagingId;
  readonly durableOffset: number;
  readonly createdMs: number;
}

export interface SealedBlob {
  readonly blobId: BlobId;
  readonly size: number;
  readonly crc32c: number;
  readonly md5?: Uint8Array;
}

export interface AppendResult {
  /** All bytes below it are durable and will be in the sealed blob. */
  readonly durableOffset: number;
  /** Set when the source failed or ended early with an error after some bytes had been made durable. */
  readonly sourceError?: unknown;
}

export interface BlobStore {
  /** Durable offsets are multiples of this many bytes until the blob is sealed; 1 for files. */
  readonly granularityBytes: number;
  begin(options: StagingOptions): Promise<StagingId>;
  staging(stagingId: StagingId): Promise<StagingState | undefined>;
  /**
   * Adds the source's bytes at `offset`, which must be the durable offset (`preconditionFailed` otherwise; two
   * appenders race safely: one of them loses). Consumes the source as it comes, in bounded memory.
   */
  append(stagingId: StagingId, offset: number, source: AsyncIterable<Uint8Array>): Promise<AppendResult>;
  /** Makes the staged bytes a blob. Sealing a sealed staging id again answers the same blob. */
  seal(stagingId: StagingId): Promise<SealedBlob>;
  /** `begin`, `append`, `seal` in one, without progress in between: for uploads that cannot be resumed. */
  write(source: AsyncIterable<Uint8Array>, options: StagingOptions): Promise<SealedBlob>;
  /** Removes a staging and its bytes; nothing happens when it is gone or sealed. */
  discard(stagingId: StagingId): Promise<void>;
  /** Streams the range, verified block by block. `objectNotFound` is never used here: a missing blob is `corrupt`. */
  open(blobId: BlobId, range: ByteRange): AsyncIterable<Uint8Array>;
  size(blobId: BlobId): Promise<number | undefined>;
  /** Idempotent. */
  remove(blobId: BlobId): Promise<void>;
  listStaging(): AsyncIterable<StagingState>;
  /** All sealed blobs, in no order: for audits of unreferenced bytes. */
  listBlobs(): AsyncIterable<BlobId>;
  /** Free share of the space below the store, 0–1; 1 when it cannot be known. */
  freeShare(): Promise<number>;
  close(): Promise<void>;
}
