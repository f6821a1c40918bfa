import type { BlobId, StagingId } from '../../model/ids.ts';
import type { ByteRange } from '../../model/object.ts';
import type { SecretKey } from '../../model/secret-key.ts';

/**
 * The blob store: immutable bytes under opaque ids. `test/contracts/blob-store.ts` is this contract as a suite.
 *
 * - A resolved `append` is durable up to the offset it returns, whatever process continues.
 * - A resolved `seal` is durable, whole and verified; nothing of an unsealed blob can be opened.
 * - Every read verifies the blocks it touches: bytes that fail their checksum are `corrupt`, never returned.
 * - A full disk is `unavailable`: nothing is acknowledged, other work goes on.
 * - A staging id nobody knows, or that was discarded, is `uploadNotFound`.
 * - A blob begun or written with a data key is encrypted with it, everything that is kept on its way included; the
 *   key is the caller's to keep, and is stored nowhere. Without that very key, or with one where none was, a blob or
 *   staging is `corrupt`, never wrong bytes. One key is for one blob.
 * - Chunks of a source belong to the store: whoever yields one must not change its bytes afterwards.
 */

export interface StagingOptions {
  /** Compute an MD5 as well; its running state survives a change of process. */
  readonly md5: boolean;
  /** Encrypt with this key, which no other blob has. */
  readonly dataKey?: SecretKey;
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
  /** Present when the source failed (even with `undefined`): what came before is durable up to `durableOffset`. */
  readonly sourceError?: unknown;
}

export interface OpenOptions {
  /**
   * The store may use a yielded chunk's memory again once the next chunk is asked for: for consumers that wait until
   * a chunk has left (the write callback of a socket). Never for a source of `append` or `write`.
   */
  readonly reuseBuffers?: boolean;
  /** Of an encrypted blob. */
  readonly dataKey?: SecretKey;
}

export interface BlobStore {
  /**
   * After a source that ended well all its bytes are durable. After one that failed, the durable offset may be
   * rounded down to a multiple of this many bytes (never below where the append began); 1 for files.
   */
  readonly granularityBytes: number;
  begin(options: StagingOptions): Promise<StagingId>;
  staging(stagingId: StagingId): Promise<StagingState | undefined>;
  /**
   * Adds the source's bytes at `offset`, which must be the durable offset (`preconditionFailed` otherwise, also when
   * it is sealed). Two appenders race safely: one that begins while another runs takes over, and the older one ends
   * in `preconditionFailed`, so that a stalled client cannot keep its own retry out. Bounded memory, progress saved
   * now and then also while the source runs.
   */
  append(
    stagingId: StagingId,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    dataKey?: SecretKey,
  ): Promise<AppendResult>;
  /**
   * Makes the staged bytes a blob whose id is the staging's, so that an audit can tell whose a blob is. Sealing a
   * sealed staging id again answers the same blob, and needs no key.
   */
  seal(stagingId: StagingId, dataKey?: SecretKey): Promise<SealedBlob>;
  /** `begin`, `append`, `seal` in one, without progress in between: for uploads that cannot be resumed. */
  write(source: AsyncIterable<Uint8Array>, options: StagingOptions): Promise<SealedBlob>;
  /** Removes a staging and its bytes, an append that runs then fails; nothing happens when it is gone or sealed. */
  discard(stagingId: StagingId): Promise<void>;
  /**
   * Streams exactly the range, verified block by block; nothing is read before the first chunk is asked for.
   * `objectNotFound` is never used here: a missing blob, or one shorter than the range, is `corrupt`.
   */
  open(blobId: BlobId, range: ByteRange, options?: OpenOptions): AsyncIterable<Uint8Array>;
  /** Bytes; `undefined` when there is no such blob. */
  size(blobId: BlobId): Promise<number | undefined>;
  /** Idempotent. A read that has begun may end well or be `corrupt`. */
  remove(blobId: BlobId): Promise<void>;
  /** All stagings not sealed yet, in no order; what a `write` has in hand is not among them. */
  listStaging(): AsyncIterable<StagingState>;
  /** All sealed blobs, in no order: for audits of unreferenced bytes. */
  listBlobs(): AsyncIterable<BlobId>;
  /** Free share of the space below the store, 0–1; 1 when it cannot be known. */
  freeShare(): Promise<number>;
  close(): Promise<void>;
}
