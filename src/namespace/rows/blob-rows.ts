/** Rows of blobs: where they are, and the small ones themselves. */
import { crc32c } from '@node-rs/crc32';
import { StraitError } from '../../model/errors.ts';
import { blobId } from '../../model/ids.ts';
import type { Segment } from '../../model/object.ts';
import { checkFormat, decodeRow, encodeRow, ROW_FORMAT } from './codec.ts';

/** Where a blob's bytes are. `page`: the blob is a page of segments, `segments/<id>`, which holds references itself. */
export type BlobPlace = 'inline' | 'store' | 'page';

export interface BlobRow {
  /** Bytes. */
  readonly size: number;
  readonly place: BlobPlace;
}

export const encodeBlob = (row: BlobRow): Uint8Array => encodeRow(row);
export const decodeBlob = (value: Uint8Array): BlobRow => decodeRow(value, 'blob');

export interface UnreferencedRow {
  /** When it lost a reference, ms: reaping looks at it from then on. */
  readonly t: number;
}

export const encodeUnreferenced = (row: UnreferencedRow): Uint8Array => encodeRow(row);
export const decodeUnreferenced = (value: Uint8Array): UnreferencedRow => decodeRow(value, 'unreferenced');

export interface ReapedRow {
  readonly place: BlobPlace;
}

export const encodeReaped = (row: ReapedRow): Uint8Array => encodeRow(row);
export const decodeReaped = (value: Uint8Array): ReapedRow => decodeRow(value, 'reaped');

const INLINE_HEADER_BYTES = 6;
const CIPHERS = { none: 0, 'aes-256-gcm': 1 } as const;
type Cipher = keyof typeof CIPHERS;

/** Format version, cipher, CRC32C of the bytes (u32), bytes. */
export function encodeInline(bytes: Uint8Array, cipher: Cipher = 'none'): Uint8Array {
  const value = Buffer.alloc(INLINE_HEADER_BYTES + bytes.length);
  value[0] = ROW_FORMAT;
  value[1] = CIPHERS[cipher];
  value.writeUInt32BE(crc32c(bytes), 2);
  value.set(bytes, INLINE_HEADER_BYTES);
  return value;
}

/** Verified: bytes that fail their checksum or have another cipher are `corrupt`, never returned. */
export function decodeInline(value: Uint8Array, blob: string, cipher: Cipher = 'none'): Uint8Array {
  checkFormat(value, 'inline');
  if (value.length < INLINE_HEADER_BYTES) {
    throw new StraitError('corrupt', `inline blob ${blob} is cut short`, { blob });
  }
  const bytes = value.subarray(INLINE_HEADER_BYTES);
  const stated = Buffer.from(value.buffer, value.byteOffset, value.byteLength).readUInt32BE(2);
  if (value[1] !== CIPHERS[cipher] || crc32c(bytes) !== stated) {
    throw new StraitError('corrupt', `inline blob ${blob} fails its checksum`, { blob });
  }
  return bytes;
}

/**
 * A page entry: blob id, then offset and length of 6 bytes each; the offset's top bit marks inline bytes. Pages of
 * encrypted segments have a format of their own, whose entries end in the wrapped data key.
 */
const SEGMENT_BYTES = 28;
const SEALED_ROW_FORMAT = 2;
const WRAPPED_KEY_BYTES = 60;
const INLINE_BIT = 2 ** 47;
/** Keeps a page below the metadata store's limit of 32 KiB a value. */
export const PAGE_SEGMENTS_MAX = 1_024;
export const SEALED_PAGE_SEGMENTS_MAX = 368;

/** How many segments a page of them holds. */
export function pageSegmentsMax(segments: readonly Segment[]): number {
  return isSealed(segments) ? SEALED_PAGE_SEGMENTS_MAX : PAGE_SEGMENTS_MAX;
}

const isSealed = (segments: readonly Segment[]) => segments[0]?.wrappedKey !== undefined;

export function encodeSegments(segments: readonly Segment[]): Uint8Array {
  const [sealed, segmentsMax] = [isSealed(segments), pageSegmentsMax(segments)];
  if (segments.length > segmentsMax) throw new RangeError(`a page holds at most ${segmentsMax} segments`);
  const entryBytes = SEGMENT_BYTES + (sealed ? WRAPPED_KEY_BYTES : 0);
  const page = Buffer.alloc(1 + segments.length * entryBytes);
  page[0] = sealed ? SEALED_ROW_FORMAT : ROW_FORMAT;
  segments.forEach(({ blobId: id, offset, length, inline, wrappedKey }, index) => {
    if ((wrappedKey?.length ?? 0) !== entryBytes - SEGMENT_BYTES) throw new RangeError('segments of two kinds');
    const at = 1 + index * entryBytes;
    page.write(id, at, 'hex');
    page.writeUIntBE(offset + (inline === true ? INLINE_BIT : 0), at + 16, 6);
    page.writeUIntBE(length, at + 22, 6);
    if (wrappedKey !== undefined) page.set(wrappedKey, at + SEGMENT_BYTES);
  });
  return page;
}

export function decodeSegments(value: Uint8Array): readonly Segment[] {
  const sealed = value[0] === SEALED_ROW_FORMAT;
  if (!sealed) checkFormat(value, 'segments');
  const entryBytes = SEGMENT_BYTES + (sealed ? WRAPPED_KEY_BYTES : 0);
  const page = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const count = (page.length - 1) / entryBytes;
  if (!Number.isInteger(count)) throw new StraitError('corrupt', 'a segments row is cut short', { blob: 'segments' });
  return Array.from({ length: count }, (_, index): Segment => {
    const at = 1 + index * entryBytes;
    const marked = page.readUIntBE(at + 16, 6);
    const segment = {
      blobId: blobId(page.toString('hex', at, at + 16)),
      offset: marked % INLINE_BIT,
      length: page.readUIntBE(at + 22, 6),
      ...(sealed && { wrappedKey: Uint8Array.from(page.subarray(at + SEGMENT_BYTES, at + entryBytes)) }),
    };
    return marked >= INLINE_BIT ? { ...segment, inline: true } : segment;
  });
}
