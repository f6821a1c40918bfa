import type { MemoryShare } from './memory-share.ts';

/** Where reads get their buffers. */
export interface BufferSource {
  /** How large a buffer a read should ask for now. */
  readonly bytesEach: number;
  take(bytes: number): Buffer;
  give(buffer: Buffer): void;
}

/** A new buffer each time: its memory is the consumer's for good. */
export function freshBuffers(share: MemoryShare): BufferSource {
  return {
    get bytesEach() {
      return share.bytesEach;
    },
    take: (bytes) => Buffer.allocUnsafeSlow(bytes),
    give() {},
  };
}

/**
 * Buffers that are used again, rounded up to a power of two. What lies idle is bounded by `idleBytesMax`; touching
 * the same few buffers keeps them in the processor's caches and out of the garbage collector.
 */
export class BufferPool implements BufferSource {
  readonly #share: MemoryShare;
  readonly #idleBytesMax: number;
  readonly #idle = new Map<number, ArrayBufferLike[]>();
  #idleBytes = 0;

  constructor(share: MemoryShare, idleBytesMax: number) {
    this.#share = share;
    this.#idleBytesMax = idleBytesMax;
  }

  get bytesEach(): number {
    return this.#share.bytesEach;
  }

  take(bytes: number): Buffer {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, bytes)));
    const idle = this.#idle.get(size)?.pop();
    if (idle === undefined) return Buffer.allocUnsafeSlow(size).subarray(0, bytes);
    this.#idleBytes -= size;
    return Buffer.from(idle, 0, bytes);
  }

  give({ buffer }: Buffer): void {
    const size = buffer.byteLength;
    if (this.#idleBytes + size > this.#idleBytesMax) return;
    const idle = this.#idle.get(size);
    if (idle === undefined) this.#idle.set(size, [buffer]);
    else idle.push(buffer);
    this.#idleBytes += size;
  }
}
