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
  storedOffsetOfBlock,
  verifyHeader,
} from '../blob-format.ts';
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
      const layout = layoutOfStoredBytes(sizeBytes);
      if (layout === undefined) throw corruptBlob(id, `no blob has ${sizeBytes} stored bytes: it is cut short or torn`);
      const [header, footer] = [Buffer.alloc(HEADER_BYTES), Buffer.alloc(FOOTER_BYTES)];
      await Promise.all([file.read([header], 0), file.read([footer], sizeBytes - FOOTER_BYTES)]);
      verifyHeader(id, header);
      return new BlobFile(file, decodeFooter(id, footer, layout), layout);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Streams the range; each chunk lies in a buffer of `buffers`, and goes back there when the next is asked for. */
  async *read(range: ByteRange, buffers: BufferSource): AsyncGenerator<Uint8Array, void, void> {
    if (range.end > this.#layout.size) {
      throw corruptBlob(this.sealed.blobId, `it has ${this.#layout.size} bytes, ${range.end} were asked for`);
    }
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
    const wanted = targets.reduce((sum, target) => sum + target.length, 0);
    if ((await this.#file.read(targets, storedOffsetOfBlock(first))) !== wanted) {
      throw corruptBlob(this.sealed.blobId, 'it ends in the middle of a block');
    }
    for (const [index, { content, check }] of blocks.entries()) {
      if (this.#checks.checkOf(first + index, crc32c(content)) !== check.readUInt32BE(0)) {
        throw corruptBlob(this.sealed.blobId, `block ${first + index} fails its checksum`);
      }
    }
  }
}
