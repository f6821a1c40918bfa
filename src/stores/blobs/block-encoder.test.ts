import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { isStraitError } from '../../model/errors.ts';
import { blobId } from '../../model/ids.ts';
import {
  BLOCK_BYTES,
  BlockChecks,
  decodeFooter,
  encodeFooter,
  encodeHeader,
  layoutOfSize,
  layoutOfStoredBytes,
  storedOffsetOfContent,
  verifyHeader,
} from './blob-format.ts';
import { BlockEncoder } from './block-encoder.ts';

const ID = blobId('00112233445566778899aabbccddeeff');
const OTHER = blobId('00112233445566778899aabbccddeef0');
const isCorrupt = (error: unknown) => isStraitError(error, 'corrupt');

/** The format written the slow way, block by block, from its page. */
function referenceBody(content: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let index = 0; index * BLOCK_BYTES < content.length; index += 1) {
    const block = content.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(BigInt(index));
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc32c(Buffer.concat([block, Buffer.from(ID, 'hex'), number])));
    pieces.push(block, check);
  }
  return Buffer.concat(pieces);
}

const nearBorders = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -3, max: 3 }))
  .map(([blocks, delta]) => Math.max(0, blocks * BLOCK_BYTES + delta));

test('any chunking, with any change of process in between, gives the same stored bytes and checksum', () => {
  const chunkBytes = fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 2 * BLOCK_BYTES }));
  fc.assert(
    fc.property(nearBorders, fc.array(fc.tuple(chunkBytes, fc.boolean()), { maxLength: 20 }), (size, cuts) => {
      const content = Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 9)) & 255));
      const stored: Uint8Array[] = [];
      const emit = (piece: Uint8Array) => void stored.push(piece);
      let encoder = new BlockEncoder(ID);
      let start = 0;
      for (const [length, isHandedOver] of [...cuts, [size, false] as const]) {
        encoder.push(content.subarray(start, start + length), emit);
        start = Math.min(size, start + length);
        assert.equal(encoder.state.offset, start);
        if (isHandedOver) encoder = new BlockEncoder(ID, encoder.state);
      }
      encoder.end(emit);
      assert.ok(Buffer.concat(stored).equals(referenceBody(content)));
      assert.equal(encoder.crc32c, crc32c(content));
    }),
    { numRuns: 60 },
  );
});

test('a stored length has one size or none', () => {
  fc.assert(
    fc.property(fc.oneof(nearBorders, fc.maxSafeNat()), (size) => {
      const layout = layoutOfSize(Math.min(size, 2 ** 45));
      assert.deepEqual(layoutOfStoredBytes(layout.storedBytes), layout);
    }),
  );
  for (const length of [0, 127, 129, 132, 128 + 65_540 + 1, 128 + 65_540 + 4]) {
    assert.equal(layoutOfStoredBytes(length), undefined);
  }
  assert.equal(layoutOfStoredBytes(128)?.size, 0);
  assert.equal(storedOffsetOfContent(BLOCK_BYTES - 1), 64 + BLOCK_BYTES - 1);
  assert.equal(storedOffsetOfContent(BLOCK_BYTES), 64 + BLOCK_BYTES + 4);
});

test('header and footer: every flipped bit, another blob and another length are seen', () => {
  const layout = layoutOfSize(100_000);
  const sealed = { blobId: ID, size: 100_000, crc32c: 0xdeadbeef, md5: Uint8Array.from({ length: 16 }, (_, i) => i) };
  const [header, footer] = [encodeHeader(ID), encodeFooter(sealed)];
  verifyHeader(ID, header);
  assert.deepEqual(decodeFooter(ID, footer, layout), sealed);
  const { md5: _, ...withoutMd5 } = sealed;
  assert.deepEqual(decodeFooter(ID, encodeFooter(withoutMd5), layout), withoutMd5);
  for (let bit = 0; bit < 64 * 8; bit += 1) {
    const [brokenHeader, brokenFooter] = [Buffer.from(header), Buffer.from(footer)];
    for (const broken of [brokenHeader, brokenFooter]) broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => verifyHeader(ID, brokenHeader), isCorrupt);
    assert.throws(() => decodeFooter(ID, brokenFooter, layout), isCorrupt);
  }
  assert.throws(() => verifyHeader(OTHER, header), isCorrupt);
  assert.throws(() => decodeFooter(OTHER, footer, layout), isCorrupt);
  assert.throws(() => decodeFooter(ID, footer, layoutOfSize(100_001)), isCorrupt);
});

test('a later version, an unknown cipher and another block size are refused as unsupported', () => {
  for (const [offset, value] of [
    [9, 2],
    [10, 2],
    [10, 9],
    [11, 17],
  ] as const) {
    const header = encodeHeader(ID);
    header[offset] = value;
    header.writeUInt32BE(crc32c(header.subarray(0, 60)), 60);
    assert.throws(
      () => verifyHeader(ID, header),
      (error) => isStraitError(error, 'unsupported'),
    );
  }
});

test('a check depends on the blob and on the block number, beyond 32 bits too', () => {
  const numbers = [0, 1, 2 ** 32, 2 ** 32 + 1];
  const checks = [ID, OTHER].flatMap((id) => numbers.map((index) => new BlockChecks(id).checkOf(index, 1)));
  assert.equal(new Set(checks).size, checks.length);
});
