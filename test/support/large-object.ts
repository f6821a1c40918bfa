/** Objects too large to hold: made, sent and read back in pieces, compared by CRC32C. */
import assert from 'node:assert/strict';
import { crc32c } from '@node-rs/crc32';
import { httpCall } from './http-call.ts';
import { patterned } from './patterned-bytes.ts';

const MIB = 1024 * 1024;
const PIECE = patterned(MIB);

/** The next piece of the content: each carries its number, so that no two are alike. */
function pieceAt(index: number): Buffer {
  const piece = Buffer.from(PIECE);
  piece.writeUInt32BE(index, 0);
  return piece;
}

export interface LargeObject {
  readonly bucket: string;
  readonly name: string;
  readonly mebibytes: number;
  /** Of one request of the resumable upload. */
  readonly chunkMebibytes: number;
}

/** Uploads resumably, chunk by chunk; the CRC32C of what was sent, which the answer must bear. */
export async function uploadLarge(base: string, object: LargeObject): Promise<number> {
  const { bucket, name, mebibytes, chunkMebibytes } = object;
  const path = `/upload/storage/v1/b/${bucket}/o?uploadType=resumable&name=${encodeURIComponent(name)}`;
  const begun = await httpCall(base, 'POST', path, { body: {} });
  assert.equal(begun.status, 200, begun.text);
  const { pathname, search } = new URL(begun.headers.location ?? '');
  const total = mebibytes * MIB;
  let sum = 0;
  for (let first = 0; first < mebibytes; first += chunkMebibytes) {
    const end = Math.min(first + chunkMebibytes, mebibytes);
    const send = async function* () {
      for (let index = first; index < end; index += 1) {
        const piece = pieceAt(index);
        sum = crc32c(piece, sum);
        yield piece;
      }
    };
    const headers = {
      'Content-Length': String((end - first) * MIB),
      'Content-Range': `bytes ${first * MIB}-${end * MIB - 1}/${total}`,
    };
    const answer = await httpCall(base, 'PUT', pathname + search, { headers, body: send() });
    assert.equal(answer.status, end === mebibytes ? 200 : 308, answer.text);
    if (end === mebibytes) assert.equal(answer.json.crc32c, base64(sum));
  }
  return sum;
}

/** Downloads and answers size and CRC32C of what came; one chunk is held at a time. */
export async function downloadSum(
  base: string,
  { bucket, name }: { readonly bucket: string; readonly name: string },
): Promise<{ readonly size: number; readonly crc32c: number }> {
  const response = await fetch(`${base}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`);
  assert.equal(response.status, 200);
  let size = 0;
  let sum = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    sum = crc32c(chunk, sum);
  }
  return { size, crc32c: sum };
}

function base64(sum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(sum);
  return bytes.toString('base64');
}
