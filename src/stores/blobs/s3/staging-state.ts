import { crc32c } from '@node-rs/crc32';
import { blobId, type StagingId } from '../../../model/ids.ts';
import { corruptBlob } from '../refusals.ts';
import type { EncoderProgress } from '../staged-encoder.ts';

/** The state object of a staging: `docs/formats/blob-v1.md`, "Blobs in S3". */

export interface StagedPart {
  readonly number: number;
  readonly etag: string;
}

export interface S3Staging {
  readonly createdMs: number;
  readonly progress: EncoderProgress;
  /** Rises with every append that begins: its parts have numbers of their own. */
  readonly run: number;
  /** Makes every state differ from every other, so that its entity tag stands for it alone. */
  readonly token: string;
  readonly uploadId?: string;
  readonly parts: readonly StagedPart[];
  readonly isSealing: boolean;
  /** Stored bytes that are in no part yet, the header included. */
  readonly rest: Uint8Array;
}

const VERSION = 1;
/** Appends that may overlap before two of them could give one part number to different bytes. */
const RUNS_APART = 4;
const PART_NUMBER_MAX = 10_000;
export const PARTS_MAX = Math.floor(PART_NUMBER_MAX / RUNS_APART);

/** Part numbers rise, but need not be dense: an overtaken append cannot replace a part of its successor. */
export function partNumber(index: number, run: number): number {
  return index * RUNS_APART + (run % RUNS_APART) + 1;
}

export function freshStaging(createdMs: number, token: string, progress: EncoderProgress): S3Staging {
  return { createdMs, progress, run: 0, token, parts: [], isSealing: false, rest: new Uint8Array(0) };
}

/** Length of the JSON (4 bytes), JSON, rest, CRC32C of all before it. */
export function encodeStaging({ rest, progress, ...others }: S3Staging): readonly Uint8Array[] {
  const { encoder, md5State, tail } = progress;
  const sums = { encoder, md5State: base64(md5State), tail: base64(tail) };
  const json = Buffer.from(JSON.stringify({ version: VERSION, ...others, ...sums }));
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(json.length);
  check.writeUInt32BE(crc32c(rest, crc32c(json, crc32c(length))));
  return [length, json, rest, check];
}

export function decodeStaging(id: StagingId, bytes: Buffer): S3Staging {
  const jsonEnd = bytes.length < 8 ? 0 : 4 + bytes.readUInt32BE(0);
  const end = bytes.length - 4;
  if (jsonEnd === 0 || jsonEnd > end || crc32c(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) {
    throw corruptBlob(blobId(id), 'the state of its staging fails its checksum');
  }
  const { version, encoder, md5State, tail, ...others } = JSON.parse(bytes.toString('utf8', 4, jsonEnd));
  if (version !== VERSION) throw corruptBlob(blobId(id), `the state of its staging has format ${version}`);
  const progress: EncoderProgress = {
    encoder,
    ...(typeof md5State === 'string' && { md5State: Uint8Array.from(Buffer.from(md5State, 'base64')) }),
    ...(typeof tail === 'string' && { tail: Uint8Array.from(Buffer.from(tail, 'base64')) }),
  };
  return { ...others, progress, rest: Uint8Array.from(bytes.subarray(jsonEnd, end)) };
}

const base64 = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('base64');
