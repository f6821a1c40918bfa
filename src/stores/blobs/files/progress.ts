import { crc32c } from '@node-rs/crc32';
import type { StagingId } from '../../../model/ids.ts';
import type { EncoderProgress } from '../staged-encoder.ts';

/** The progress file of a staging: `docs/formats/blob-v1.md`, "Progress file". */

export const SLOT_BYTES = 4096;
export const APPENDER_POSITION = 2 * SLOT_BYTES;
export const APPENDER_BYTES = 16;
const TAILS_POSITION = 3 * SLOT_BYTES;
/** Room for a block, the state of an MD5 and what encryption adds. */
export const TAIL_BYTES_MAX = 17 * SLOT_BYTES;

const MAGIC = Buffer.from('STRTPROG');
const VERSION = 1;
const FIXED_BYTES = 64;
const CHECK_BYTES = 4;

export interface Progress extends EncoderProgress {
  readonly stagingId: StagingId;
  /** Number of this save, from 1. */
  readonly save: number;
  readonly createdMs: number;
}

/** Where a save goes: never over the save before it. */
export function slotPosition(save: number): number {
  return (save % 2) * SLOT_BYTES;
}

/** Where the encrypted tail of a save goes: never over that of the save before it. */
export function tailPosition(save: number): number {
  return TAILS_POSITION + (save % 2) * TAIL_BYTES_MAX;
}

export function encodeSlot({ stagingId, save, createdMs, encoder, md5State, tail }: Progress): Buffer {
  const md5Bytes = md5State?.length ?? 0;
  const slot = Buffer.alloc(FIXED_BYTES + md5Bytes + 4);
  MAGIC.copy(slot, 0);
  slot.writeUInt16BE(VERSION, 8);
  slot.writeUInt16BE(md5Bytes, 10);
  slot.writeUInt32BE(tail?.length ?? 0, 12);
  Buffer.from(stagingId, 'hex').copy(slot, 16);
  slot.writeBigUInt64BE(BigInt(save), 32);
  slot.writeBigUInt64BE(BigInt(Math.floor(createdMs)), 40);
  slot.writeBigUInt64BE(BigInt(encoder.offset), 48);
  slot.writeUInt32BE(encoder.fullCrc32c, 56);
  slot.writeUInt32BE(encoder.startedCrc32c, 60);
  if (md5State !== undefined) slot.set(md5State, FIXED_BYTES);
  slot.writeUInt32BE(crc32c(slot.subarray(0, FIXED_BYTES + md5Bytes)), FIXED_BYTES + md5Bytes);
  return slot;
}

/**
 * The newest valid save among the two slots; `undefined` when neither is one of this staging. A save whose tail does
 * not hold was cut off before it was durable: the one before it counts.
 */
export async function newestProgress(
  id: StagingId,
  slots: readonly Buffer[],
  readTail: (position: number, bytes: number) => Promise<Buffer>,
): Promise<Progress | undefined> {
  const valid = slots.map((slot) => decodeSlot(id, slot)).filter((slot) => slot !== undefined);
  for (const { progress, tailBytes } of valid.toSorted((left, right) => right.progress.save - left.progress.save)) {
    if (tailBytes === 0) return progress;
    const stored = await readTail(tailPosition(progress.save), tailBytes + CHECK_BYTES);
    const tail = stored.subarray(0, tailBytes);
    if (stored.length === tailBytes + CHECK_BYTES && tailCheck(progress, tail) === stored.readUInt32BE(tailBytes)) {
      return { ...progress, tail };
    }
  }
  return undefined;
}

/** The encrypted tail as it is stored: with a check that ties it to its save. */
export function encodeTail(progress: Progress & { readonly tail: Uint8Array }): readonly Uint8Array[] {
  const check = Buffer.alloc(CHECK_BYTES);
  check.writeUInt32BE(tailCheck(progress, progress.tail));
  return [progress.tail, check];
}

function tailCheck({ save }: Progress, tail: Uint8Array): number {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(save));
  return crc32c(number, crc32c(tail));
}

interface Slot {
  readonly progress: Progress;
  /** 0 when the staging is not encrypted. */
  readonly tailBytes: number;
}

function decodeSlot(id: StagingId, slot: Buffer): Slot | undefined {
  if (slot.length < FIXED_BYTES + 4 || !slot.subarray(0, 8).equals(MAGIC)) return undefined;
  const end = FIXED_BYTES + slot.readUInt16BE(10);
  if (end + 4 > slot.length || crc32c(slot.subarray(0, end)) !== slot.readUInt32BE(end)) return undefined;
  if (slot.readUInt16BE(8) !== VERSION || slot.toString('hex', 16, 32) !== id) return undefined;
  const progress: Progress = {
    stagingId: id,
    save: Number(slot.readBigUInt64BE(32)),
    createdMs: Number(slot.readBigUInt64BE(40)),
    encoder: {
      offset: Number(slot.readBigUInt64BE(48)),
      fullCrc32c: slot.readUInt32BE(56),
      startedCrc32c: slot.readUInt32BE(60),
    },
    ...(end > FIXED_BYTES && { md5State: Uint8Array.from(slot.subarray(FIXED_BYTES, end)) }),
  };
  return { progress, tailBytes: Math.min(slot.readUInt32BE(12), TAIL_BYTES_MAX) };
}
