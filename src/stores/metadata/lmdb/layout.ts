/**
 * What the LMDB adapter keeps on disk, described in `docs/formats/metadata-stores.md`. Change nothing here without a
 * new format number: `test/contracts/metadata-lmdb-format.test.ts` holds the bytes.
 */
import { StraitError } from '../../../model/errors.ts';

export const FORMAT = 1n;

export const DATABASES = { rows: 'rows', journals: 'journals', marks: 'marks' } as const;

export const MARK = { format: Buffer.from('format'), version: Buffer.from('version') } as const;

/** Bytes in front of a row's value: the version of the commit that wrote it. */
export const VERSION_BYTES = 8;

const SEQ_BYTES = 8;
const MAX_U64 = 0xffff_ffff_ffff_ffffn;

export function headMark(journal: string): Buffer {
  return Buffer.from(`head/${journal}`);
}

export function mintMark(scope: string): Buffer {
  return Buffer.from(`mint/${scope}`);
}

/** `<journal> NUL <seq>`: names hold no NUL, so journals keep apart and each is in the order of its seqs. */
export function journalKey(journal: string, seq: bigint): Buffer {
  const nameBytes = Buffer.byteLength(journal);
  const key = Buffer.allocUnsafe(nameBytes + 1 + SEQ_BYTES);
  key.write(journal, 0);
  key[nameBytes] = 0;
  key.writeBigUInt64BE(seq, nameBytes + 1);
  return key;
}

/** A bound above every entry of the journal that a store can ever hold. */
export function journalEnd(journal: string): Buffer {
  return journalKey(journal, MAX_U64);
}

export function seqOfKey(key: Uint8Array): bigint {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readBigUInt64BE(key.length - SEQ_BYTES);
}

export function encodeNumber(number: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(number);
  return bytes;
}

export function decodeNumber(bytes: Uint8Array | undefined): bigint {
  if (bytes === undefined) return 0n;
  if (bytes.length !== 8) throw corruptRow('a mark', bytes);
  return readU64(bytes);
}

export interface StoredRow {
  readonly value: Uint8Array;
  readonly version: bigint;
}

/**
 * Copies a stored row out of the buffer the binding reads into. `bytes.length` is the row's size even where the
 * array is longer, as the binding sets it so: never use an operation that looks at the array's own length.
 */
export function decodeRow(bytes: Uint8Array): StoredRow {
  const { length } = bytes;
  if (length < VERSION_BYTES) throw corruptRow('a row', bytes);
  return { value: Buffer.from(bytes.subarray(VERSION_BYTES, length)), version: readU64(bytes) };
}

/** Reads two words: far cheaper than a DataView per row, and exact, as versions stay below 2^53 for ages. */
export function readU64(bytes: Uint8Array): bigint {
  const high = word(bytes, 0);
  const low = word(bytes, 4);
  return high < 0x20_0000 ? BigInt(high * 0x1_0000_0000 + low) : (BigInt(high) << 32n) | BigInt(low);
}

function word(bytes: Uint8Array, offset: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function corruptRow(what: string, bytes: Uint8Array): StraitError {
  const message = `${what} of ${bytes.length} bytes does not parse: the metadata store is damaged`;
  return new StraitError('corrupt', message, { blob: 'metadata' });
}
