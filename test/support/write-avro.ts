import { crc32, deflateRawSync, zstdCompressSync } from 'node:zlib';
import avro from 'avsc';

/** Writes Avro container files with avsc, so that our reader is checked against another implementation. */

export type AvroCodec = 'null' | 'deflate' | 'zstandard' | 'snappy';

/** Longs as bigint or safe number. */
const longType = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint | number) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(BigInt(value));
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

const SYNC = Buffer.from('strait-test-sync');

export interface AvroOptions {
  readonly codec?: AvroCodec;
  readonly meta?: Readonly<Record<string, string>>;
  readonly recordsPerBlock?: number;
}

export function writeAvro(schema: object, records: readonly unknown[], options: AvroOptions = {}): Uint8Array {
  const { codec = 'deflate', recordsPerBlock = 1_000 } = options;
  const type = avro.Type.forSchema(schema as avro.Schema, { registry: { long: longType } });
  const entries = Object.entries({ 'avro.schema': JSON.stringify(schema), 'avro.codec': codec, ...options.meta });
  const parts: Buffer[] = [Buffer.from('Obj\x01', 'latin1'), encodeLong(entries.length)];
  for (const [key, value] of entries) parts.push(...lengthAnd(Buffer.from(key)), ...lengthAnd(Buffer.from(value)));
  parts.push(encodeLong(0), SYNC);
  for (let at = 0; at < records.length; at += recordsPerBlock) {
    const slice = records.slice(at, at + recordsPerBlock);
    const packed = pack(codec, Buffer.concat(slice.map((record) => type.toBuffer(record))));
    parts.push(encodeLong(slice.length), ...lengthAnd(packed), SYNC);
  }
  return Buffer.concat(parts);
}

function pack(codec: AvroCodec, block: Buffer): Buffer {
  switch (codec) {
    case 'null':
      return block;
    case 'deflate':
      return deflateRawSync(block);
    case 'zstandard':
      return zstdCompressSync(block);
    case 'snappy': {
      const checksum = Buffer.alloc(4);
      checksum.writeUInt32BE(crc32(block));
      return Buffer.concat([snappyLiteral(block), checksum]);
    }
  }
}

/** Snappy without compression: the length, then literals of at most 60 bytes. */
function snappyLiteral(block: Buffer): Buffer {
  const length: number[] = [];
  let left = block.length;
  for (; left > 127; left = Math.floor(left / 128)) length.push((left % 128) + 128);
  length.push(left);
  const parts: Buffer[] = [Buffer.from(length)];
  for (let at = 0; at < block.length; at += 60) {
    const slice = block.subarray(at, at + 60);
    parts.push(Buffer.from([(slice.length - 1) << 2]), slice);
  }
  return Buffer.concat(parts);
}

export function encodeLong(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function lengthAnd(bytes: Buffer): Buffer[] {
  return [encodeLong(bytes.length), bytes];
}
