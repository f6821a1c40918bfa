import { crc32c } from '@node-rs/crc32';
import { combineCrc32c, combineCrc32cBy, crc32cShift } from '../../model/crc32c.ts';
import type { BlobId } from '../../model/ids.ts';
import { BLOCK_BYTES, BlockChecks, CHECK_BYTES, storedOffsetOfBlock } from './blob-format.ts';
import type { BlockCipher } from './block-cipher.ts';
import { type ContentEncoder, type EncoderState, FRESH } from './block-encoder.ts';

const BLOCK_SHIFT = crc32cShift(BLOCK_BYTES);

/** Blocks that are complete and known not to be the last: a full one waits for the byte after it. */
export function closedBlocksAt(offset: number): number {
  return Math.max(0, Math.ceil(offset / BLOCK_BYTES) - 1);
}

/**
 * Cipher `aes-256-gcm`: a block is encrypted once it is complete and another byte comes, or the content ends, so that
 * the last one is marked as such. Until then it is held: one block of memory.
 */
export class SealingEncoder implements ContentEncoder {
  readonly cipher = 'aes-256-gcm';
  readonly #blocks: BlockCipher;
  readonly #checks: BlockChecks;
  readonly #started = Buffer.allocUnsafe(BLOCK_BYTES);
  #blockIndex: number;
  #startedBytes: number;
  #fullCrc32c: number;
  #startedCrc32c: number;

  /** `started`: content of the block that `from` ends in, as `started` said when it was saved. */
  constructor(id: BlobId, blocks: BlockCipher, from: EncoderState = FRESH, started: Uint8Array = new Uint8Array()) {
    this.#blocks = blocks;
    this.#checks = new BlockChecks(id);
    this.#blockIndex = closedBlocksAt(from.offset);
    this.#startedBytes = from.offset - this.#blockIndex * BLOCK_BYTES;
    if (started.length !== this.#startedBytes) throw new RangeError('the started block is not the one of this offset');
    this.#started.set(started);
    this.#fullCrc32c = from.fullCrc32c;
    this.#startedCrc32c = from.startedCrc32c;
  }

  get state(): EncoderState {
    const offset = this.#blockIndex * BLOCK_BYTES + this.#startedBytes;
    return { offset, fullCrc32c: this.#fullCrc32c, startedCrc32c: this.#startedCrc32c };
  }

  get position(): number {
    return storedOffsetOfBlock(this.#blockIndex, this.cipher);
  }

  get crc32c(): number {
    return combineCrc32c(this.#fullCrc32c, this.#startedCrc32c, this.#startedBytes);
  }

  /** Content that has come and is in no stored block yet. Valid until the next push. */
  get started(): Uint8Array {
    return this.#started.subarray(0, this.#startedBytes);
  }

  push(chunk: Uint8Array, emit: (stored: Uint8Array) => void): void {
    for (let start = 0; start < chunk.length; ) {
      if (this.#startedBytes === BLOCK_BYTES) this.#closeBlock(emit);
      const piece = chunk.subarray(start, start + BLOCK_BYTES - this.#startedBytes);
      start += piece.length;
      this.#startedCrc32c = crc32c(piece, this.#startedCrc32c);
      this.#started.set(piece, this.#startedBytes);
      this.#startedBytes += piece.length;
    }
  }

  end(emit: (stored: Uint8Array) => void): void {
    if (this.#startedBytes > 0) this.#emitBlock(true, emit);
  }

  #closeBlock(emit: (stored: Uint8Array) => void): void {
    this.#emitBlock(false, emit);
    this.#fullCrc32c = combineCrc32cBy(this.#fullCrc32c, this.#startedCrc32c, BLOCK_SHIFT);
    this.#blockIndex += 1;
    this.#startedBytes = 0;
    this.#startedCrc32c = 0;
  }

  #emitBlock(isLast: boolean, emit: (stored: Uint8Array) => void): void {
    const box = this.#blocks.closeBlock(this.#blockIndex, isLast, this.started);
    const check = Buffer.allocUnsafe(CHECK_BYTES);
    check.writeUInt32BE(this.#checks.checkOf(this.#blockIndex, crc32c(box)));
    emit(box);
    emit(check);
  }
}
