import { crc32c } from '@node-rs/crc32';
import { StraitError } from '../../model/errors.ts';
import type { BlobId } from '../../model/ids.ts';
import { BOX_BYTES } from '../../runtime/sealed-box.ts';
import type { SealedBlob } from './port.ts';
import { corruptBlob } from './refusals.ts';

/** Blob format v1: `docs/formats/blob-v1.md` is the layout in words. */

export const BLOCK_BYTES = 65_536;
export const CHECK_BYTES = 4;
export const HEADER_BYTES = 64;
export const FOOTER_BYTES = 64;

const VERSION = 1;
const BLOCK_LOG2 = 16;
const HEADER_MAGIC = Buffer.from('STRTBLOB');
const FOOTER_MAGIC = Buffer.from('STRTBEND');
const HAS_MD5 = 1;

/** The position of each is its number in the header. */
const CIPHERS = ['none', 'aes-256-gcm'] as const;
export type Cipher = (typeof CIPHERS)[number];

/** What a stored block has besides its content. Bytes. */
const ADDED_BYTES: Readonly<Record<Cipher, number>> = { none: CHECK_BYTES, 'aes-256-gcm': BOX_BYTES + CHECK_BYTES };

/** Content bytes of one blob, and where they lie in its stored bytes. */
export interface BlobLayout {
  readonly cipher: Cipher;
  /** Content bytes. */
  readonly size: number;
  readonly blockCount: number;
  /** Header and footer included. */
  readonly storedBytes: number;
}

export function layoutOfSize(size: number, cipher: Cipher = 'none'): BlobLayout {
  const blockCount = Math.ceil(size / BLOCK_BYTES);
  const storedBytes = HEADER_BYTES + size + blockCount * ADDED_BYTES[cipher] + FOOTER_BYTES;
  return { cipher, size, blockCount, storedBytes };
}

/** The layout that has this stored length; `undefined` when none has. */
export function layoutOfStoredBytes(storedBytes: number, cipher: Cipher = 'none'): BlobLayout | undefined {
  const body = storedBytes - HEADER_BYTES - FOOTER_BYTES;
  if (body < 0) return undefined;
  const added = ADDED_BYTES[cipher];
  const stride = BLOCK_BYTES + added;
  const rest = body % stride;
  if (rest > 0 && rest <= added) return undefined;
  const size = Math.floor(body / stride) * BLOCK_BYTES + (rest === 0 ? 0 : rest - added);
  return layoutOfSize(size, cipher);
}

/** Where stored block `index` begins in the stored bytes. */
export function storedOffsetOfBlock(index: number, cipher: Cipher = 'none'): number {
  return HEADER_BYTES + index * (BLOCK_BYTES + ADDED_BYTES[cipher]);
}

/** Where content byte `offset` of a blob that is not encrypted lies, or will lie, in the stored bytes. */
export function storedOffsetOfContent(offset: number): number {
  return storedOffsetOfBlock(Math.floor(offset / BLOCK_BYTES)) + (offset % BLOCK_BYTES);
}

/** Bytes of stored block `index`, its check included. */
export function storedBytesOfBlock(layout: BlobLayout, index: number): number {
  return contentBytesOfBlock(layout, index) + ADDED_BYTES[layout.cipher];
}

/** Content bytes of block `index`. */
export function contentBytesOfBlock({ size }: BlobLayout, index: number): number {
  return Math.min(BLOCK_BYTES, size - index * BLOCK_BYTES);
}

/** Computes and verifies the checks of one blob's blocks. */
export class BlockChecks {
  readonly #suffix: Buffer;

  constructor(id: BlobId) {
    this.#suffix = Buffer.concat([Buffer.from(id, 'hex'), Buffer.alloc(8)]);
  }

  /** The check of block `index`, whose stored bytes before the check have this CRC32C. */
  checkOf(index: number, blockCrc32c: number): number {
    this.#suffix.writeUInt32BE(Math.floor(index / 0x1_0000_0000), 16);
    this.#suffix.writeUInt32BE(index % 0x1_0000_0000, 20);
    return crc32c(this.#suffix, blockCrc32c);
  }
}

export function encodeHeader(id: BlobId, cipher: Cipher = 'none'): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  HEADER_MAGIC.copy(header, 0);
  header.writeUInt16BE(VERSION, 8);
  header.writeUInt8(CIPHERS.indexOf(cipher), 10);
  header.writeUInt8(BLOCK_LOG2, 11);
  Buffer.from(id, 'hex').copy(header, 16);
  header.writeUInt32BE(crc32c(header.subarray(0, 60)), 60);
  return header;
}

/** Throws `corrupt` when it is not the header of this blob, `unsupported` when it is one of a later format. */
export function verifyHeader(id: BlobId, header: Buffer): Cipher {
  if (header.length !== HEADER_BYTES || !header.subarray(0, 8).equals(HEADER_MAGIC)) {
    throw corruptBlob(id, 'the header is not one');
  }
  if (crc32c(header.subarray(0, 60)) !== header.readUInt32BE(60)) {
    throw corruptBlob(id, 'the header fails its checksum');
  }
  if (header.toString('hex', 16, 32) !== id) throw corruptBlob(id, 'the header is that of another blob');
  const [version, number, blockLog2] = [header.readUInt16BE(8), header.readUInt8(10), header.readUInt8(11)];
  const cipher = CIPHERS[number];
  if (version === VERSION && cipher !== undefined && blockLog2 === BLOCK_LOG2) return cipher;
  const feature = `blob format ${version}, cipher ${number}, blocks of 2^${blockLog2} bytes`;
  throw new StraitError('unsupported', `blob ${id} is written in ${feature}: this release cannot read it`, { feature });
}

export function encodeFooter({ blobId, size, crc32c: whole, md5 }: SealedBlob): Buffer {
  const footer = Buffer.alloc(FOOTER_BYTES);
  FOOTER_MAGIC.copy(footer, 0);
  footer.writeUInt8(md5 === undefined ? 0 : HAS_MD5, 8);
  footer.writeBigUInt64BE(BigInt(size), 16);
  footer.writeUInt32BE(whole, 24);
  if (md5 !== undefined) footer.set(md5, 32);
  footer.writeUInt32BE(footerCheck(blobId, footer), 60);
  return footer;
}

/** Throws `corrupt` when it is not the footer of a blob with this id and layout. */
export function decodeFooter(id: BlobId, footer: Buffer, layout: BlobLayout): SealedBlob {
  if (footer.length !== FOOTER_BYTES || !footer.subarray(0, 8).equals(FOOTER_MAGIC)) {
    throw corruptBlob(id, 'the footer is not one: the file is cut short or torn');
  }
  if (footerCheck(id, footer) !== footer.readUInt32BE(60)) throw corruptBlob(id, 'the footer fails its checksum');
  const size = Number(footer.readBigUInt64BE(16));
  if (size !== layout.size) throw corruptBlob(id, `the footer states ${size} bytes, the length ${layout.size}`);
  const md5 = (footer.readUInt8(8) & HAS_MD5) === 0 ? undefined : Uint8Array.from(footer.subarray(32, 48));
  return { blobId: id, size, crc32c: footer.readUInt32BE(24), ...(md5 && { md5 }) };
}

function footerCheck(id: BlobId, footer: Buffer): number {
  return crc32c(Buffer.from(id, 'hex'), crc32c(footer.subarray(0, 60)));
}
