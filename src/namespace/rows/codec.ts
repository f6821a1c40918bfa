/** The frame every row shares: one byte of format version, then a MessagePack body. */
import { Packr } from 'msgpackr';
import { StraitError } from '../../model/errors.ts';

export const ROW_FORMAT = 1;

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });

export function pack(body: unknown): Uint8Array {
  return packr.pack(body);
}

/** `corrupt` when the bytes are not one whole MessagePack value. `what` names the row in the message. */
export function unpack(bytes: Uint8Array, what: string): unknown {
  try {
    return packr.unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (cause) {
    throw new StraitError('corrupt', `${what} row of the metadata store cannot be read`, { blob: what }, { cause });
  }
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
  return unpack(value.subarray(1 + headerBytes), what) as Body;
}

/** A value that says only that its key is there. */
export const PRESENT: Uint8Array = Uint8Array.of(ROW_FORMAT);

/** The fields that are there: rows have no keys for absent ones, and absent fields must not come back as undefined. */
export function withoutAbsent<T extends object>(fields: { readonly [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

export function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

export function readU64(bytes: Uint8Array, offset: number): bigint {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readBigUInt64BE(offset);
}
