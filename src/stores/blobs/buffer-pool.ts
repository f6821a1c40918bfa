import type { ReadBudget } from './read-budget.ts';

/** Where reads get their buffers. */
export interface BufferSource {
  /** How large a buffer a read should ask for now. */
  readonly bytesEach: number;
  take(bytes: number): Buffer;
  give(buffer: Buffer): void;
}

/** A new buffer each time: its memory is the consumer's for good. */
export function freshBuffers(budget: ReadBudget): BufferSource {
  return {
    get bytesEach() {
      return budget.bytesEach;
    },
    take(bytes) {
      budget.hold(bytes);
      return Buffer.allocUnsafeSlow(bytes);
    },
    give: ({ length }) => budget.release(length),
  };
}

/**
 * Buffers that are used again, rounded up to a power of two. What lies idle is bounded by `idleBytesMax`; touching
 * the same few buffers keeps them in the processor's caches and out of the garbage collector.
 */
export class BufferPool implements BufferSource {
  readonly #budget: ReadBudget;
  readonly #idleBytesMax: number;
  readonly #idle = new Map<number, ArrayBufferLike[]>();
  #idleBytes = 0;

  constructor(budget: ReadBudget, idleBytesMax: number) {
    this.#budget = budget;
    this.#idleBytesMax = idleBytesMax;
  }

  get bytesEach(): number {
    return this.#budget.bytesEach;
  }

  take(bytes: number): Buffer {
    this.#budget.hold(bytes);
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, bytes)));
    const idle = this.#idle.get(size)?.pop();
    if (idle === undefined) return Buffer.allocUnsafeSlow(size).subarray(0, bytes);
    this.#idleBytes -= size;
    return Buffer.from(idle, 0, bytes);
  }

  give({ buffer, length }: Buffer): void {
    this.#budget.release(length);
    const size = buffer.byteLength;
    if (this.#idleBytes + size > this.#idleBytesMax) return;
    const idle = this.#idle.get(size);
    if (idle === undefined) this.#idle.set(size, [buffer]);
    else idle.push(buffer);
    this.#idleBytes += size;
  }
}
