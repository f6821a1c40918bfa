/** The frame every row shares: one byte of format version, then a MessagePack body. */
import { Packr } from 'msgpackr';
import { StraitError } from '../../model/errors.ts';

export const ROW_FORMAT = 1;

const packr = new Packr({ useRecords: false, mapsAsObjects: true });

export function pack(body: unknown): Uint8Array {
  return packr.pack(body);
}

export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

/** Format version, then `header` as it is, then the body. */
export function encodeRow(body: unknown, header: Uint8Array = new Uint8Array()): Uint8Array {
  return Buffer.concat([Buffer.of(ROW_FORMAT), header, pack(body)]);
}

/** A row of a version we do not know is refused: guessing would lose what a later version wrote. */
export function checkFormat(value: Uint8Array, what: string): void {
  if (value[0] !== ROW_FORMAT) {
    throw new StraitError('corrupt', `${what} row has format ${value[0]}, this version reads ${ROW_FORMAT}`, {
      blob: what,
    });
  }
}

export function decodeRow<Body>(value: Uint8Array, what: string, headerBytes = 0): Body {
  checkFormat(value, what);
  return unpack(value.subarray(1 + headerBytes)) as Body;
}

export function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

export function readU64(bytes: Uint8Array, offset: number): bigint {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readBigUInt64BE(offset);
}
