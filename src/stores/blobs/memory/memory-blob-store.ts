import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import { StraitError } from '../../../model/errors.ts';
import { type BlobId, blobId, type StagingId, stagingId } from '../../../model/ids.ts';
import type { ByteRange } from '../../../model/object.ts';
import type { SecretKey } from '../../../model/secret-key.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { type Random, randomHex } from '../../../runtime/random.ts';
import { assertKeyFits, BlockCipher } from '../block-cipher.ts';
import { GuardedSource } from '../guarded-source.ts';
import type { AppendResult, BlobStore, OpenOptions, SealedBlob, StagingOptions, StagingState } from '../port.ts';
import { alreadySealed, corruptBlob, noSuchStaging, takenOver, wrongOffset } from '../refusals.ts';

const CHUNK_BYTES = 64 * 1024;

interface Staging {
  readonly createdMs: number;
  readonly md5: boolean;
  /** Of an encrypted staging: an empty box, which opens with its key alone. The pieces are boxes then. */
  readonly check: Uint8Array | undefined;
  pieces: Uint8Array[];
  durableOffset: number;
  /** Who appends now; another one takes over by replacing it. */
  appender: symbol | undefined;
}

interface StoredBlob {
  readonly sealed: SealedBlob;
  /** Replaced, never changed. Encrypted: one box. */
  readonly bytes: Uint8Array;
  readonly isEncrypted: boolean;
}

export interface MemoryBlobDeps {
  readonly clock: Clock;
  readonly random: Random;
}

export interface MemoryBlobSettings {
  /** Bytes stored before `unavailable`, as on a full disk. */
  readonly capacityBytes?: number;
}

/** Blobs in the memory of one process, for tests and simulations: nothing survives it. */
export class MemoryBlobStore implements BlobStore {
  readonly granularityBytes = 1;
  readonly #deps: MemoryBlobDeps;
  readonly #capacityBytes: number;
  readonly #stagings = new Map<StagingId, Staging>();
  readonly #blobs = new Map<BlobId, StoredBlob>();
  #usedBytes = 0;

  constructor(deps: MemoryBlobDeps, settings: MemoryBlobSettings = {}) {
    this.#deps = deps;
    this.#capacityBytes = settings.capacityBytes ?? Number.POSITIVE_INFINITY;
  }

