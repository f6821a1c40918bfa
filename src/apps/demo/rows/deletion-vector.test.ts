import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { readStoredVector, readVector } from './deletion-vector.ts';

const MAGIC = [0xd1, 0xd3, 0x39, 0x64];
const u16 = (value: number) => [value & 0xff, value >>> 8];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const u64 = (value: number) => [...u32(value), 0, 0, 0, 0];

function vector(bitmaps: readonly { readonly high: number; readonly bitmap: readonly number[] }[]): Uint8Array {
  const body = bitmaps.flatMap(({ high, bitmap }) => [...u32(high), ...bitmap]);
  return Uint8Array.from([...MAGIC, ...u64(bitmaps.length), ...body]);
}

/** No runs: cookie, count, (key, cardinality - 1), offsets, containers. */
const arrayBitmap = [...u32(12_346), ...u32(1), ...u16(2), ...u16(2 - 1), ...u32(16), ...u16(5), ...u16(9)];
/** One container, which is a run: cookie with count - 1 above, flags, (key, cardinality - 1), runs. */
const runBitmap = [...u32(12_347), 1, ...u16(0), ...u16(4 - 1), ...u16(2), ...u16(1), ...u16(1), ...u16(7), ...u16(1)];

test('array containers, and keys above 32 bits', () => {
  const rows = readVector(
    vector([
      { high: 0, bitmap: arrayBitmap },
      { high: 1, bitmap: arrayBitmap },
    ]),
  );
  const base = 2 * 65_536;
  assert.deepEqual([...rows], [base + 5, base + 9, 2 ** 32 + base + 5, 2 ** 32 + base + 9]);
});

test('run containers', () => {
  assert.deepEqual([...readVector(vector([{ high: 0, bitmap: runBitmap }]))], [1, 2, 7, 8]);
});

test('bitset containers', () => {
  const bits = new Array<number>(8192).fill(0xff);
  bits[0] = 0xfe;
  const bitmap = [...u32(12_346), ...u32(1), ...u16(0), ...u16(65_535 - 1), ...u32(16), ...bits];
  const rows = readVector(vector([{ high: 0, bitmap }]));
  assert.equal(rows.size, 65_535);
  assert.ok(!rows.has(0) && rows.has(1) && rows.has(65_535));
});

test('a stored vector is checked against its length and checksum', () => {
  const body = vector([{ high: 0, bitmap: runBitmap }]);
  const file = Buffer.alloc(1 + 4 + body.byteLength + 4);
  file.writeUInt32BE(body.byteLength, 1);
  file.set(body, 5);
  file.writeUInt32BE(crc32(body), 5 + body.byteLength);
  assert.equal(readStoredVector(file, 1).size, 4);
  file.writeUInt8(file.readUInt8(20) ^ 1, 20);
  assert.throws(() => readStoredVector(file, 1), /checksum/);
});
