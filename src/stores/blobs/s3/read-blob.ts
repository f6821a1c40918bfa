import { crc32c } from '@node-rs/crc32';
import type { BlobId } from '../../../model/ids.ts';
import type { ByteRange } from '../../../model/object.ts';
import {
  BLOCK_BYTES,
  type BlobLayout,
  BlockChecks,
  CHECK_BYTES,
  decodeFooter,
  FOOTER_BYTES,
  HEADER_BYTES,
  layoutOfStoredBytes,
  storedBytesOfBlock,
  storedOffsetOfBlock,
  verifyHeader,
} from '../blob-format.ts';
import type { BlockCipher } from '../block-cipher.ts';
import type { SealedBlob } from '../port.ts';
import { corruptBlob } from '../refusals.ts';
import { isTransient } from './s3-client.ts';
import type { S3Objects } from './s3-objects.ts';

export interface VerifiedBlob {
  readonly sealed: SealedBlob;
  readonly layout: BlobLayout;
}

/** Header and footer of a blob, verified; `undefined` when there is none. */
export async function verifyBlob(objects: S3Objects, id: BlobId): Promise<VerifiedBlob | undefined> {
  const get = (range: string) =>
    objects.client.send({ method: 'GET', key: objects.blobKey(id), headers: { range } }, [200, 206, 404, 416]);
  const [head, foot] = await Promise.all([get(`bytes=0-${HEADER_BYTES - 1}`), get(`bytes=-${FOOTER_BYTES}`)]);
  if (foot.status === 404) return undefined;
  const storedBytes = Number(/\/(\d+)$/.exec(foot.headers['content-range'] ?? '')?.[1] ?? 0);
  const layout = layoutOfStoredBytes(storedBytes, verifyHeader(id, head.body));
  if (layout === undefined) throw corruptBlob(id, `no blob has ${storedBytes} stored bytes: it is cut short or torn`);
  return { sealed: decodeFooter(id, foot.body, layout), layout };
}

/** Streams the range block by block; a body that breaks off is asked for again from the block it broke in. */
export async function* readBlob(
  objects: S3Objects,
  { sealed, layout }: VerifiedBlob,
  range: ByteRange,
  cipher: BlockCipher | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  const id = sealed.blobId;
  if (range.end > layout.size) throw corruptBlob(id, `it has ${layout.size} bytes, ${range.end} were asked for`);
  const end = Math.ceil(range.end / BLOCK_BYTES);
  let block = Math.floor(range.start / BLOCK_BYTES);
  const connect = () => streamBlocks(objects, { id, layout, cipher, first: block, end });
  let blocks = connect();
  while (block < end) {
    const content = await objects.client.retried(async () => {
      try {
        const next = await blocks.next();
        if (next.done === true) throw corruptBlob(id, 'it ends in the middle of a block');
        return next.value;
      } catch (error) {
        if (isTransient(error)) blocks = connect();
        throw error;
      }
    });
    const base = block * BLOCK_BYTES;
    block += 1;
    yield content.subarray(Math.max(0, range.start - base), Math.min(content.length, range.end - base));
  }
  await blocks.return();
}

interface BlockSpan {
  readonly id: BlobId;
  readonly layout: BlobLayout;
  readonly cipher: BlockCipher | undefined;
  readonly first: number;
  readonly end: number;
}

async function* streamBlocks(objects: S3Objects, span: BlockSpan): AsyncGenerator<Buffer, void, void> {
  const { id, layout, first, end } = span;
  const [from, to] = [storedOffsetOfBlock(first, layout.cipher), storedEndOfBlock(layout, end - 1)];
  const headers = { range: `bytes=${from}-${to - 1}` };
  const { status, body } = await objects.client.stream({ method: 'GET', key: objects.blobKey(id), headers });
  try {
    if (status === 404) throw corruptBlob(id, 'it was removed while it was read');
    yield* verifiedBlocks(body, span);
  } finally {
    body.on('error', () => {}).destroy();
  }
}

/** Cuts a stream of stored bytes into blocks, and hands out the contents of those that hold. */
async function* verifiedBlocks(
  stored: AsyncIterable<Uint8Array>,
  { id, layout, cipher, first, end }: BlockSpan,
): AsyncGenerator<Buffer, void, void> {
  const checks = new BlockChecks(id);
  let index = first;
  let block = Buffer.allocUnsafe(storedBytesOfBlock(layout, index));
  let filled = 0;
  for await (const chunk of stored) {
    for (let start = 0; start < chunk.length && index < end; ) {
      const piece = chunk.subarray(start, start + block.length - filled);
      block.set(piece, filled);
      filled += piece.length;
      start += piece.length;
      if (filled < block.length) continue;
      const kept = block.subarray(0, block.length - CHECK_BYTES);
      if (checks.checkOf(index, crc32c(kept)) !== block.readUInt32BE(kept.length)) {
        throw corruptBlob(id, `block ${index} fails its checksum`);
      }
      yield cipher === undefined ? kept : cipher.openBlock(index, index === layout.blockCount - 1, kept);
      index += 1;
      filled = 0;
      block = Buffer.allocUnsafe(index < end ? storedBytesOfBlock(layout, index) : 0);
    }
  }
}

function storedEndOfBlock(layout: BlobLayout, index: number): number {
  return storedOffsetOfBlock(index, layout.cipher) + storedBytesOfBlock(layout, index);
}
