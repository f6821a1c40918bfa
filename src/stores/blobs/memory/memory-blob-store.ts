import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import { StraitError } from '../../../model/errors.ts';
import { type BlobId, blobId, type StagingId, stagingId } from '../../../model/ids.ts';
import type { ByteRange } from '../../../model/object.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { type Random, randomHex } from '../../../runtime/random.ts';
import { GuardedSource } from '../guarded-source.ts';
import type { AppendResult, BlobStore, SealedBlob, StagingOptions, StagingState } from '../port.ts';
import { alreadySealed, corruptBlob, noSuchStaging, takenOver, wrongOffset } from '../refusals.ts';

const CHUNK_BYTES = 64 * 1024;

interface Staging {
  readonly createdMs: number;
  readonly md5: boolean;
  pieces: Uint8Array[];
  durableOffset: number;
  /** Who appends now; another one takes over by replacing it. */
  appender: symbol | undefined;
}

interface StoredBlob {
  readonly sealed: SealedBlob;
  /** Replaced, never changed. */
  readonly bytes: Uint8Array;
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
    this.#stagings.set(id, { createdMs, md5: options.md5, pieces: [], durableOffset: 0, appender: undefined });
    return id;
  }

  async staging(id: StagingId): Promise<StagingState | undefined> {
    const staging = this.#stagings.get(id);
    if (staging === undefined) return undefined;
    return { stagingId: id, durableOffset: staging.durableOffset, createdMs: staging.createdMs };
  }

  async append(id: StagingId, offset: number, source: AsyncIterable<Uint8Array>): Promise<AppendResult> {
    const appender = Symbol(id);
    const staging = this.#stagingAt(id, offset);
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
    staging.pieces.push(Buffer.concat(pieces));
    staging.durableOffset += length;
    this.#usedBytes += length;
    return { durableOffset: staging.durableOffset, ...guarded.failure };
  }

  async seal(id: StagingId): Promise<SealedBlob> {
    const sealedBefore = this.#blobs.get(blobId(id));
    if (sealedBefore !== undefined) return sealedBefore.sealed;
    const staging = this.#known(id);
    const bytes = new Uint8Array(Buffer.concat(staging.pieces));
    this.#stagings.delete(id);
    return this.#keep(blobId(id), bytes, staging.md5);
  }

  async write(source: AsyncIterable<Uint8Array>, options: StagingOptions): Promise<SealedBlob> {
    const id = await this.begin(options);
    try {
      const appended = await this.append(id, 0, source);
      if ('sourceError' in appended) throw appended.sourceError;
      return await this.seal(id);
    } finally {
      await this.discard(id);
    }
  }

  async discard(id: StagingId): Promise<void> {
    this.#usedBytes -= this.#stagings.get(id)?.durableOffset ?? 0;
    this.#stagings.delete(id);
  }

  async *open(id: BlobId, range: ByteRange): AsyncIterable<Uint8Array> {
    const blob = this.#blobs.get(id);
    if (blob === undefined || range.end > blob.bytes.length) {
      throw corruptBlob(id, `missing, or shorter than ${range.end} bytes`);
    }
    for (let start = range.start; start < range.end; start += CHUNK_BYTES) {
      yield blob.bytes.slice(start, Math.min(start + CHUNK_BYTES, range.end));
    }
  }

  async size(id: BlobId): Promise<number | undefined> {
    return this.#blobs.get(id)?.bytes.length;
  }

  async remove(id: BlobId): Promise<void> {
    this.#usedBytes -= this.#blobs.get(id)?.bytes.length ?? 0;
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

  #keep(id: BlobId, bytes: Uint8Array, md5: boolean): SealedBlob {
    const sums = { crc32c: crc32c(bytes), ...(md5 && { md5: md5Of(bytes) }) };
    const sealed: SealedBlob = { blobId: id, size: bytes.length, ...sums };
    this.#blobs.set(id, { sealed, bytes });
    return sealed;
  }
}

function md5Of(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('md5').update(bytes).digest());
}
