import { type BlobId, blobId, type StagingId } from '../../model/ids.ts';
import type { SecretKey } from '../../model/secret-key.ts';
import type { Random } from '../../runtime/random.ts';
import { type Cipher, storedOffsetOfBlock, storedOffsetOfContent } from './blob-format.ts';
import { assertKeyFits, BlockCipher } from './block-cipher.ts';
import { BlockEncoder, type ContentEncoder, type EncoderState, FRESH } from './block-encoder.ts';
import type { SealedBlob, StagingOptions } from './port.ts';
import { type InitialMd5State, type ResumableMd5, resumableMd5 } from './resumable-md5.ts';
import { closedBlocksAt, SealingEncoder } from './sealing-encoder.ts';

/** What a staging keeps besides its stored bytes, so that any process can go on with it. */
export interface EncoderProgress {
  readonly encoder: EncoderState;
  /** As hash-wasm saves it; absent when no MD5 is wanted, and of an encrypted staging. */
  readonly md5State?: Uint8Array;
  /**
   * Of an encrypted staging: the MD5's state and the block that has started, encrypted. The state of an MD5 ends in up
   * to 63 bytes of content, and may no more be stored as it is than the content itself.
   */
  readonly tail?: Uint8Array;
}

/** What encrypting needs. Without a key nothing is encrypted. */
export interface Encryption {
  readonly dataKey: SecretKey | undefined;
  readonly random: Random;
}

export async function freshProgress(
  id: BlobId,
  { md5, dataKey }: StagingOptions,
  initial: InitialMd5State,
  random: Random,
): Promise<EncoderProgress> {
  const md5State = md5 ? await initial.get() : undefined;
  if (dataKey === undefined) return { encoder: FRESH, ...(md5State && { md5State }) };
  const tail = packTail(md5State ?? new Uint8Array(), new Uint8Array());
  return { encoder: FRESH, tail: new BlockCipher(id, dataKey, random).closeTail(0, tail) };
}

/** Where the stored bytes end that a progress speaks of. */
export function storedEnd({ encoder: { offset }, tail }: EncoderProgress): number {
  if (offset === 0) return 0;
  return tail === undefined
    ? storedOffsetOfContent(offset)
    : storedOffsetOfBlock(closedBlocksAt(offset), 'aes-256-gcm');
}

export function freshEncoder(id: BlobId, { dataKey, random }: Encryption): ContentEncoder {
  return dataKey === undefined ? new BlockEncoder(id) : new SealingEncoder(id, new BlockCipher(id, dataKey, random));
}

/** The encoder of a staging, with its running MD5. */
export class StagedEncoder {
  readonly #id: BlobId;
  readonly #encoder: BlockEncoder | SealingEncoder;
  readonly #blocks: BlockCipher | undefined;
  readonly #md5: ResumableMd5 | undefined;

  private constructor(id: BlobId, encoder: BlockEncoder | SealingEncoder, parts: Parts) {
    this.#id = id;
    this.#encoder = encoder;
    this.#blocks = parts.blocks;
    this.#md5 = parts.md5;
  }

  /** `corrupt` when the key is not the one the staging was begun with. */
  static async resume(
    staging: StagingId,
    progress: EncoderProgress,
    { dataKey, random }: Encryption,
  ): Promise<StagedEncoder> {
    const id = blobId(staging);
    assertKeyFits(id, progress.tail !== undefined, dataKey);
    if (progress.tail === undefined || dataKey === undefined) {
      const md5 = progress.md5State && (await resumableMd5(progress.md5State));
      return new StagedEncoder(id, new BlockEncoder(id, progress.encoder), { blocks: undefined, md5 });
    }
    const blocks = new BlockCipher(id, dataKey, random);
    const { md5State, started } = unpackTail(blocks.openTail(progress.encoder.offset, progress.tail));
    const md5 = md5State.length === 0 ? undefined : await resumableMd5(md5State);
    return new StagedEncoder(id, new SealingEncoder(id, blocks, progress.encoder, started), { blocks, md5 });
  }

  get cipher(): Cipher {
    return this.#encoder.cipher;
  }

  /** Content bytes so far. */
  get offset(): number {
    return this.#encoder.state.offset;
  }

  push(chunk: Uint8Array, emit: (stored: Uint8Array) => void): void {
    this.#md5?.update(chunk);
    this.#encoder.push(chunk, emit);
  }

  save(): EncoderProgress {
    const encoder = this.#encoder.state;
    const md5State = this.#md5?.save();
    if (this.#blocks === undefined || !(this.#encoder instanceof SealingEncoder)) {
      return { encoder, ...(md5State && { md5State }) };
    }
    const tail = packTail(md5State ?? new Uint8Array(), this.#encoder.started);
    return { encoder, tail: this.#blocks.closeTail(encoder.offset, tail) };
  }

  /** Ends the last block and both sums; nothing can be pushed or saved afterwards. */
  finish(emit: (stored: Uint8Array) => void): SealedBlob {
    this.#encoder.end(emit);
    const { offset: size } = this.#encoder.state;
    const md5 = this.#md5?.digest();
    return { blobId: this.#id, size, crc32c: this.#encoder.crc32c, ...(md5 && { md5 }) };
  }
}

interface Parts {
  readonly blocks: BlockCipher | undefined;
  readonly md5: ResumableMd5 | undefined;
}

/** Length of the MD5's state (2 bytes), state, started block. */
function packTail(md5State: Uint8Array, started: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(md5State.length);
  return Buffer.concat([length, md5State, started]);
}

function unpackTail(tail: Buffer): { readonly md5State: Uint8Array; readonly started: Uint8Array } {
  const md5End = 2 + tail.readUInt16BE(0);
  return { md5State: Uint8Array.from(tail.subarray(2, md5End)), started: tail.subarray(md5End) };
}
