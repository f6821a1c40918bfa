import { crc32c } from '@node-rs/crc32';
import type { StagingId } from '../../../model/ids.ts';
import type { EncoderState } from '../block-encoder.ts';

/** The progress file of a staging: `docs/formats/blob-v1.md`, "Progress file". */

export const SLOT_BYTES = 4096;
export const APPENDER_POSITION = 2 * SLOT_BYTES;
export const APPENDER_BYTES = 16;

const MAGIC = Buffer.from('STRTPROG');
const VERSION = 1;
const FIXED_BYTES = 64;

export interface Progress {
  readonly stagingId: StagingId;
  /** Number of this save, from 1. */
  readonly save: number;
  readonly createdMs: number;
  readonly encoder: EncoderState;
  /** As hash-wasm saves it; absent when no MD5 is wanted. */
  readonly md5State?: Uint8Array;
}

/** Where a save goes: never over the save before it. */
export function slotPosition(save: number): number {
  return (save % 2) * SLOT_BYTES;
}

export function encodeSlot({ stagingId, save, createdMs, encoder, md5State }: Progress): Buffer {
  const md5Bytes = md5State?.length ?? 0;
  const slot = Buffer.alloc(FIXED_BYTES + md5Bytes + 4);
  MAGIC.copy(slot, 0);
  slot.writeUInt16BE(VERSION, 8);
  slot.writeUInt16BE(md5Bytes, 10);
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

/** The newest valid save among the two slots; `undefined` when neither is one of this staging. */
export function newestProgress(id: StagingId, slots: readonly Buffer[]): Progress | undefined {
  const valid = slots.map((slot) => decodeSlot(id, slot)).filter((progress) => progress !== undefined);
  return valid.toSorted((left, right) => right.save - left.save)[0];
}

function decodeSlot(id: StagingId, slot: Buffer): Progress | undefined {
  if (slot.length < FIXED_BYTES + 4 || !slot.subarray(0, 8).equals(MAGIC)) return undefined;
  const end = FIXED_BYTES + slot.readUInt16BE(10);
  if (end + 4 > slot.length || crc32c(slot.subarray(0, end)) !== slot.readUInt32BE(end)) return undefined;
  if (slot.readUInt16BE(8) !== VERSION || slot.toString('hex', 16, 32) !== id) return undefined;
  return {
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
}
