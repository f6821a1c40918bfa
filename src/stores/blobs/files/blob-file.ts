import { crc32c } from '@node-rs/crc32';
import type { BlobId } from '../../../model/ids.ts';
import type { ByteRange } from '../../../model/object.ts';
import {
  BLOCK_BYTES,
  type BlobLayout,
  BlockChecks,
  CHECK_BYTES,
  contentBytesOfBlock,
  decodeFooter,
  FOOTER_BYTES,
  HEADER_BYTES,
  layoutOfStoredBytes,
  storedBytesOfBlock,
  storedOffsetOfBlock,
  verifyHeader,
} from '../blob-format.ts';
import type { BlockCipher } from '../block-cipher.ts';
import type { BufferSource } from '../buffer-pool.ts';
import type { SealedBlob } from '../port.ts';
import { corruptBlob } from '../refusals.ts';
import { isIdName } from './blob-paths.ts';
import { unlessMissing } from './disk-errors.ts';
import type { FileLayer, LayerFile } from './file-layer.ts';

/** A sealed blob's file, open, its header and footer verified. */
export class BlobFile {
  readonly sealed: SealedBlob;
  readonly #file: LayerFile;
  readonly #layout: BlobLayout;
  readonly #checks: BlockChecks;

  private constructor(file: LayerFile, sealed: SealedBlob, layout: BlobLayout) {
    this.#file = file;
    this.sealed = sealed;
    this.#layout = layout;
    this.#checks = new BlockChecks(sealed.blobId);
  }

  /** `undefined` when there is no such file; `corrupt` when it is not a whole blob of this id. */
  static async open(layer: FileLayer, path: string, id: BlobId): Promise<BlobFile | undefined> {
    if (!isIdName(id)) return undefined;
    const file = await unlessMissing(() => layer.open(path, 'read'));
    if (file === undefined) return undefined;
    try {
      const { sizeBytes } = await file.stat();
      if (sizeBytes < HEADER_BYTES + FOOTER_BYTES) throw corruptBlob(id, `${sizeBytes} bytes are left of it`);
      const [header, footer] = [Buffer.alloc(HEADER_BYTES), Buffer.alloc(FOOTER_BYTES)];
      await Promise.all([file.read([header], 0), file.read([footer], sizeBytes - FOOTER_BYTES)]);
      const layout = layoutOfStoredBytes(sizeBytes, verifyHeader(id, header));
      if (layout === undefined) throw corruptBlob(id, `no blob has ${sizeBytes} stored bytes: it is cut short or torn`);
      return new BlobFile(file, decodeFooter(id, footer, layout), layout);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get isEncrypted(): boolean {
    return this.#layout.cipher !== 'none';
  }

  /**
   * Streams the range of a blob that is not encrypted; each chunk lies in a buffer of `buffers`, and goes back there
   * when the next is asked for.
   */
  async *read(range: ByteRange, buffers: BufferSource): AsyncGenerator<Uint8Array, void, void> {
    this.#assertWithin(range);
    const endBlock = Math.ceil(range.end / BLOCK_BYTES);
    for (let block = Math.floor(range.start / BLOCK_BYTES); block < endBlock; ) {
      const count = Math.min(endBlock - block, Math.max(1, Math.floor(buffers.bytesEach / BLOCK_BYTES)));
      const buffer = buffers.take(Math.min(count * BLOCK_BYTES, this.#layout.size - block * BLOCK_BYTES));
      try {
        await this.#readBlocks(block, count, buffer);
        const base = block * BLOCK_BYTES;
        yield buffer.subarray(Math.max(0, range.start - base), Math.min(count * BLOCK_BYTES, range.end - base));
      } finally {
        buffers.give(buffer);
      }
      block += count;
    }
  }

  /** Streams the range of an encrypted blob, block by block; only what is stored lies in buffers of `buffers`. */
  async *readSealed(
    range: ByteRange,
    buffers: BufferSource,
    blocks: BlockCipher,
  ): AsyncGenerator<Uint8Array, void, void> {
    this.#assertWithin(range);
    const endBlock = Math.ceil(range.end / BLOCK_BYTES);
    for (let first = Math.floor(range.start / BLOCK_BYTES); first < endBlock; ) {
      const count = Math.min(endBlock - first, Math.max(1, Math.floor(buffers.bytesEach / BLOCK_BYTES)));
      const indexes = Array.from({ length: count }, (_, index) => first + index);
      const sizes = indexes.map((index) => storedBytesOfBlock(this.#layout, index));
      const buffer = buffers.take(sizes.reduce((sum, bytes) => sum + bytes, 0));
      try {
        await this.#fill([buffer], first);
        let start = 0;
        for (const [at, index] of indexes.entries()) {
          const stored = buffer.subarray(start, start + (sizes[at] ?? 0));
          start += stored.length;
          const content = this.#opened(index, stored, blocks);
          const base = index * BLOCK_BYTES;
          yield content.subarray(Math.max(0, range.start - base), Math.min(content.length, range.end - base));
        }
      } finally {
        buffers.give(buffer);
      }
      first += count;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Content to the one side, checks to the other, in a single vectored read; then every block is verified. */
  async #readBlocks(first: number, count: number, buffer: Buffer): Promise<void> {
    const checks = Buffer.allocUnsafe(count * CHECK_BYTES);
    const blocks = Array.from({ length: count }, (_, index) => {
      const start = index * BLOCK_BYTES;
      const content = buffer.subarray(start, start + contentBytesOfBlock(this.#layout, first + index));
      return { content, check: checks.subarray(index * CHECK_BYTES, (index + 1) * CHECK_BYTES) };
    });
    const targets = blocks.flatMap(({ content, check }) => [content, check]);
    await this.#fill(targets, first);
    for (const [index, { content, check }] of blocks.entries()) this.#verify(first + index, content, check);
  }

  #opened(index: number, stored: Buffer, blocks: BlockCipher): Buffer {
    const box = stored.subarray(0, stored.length - CHECK_BYTES);
    this.#verify(index, box, stored.subarray(box.length));
    return blocks.openBlock(index, index === this.#layout.blockCount - 1, box);
  }

  async #fill(targets: readonly Buffer[], firstBlock: number): Promise<void> {
    const wanted = targets.reduce((sum, target) => sum + target.length, 0);
    const position = storedOffsetOfBlock(firstBlock, this.#layout.cipher);
    if ((await this.#file.read(targets, position)) === wanted) return;
    throw corruptBlob(this.sealed.blobId, 'it ends in the middle of a block');
  }

  #verify(index: number, stored: Buffer, check: Buffer): void {
    if (this.#checks.checkOf(index, crc32c(stored)) === check.readUInt32BE(0)) return;
    throw corruptBlob(this.sealed.blobId, `block ${index} fails its checksum`);
  }

  #assertWithin({ end }: ByteRange): void {
    const { size } = this.#layout;
    if (end > size) throw corruptBlob(this.sealed.blobId, `it has ${size} bytes, ${end} were asked for`);
  }
}