  async begin(options: StagingOptions): Promise<StagingId> {
    const id = stagingId(randomHex(this.#deps.random, 16));
    const createdMs = this.#deps.clock.nowMs();
    const { md5, dataKey } = options;
    const check = dataKey && this.#cipher(id, dataKey).closeTail(0, new Uint8Array());
    this.#stagings.set(id, { createdMs, md5, check, pieces: [], durableOffset: 0, appender: undefined });
    return id;
  }

  async staging(id: StagingId): Promise<StagingState | undefined> {
    const staging = this.#stagings.get(id);
    if (staging === undefined) return undefined;
    return { stagingId: id, durableOffset: staging.durableOffset, createdMs: staging.createdMs };
  }

  async append(
    id: StagingId,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    dataKey?: SecretKey,
  ): Promise<AppendResult> {
    const appender = Symbol(id);
    const staging = this.#stagingAt(id, offset);
    const cipher = this.#stagingCipher(id, staging, dataKey);
    staging.appender = appender;
    const guarded = new GuardedSource(source);
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of guarded.chunks()) {
      this.#checkStillAppending(id, appender);
      length += chunk.length;
      this.#checkRoom(length);
      pieces.push(Uint8Array.from(chunk));
    }
    this.#checkStillAppending(id, appender);
    staging.appender = undefined;
    const piece = Buffer.concat(pieces);
    staging.pieces.push(cipher === undefined ? piece : cipher.closeBlock(staging.pieces.length, false, piece));
    staging.durableOffset += length;
    this.#usedBytes += length;
    return { durableOffset: staging.durableOffset, ...guarded.failure };
  }

  async seal(id: StagingId, dataKey?: SecretKey): Promise<SealedBlob> {
    const sealedBefore = this.#blobs.get(blobId(id));
    if (sealedBefore !== undefined) return sealedBefore.sealed;
    const staging = this.#known(id);
    const cipher = this.#stagingCipher(id, staging, dataKey);
    const pieces =
      cipher === undefined ? staging.pieces : staging.pieces.map((box, at) => cipher.openBlock(at, false, box));
    const bytes = new Uint8Array(Buffer.concat(pieces));
    this.#stagings.delete(id);
    return this.#keep(blobId(id), bytes, { md5: staging.md5, cipher });
  }

  async write(source: AsyncIterable<Uint8Array>, options: StagingOptions): Promise<SealedBlob> {
    const id = await this.begin(options);
    try {
      const appended = await this.append(id, 0, source, options.dataKey);
      if ('sourceError' in appended) throw appended.sourceError;
      return await this.seal(id, options.dataKey);
    } finally {
      await this.discard(id);
    }
  }

  async discard(id: StagingId): Promise<void> {
    this.#usedBytes -= this.#stagings.get(id)?.durableOffset ?? 0;
    this.#stagings.delete(id);
  }

  async *open(id: BlobId, range: ByteRange, { dataKey }: OpenOptions = {}): AsyncIterable<Uint8Array> {
    const blob = this.#blobs.get(id);
    if (blob === undefined || range.end > blob.sealed.size) {
      throw corruptBlob(id, `missing, or shorter than ${range.end} bytes`);
    }
    assertKeyFits(id, blob.isEncrypted, dataKey);
    const bytes = dataKey === undefined ? blob.bytes : this.#cipher(id, dataKey).openBlock(0, true, blob.bytes);
    for (let start = range.start; start < range.end; start += CHUNK_BYTES) {
      yield Uint8Array.from(bytes.subarray(start, Math.min(start + CHUNK_BYTES, range.end)));
    }
  }

  async size(id: BlobId): Promise<number | undefined> {
    return this.#blobs.get(id)?.sealed.size;
  }

  async remove(id: BlobId): Promise<void> {
    this.#usedBytes -= this.#blobs.get(id)?.sealed.size ?? 0;
    this.#blobs.delete(id);
  }

  async *listStaging(): AsyncIterable<StagingState> {
    for (const [id, staging] of [...this.#stagings]) {
      yield { stagingId: id, durableOffset: staging.durableOffset, createdMs: staging.createdMs };
    }
  }

  async *listBlobs(): AsyncIterable<BlobId> {
    yield* [...this.#blobs.keys()];
  }

  async freeShare(): Promise<number> {
    return Number.isFinite(this.#capacityBytes) ? Math.max(0, 1 - this.#usedBytes / this.#capacityBytes) : 1;
  }

  async close(): Promise<void> {}

  #known(id: StagingId): Staging {
    const staging = this.#stagings.get(id);
    if (staging === undefined) throw noSuchStaging(id);
    return staging;
  }

  #stagingAt(id: StagingId, offset: number): Staging {
    if (this.#blobs.has(blobId(id))) throw alreadySealed();
    const staging = this.#known(id);
    if (staging.durableOffset !== offset) throw wrongOffset(offset, staging.durableOffset);
    return staging;
  }

  #checkStillAppending(id: StagingId, appender: symbol): void {
    if (this.#stagings.get(id)?.appender !== appender) throw takenOver();
  }

  #checkRoom(bytes: number): void {
    if (this.#usedBytes + bytes > this.#capacityBytes) {
      throw new StraitError('unavailable', 'the blob store is full', {});
    }
  }

  #cipher(id: string, dataKey: SecretKey): BlockCipher {
    return new BlockCipher(blobId(id), dataKey, this.#deps.random);
  }

  #stagingCipher(id: StagingId, { check }: Staging, dataKey: SecretKey | undefined): BlockCipher | undefined {
    assertKeyFits(blobId(id), check !== undefined, dataKey);
    if (check === undefined || dataKey === undefined) return undefined;
    const cipher = this.#cipher(id, dataKey);
    cipher.openTail(0, check);
    return cipher;
  }

  #keep(
    id: BlobId,
    content: Uint8Array,
    { md5, cipher }: { readonly md5: boolean; readonly cipher: BlockCipher | undefined },
  ): SealedBlob {
    const sums = { crc32c: crc32c(content), ...(md5 && { md5: md5Of(content) }) };
    const sealed: SealedBlob = { blobId: id, size: content.length, ...sums };
    const bytes = cipher === undefined ? content : cipher.closeBlock(0, true, content);
    this.#blobs.set(id, { sealed, bytes, isEncrypted: cipher !== undefined });
    return sealed;
  }
}

function md5Of(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('md5').update(bytes).digest());
}
