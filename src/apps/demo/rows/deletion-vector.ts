import { crc32 } from 'node:zlib';

/**
 * Deletion vectors as Delta files and Puffin blobs store them, and the RoaringBitmap they hold (the 64-bit portable
 * form of the RoaringFormatSpec). Written from the specifications, for counting rows independently of `src/tables`.
 */

const MAGIC = 1_681_511_377;
const LENGTH_BYTES = 4;
const MAGIC_BYTES = 4;

/** Row numbers in a stored vector: big-endian length, magic, bitmap, big-endian CRC-32 of magic and bitmap. */
export function readStoredVector(file: Uint8Array, offset: number): ReadonlySet<number> {
  const view = viewOf(file);
  const length = view.getUint32(offset);
  const start = offset + LENGTH_BYTES;
  const body = file.subarray(start, start + length);
  if (body.byteLength !== length) throw new Error('deletion vector is cut short');
  if (view.getUint32(start + length) !== crc32(body)) throw new Error('deletion vector has a wrong checksum');
  return readVector(body);
}

/** Row numbers in a vector without length and checksum: magic, bitmap. */
export function readVector(body: Uint8Array): ReadonlySet<number> {
  const input = new Reader(body);
  if (input.u32() !== MAGIC) throw new Error('deletion vector has a wrong magic number');
  const rows = new Set<number>();
  const bitmaps = input.u64();
  for (let index = 0; index < bitmaps; index += 1) {
    const high = input.u32() * 2 ** 32;
    readBitmap(input, (low) => rows.add(high + low));
  }
  if (input.offset !== body.byteLength) throw new Error('deletion vector has bytes left over');
  return rows;
}

const COOKIE_WITH_RUNS = 12_347;
const COOKIE_WITHOUT_RUNS = 12_346;
/** Bitmaps with runs carry container offsets only from this many containers on. */
const NO_OFFSET_THRESHOLD = 4;
const ARRAY_CARDINALITY_MAX = 4096;

/** One 32-bit RoaringBitmap. Offsets of containers are skipped: containers follow one another. */
function readBitmap(input: Reader, emit: (value: number) => void): void {
  const cookie = input.u32();
  const withRuns = (cookie & 0xffff) === COOKIE_WITH_RUNS;
  if (!withRuns && cookie !== COOKIE_WITHOUT_RUNS) throw new Error('bitmap has a wrong cookie');
  const count = withRuns ? (cookie >>> 16) + 1 : input.u32();
  const runFlags = withRuns ? input.take(Math.ceil(count / 8)) : new Uint8Array();
  const containers = Array.from({ length: count }, () => ({
    high: input.u16() * 2 ** 16,
    cardinality: input.u16() + 1,
  }));
  if (!withRuns || count >= NO_OFFSET_THRESHOLD) input.take(count * 4);
  for (const [index, { high, cardinality }] of containers.entries()) {
    const isRun = (((runFlags[index >>> 3] ?? 0) >>> (index & 7)) & 1) === 1;
    if (isRun) readRuns(input, (low) => emit(high + low));
    else if (cardinality <= ARRAY_CARDINALITY_MAX)
      for (let left = cardinality; left > 0; left -= 1) emit(high + input.u16());
    else readBits(input, (low) => emit(high + low));
  }
}

function readRuns(input: Reader, emit: (low: number) => void): void {
  for (let runs = input.u16(); runs > 0; runs -= 1) {
    const start = input.u16();
    const length = input.u16() + 1;
    for (let low = start; low < start + length; low += 1) emit(low);
  }
}

const BITSET_BYTES = 8192;

function readBits(input: Reader, emit: (low: number) => void): void {
  for (const [index, byte] of input.take(BITSET_BYTES).entries()) {
    for (let bit = 0; bit < 8; bit += 1) if (((byte >>> bit) & 1) === 1) emit(index * 8 + bit);
  }
}

/** Little-endian reads with a position; throws `RangeError` past the end. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  u16(): number {
    this.offset += 2;
    return this.#view.getUint16(this.offset - 2, true);
  }

  u32(): number {
    this.offset += MAGIC_BYTES;
    return this.#view.getUint32(this.offset - MAGIC_BYTES, true);
  }

  u64(): number {
    this.offset += 8;
    return Number(this.#view.getBigUint64(this.offset - 8, true));
  }

  take(count: number): Uint8Array {
    this.offset += count;
    if (this.offset > this.#bytes.byteLength) throw new RangeError('bitmap is cut short');
    return this.#bytes.subarray(this.offset - count, this.offset);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
