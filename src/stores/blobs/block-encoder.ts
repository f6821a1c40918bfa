import { crc32c } from '@node-rs/crc32';
import { combineCrc32c, combineCrc32cBy, crc32cShift } from '../../model/crc32c.ts';
import type { BlobId } from '../../model/ids.ts';
import { BLOCK_BYTES, BlockChecks, CHECK_BYTES, type Cipher, storedOffsetOfContent } from './blob-format.ts';

/** Where an encoder stands between two chunks: with it another process goes on. */
export interface EncoderState {
  /** Content bytes so far. */
  readonly offset: number;
  /** CRC32C of the full blocks. */
  readonly fullCrc32c: number;
  /** CRC32C of the started block's bytes. */
  readonly startedCrc32c: number;
}

export const FRESH: EncoderState = { offset: 0, fullCrc32c: 0, startedCrc32c: 0 };

/** Turns content into stored blocks as it comes. The header is not its affair. */
export interface ContentEncoder {
  readonly cipher: Cipher;
  readonly state: EncoderState;
  /** CRC32C of all content so far. */
  readonly crc32c: number;
  /** Where in the stored bytes the next emitted one lies. */
  readonly position: number;
  /** Takes content; hands stored bytes to `emit`, in order. */
  push(chunk: Uint8Array, emit: (stored: Uint8Array) => void): void;
  /** Ends the last block; nothing can be pushed afterwards. The state stays that of the content. */
  end(emit: (stored: Uint8Array) => void): void;
}

const BLOCK_SHIFT = crc32cShift(BLOCK_BYTES);

/** Cipher `none`: holds no content back. Each byte is checksummed once. */
export class BlockEncoder implements ContentEncoder {
  readonly cipher = 'none';
  readonly #checks: BlockChecks;
  #blockIndex: number;
  #startedBytes: number;
  #fullCrc32c: number;
  #startedCrc32c: number;

  constructor(id: BlobId, from: EncoderState = FRESH) {
    this.#checks = new BlockChecks(id);
    this.#blockIndex = Math.floor(from.offset / BLOCK_BYTES);
    this.#startedBytes = from.offset % BLOCK_BYTES;
    this.#fullCrc32c = from.fullCrc32c;
    this.#startedCrc32c = from.startedCrc32c;
  }

  get state(): EncoderState {
    const offset = this.#blockIndex * BLOCK_BYTES + this.#startedBytes;
    return { offset, fullCrc32c: this.#fullCrc32c, startedCrc32c: this.#startedCrc32c };
  }

  get position(): number {
    return storedOffsetOfContent(this.state.offset);
  }

  get crc32c(): number {
    return combineCrc32c(this.#fullCrc32c, this.#startedCrc32c, this.#startedBytes);
  }

  /** What is emitted are parts of `chunk` and checks. */
  push(chunk: Uint8Array, emit: (stored: Uint8Array) => void): void {
    for (let start = 0; start < chunk.length; ) {
      const piece = chunk.subarray(start, start + BLOCK_BYTES - this.#startedBytes);
      start += piece.length;
      this.#startedCrc32c = crc32c(piece, this.#startedCrc32c);
      this.#startedBytes += piece.length;
      emit(piece);
      if (this.#startedBytes === BLOCK_BYTES) this.#endBlock(emit);
    }
  }

  end(emit: (stored: Uint8Array) => void): void {
    if (this.#startedBytes > 0) emit(this.#check());
  }

  #endBlock(emit: (stored: Uint8Array) => void): void {
    emit(this.#check());
    this.#fullCrc32c = combineCrc32cBy(this.#fullCrc32c, this.#startedCrc32c, BLOCK_SHIFT);
    this.#blockIndex += 1;
    this.#startedBytes = 0;
    this.#startedCrc32c = 0;
  }

  #check(): Uint8Array {
    const check = Buffer.allocUnsafe(CHECK_BYTES);
    check.writeUInt32BE(this.#checks.checkOf(this.#blockIndex, this.#startedCrc32c));
    return check;
  }
}
