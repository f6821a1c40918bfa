const COPIED_BELOW_BYTES = 4096;
const SCRATCH_BYTES = 8 * 1024;

export type WriteBatch = (pieces: readonly Uint8Array[], position: number) => Promise<void>;

/**
 * Gathers stored bytes and writes them in large vectored writes, one on its way while the next is gathered. Small
 * pieces are copied together, so that neither a vector of a million entries nor a page held by ten bytes arises.
 */
export class BatchWriter {
  readonly #write: WriteBatch;
  readonly #batchBytes: () => number;
  #position: number;
  #pieces: Uint8Array[] = [];
  #gatheredBytes = 0;
  #scratch = Buffer.alloc(0);
  #scratchUsed = 0;
  /** Bytes at the end of `#scratch` that the last piece of the batch consists of; more may join them. */
  #openBytes = 0;
  #underway: Promise<void> = Promise.resolve();

  constructor(position: number, batchBytes: () => number, write: WriteBatch) {
    this.#position = position;
    this.#batchBytes = batchBytes;
    this.#write = write;
  }

  get isFull(): boolean {
    return this.#gatheredBytes >= this.#batchBytes();
  }

  readonly add = (piece: Uint8Array): void => {
    this.#gatheredBytes += piece.length;
    if (piece.length < COPIED_BELOW_BYTES) this.#addCopy(piece);
    else {
      this.#openBytes = 0;
      this.#pieces.push(piece);
    }
  };

  /** Begins to write what is gathered, once the batch before it has been written; throws when that one failed. */
  async flush(): Promise<void> {
    await this.#underway;
    if (this.#pieces.length === 0) return;
    this.#underway = this.#write(this.#pieces, this.#position);
    // The failure is met by whoever awaits next; until then it must not count as unhandled.
    this.#underway.catch(() => {});
    this.#position += this.#gatheredBytes;
    this.#pieces = [];
    this.#gatheredBytes = 0;
    this.#openBytes = 0;
    // The scratch goes with the batch: its bytes are read until that write ends.
    this.#scratch = Buffer.alloc(0);
    this.#scratchUsed = 0;
  }

  /** What was added and not yet given to a write; it will not be. Nothing can be added afterwards. */
  async takeRest(): Promise<readonly Uint8Array[]> {
    await this.#underway;
    return this.#pieces;
  }

  /** Resolves when all that was added is written. */
  async drain(): Promise<void> {
    await this.flush();
    await this.#underway;
  }

  /** Waits until nothing is being written any more, whatever became of it. */
  async settle(): Promise<void> {
    await this.#underway.catch(() => {});
  }

  #addCopy(piece: Uint8Array): void {
    if (piece.length > this.#scratch.length - this.#scratchUsed) {
      this.#scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
      this.#scratchUsed = 0;
      this.#openBytes = 0;
    }
    this.#scratch.set(piece, this.#scratchUsed);
    this.#scratchUsed += piece.length;
    if (this.#openBytes > 0) this.#pieces.pop();
    this.#openBytes += piece.length;
    this.#pieces.push(this.#scratch.subarray(this.#scratchUsed - this.#openBytes, this.#scratchUsed));
  }
}
