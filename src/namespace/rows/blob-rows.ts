/** Rows of blobs: where they are, and the small ones themselves. */
import { crc32c } from '@node-rs/crc32';
import { StraitError } from '../../model/errors.ts';
import { checkFormat, decodeRow, encodeRow, ROW_FORMAT } from './codec.ts';

export interface BlobRow {
  /** Bytes. */
  readonly size: number;
  readonly place: 'inline' | 'store';
}

export const encodeBlob = (row: BlobRow): Uint8Array => encodeRow(row);
export const decodeBlob = (value: Uint8Array): BlobRow => decodeRow(value, 'blob');

const INLINE_HEADER_BYTES = 6;
const CIPHER_NONE = 0;

/** Format version, cipher, CRC32C of the bytes (u32), bytes. */
export function encodeInline(bytes: Uint8Array): Uint8Array {
  const value = Buffer.alloc(INLINE_HEADER_BYTES + bytes.length);
  value[0] = ROW_FORMAT;
  value[1] = CIPHER_NONE;
  value.writeUInt32BE(crc32c(bytes), 2);
  value.set(bytes, INLINE_HEADER_BYTES);
  return value;
}

/** Verified: bytes that fail their checksum are `corrupt`, never returned. */
export function decodeInline(value: Uint8Array, blob: string): Uint8Array {
  checkFormat(value, 'inline');
  const bytes = value.subarray(INLINE_HEADER_BYTES);
  const stated = Buffer.from(value.buffer, value.byteOffset, value.byteLength).readUInt32BE(2);
  if (value[1] !== CIPHER_NONE || crc32c(bytes) !== stated) {
    throw new StraitError('corrupt', `inline blob ${blob} fails its checksum`, { blob });
  }
  return bytes;
}
