import { crc32c } from '@node-rs/crc32';
import { blobId, type StagingId } from '../../../model/ids.ts';
import { type EncoderState, FRESH } from '../block-encoder.ts';
import { corruptBlob } from '../refusals.ts';

/** The state object of a staging: `docs/formats/blob-v1.md`, "Blobs in S3". */

export interface StagedPart {
  readonly number: number;
  readonly etag: string;
}

export interface S3Staging {
  readonly createdMs: number;
  readonly encoder: EncoderState;
  /** As hash-wasm saves it; absent when no MD5 is wanted. */
  readonly md5State?: Uint8Array;
  /** Rises with every append that begins: its parts have numbers of their own. */
  readonly run: number;
  /** Makes every state differ from every other, so that its entity tag stands for it alone. */
  readonly token: string;
  readonly uploadId?: string;
  readonly parts: readonly StagedPart[];
  readonly isSealing: boolean;
  /** Stored bytes that are in no part yet, the header included. */
  readonly tail: Uint8Array;
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

export function freshStaging(createdMs: number, token: string, md5State: Uint8Array | undefined): S3Staging {
  const started = { createdMs, encoder: FRESH, run: 0, token, parts: [], isSealing: false, tail: new Uint8Array(0) };
  return md5State === undefined ? started : { ...started, md5State };
}

/** Length of the JSON (4 bytes), JSON, tail, CRC32C of all before it. */
export function encodeStaging({ tail, md5State, ...rest }: S3Staging): readonly Uint8Array[] {
  const json = Buffer.from(
    JSON.stringify({ version: VERSION, ...rest, md5State: md5State && Buffer.from(md5State).toString('base64') }),
  );
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(json.length);
  check.writeUInt32BE(crc32c(tail, crc32c(json, crc32c(length))));
  return [length, json, tail, check];
}

export function decodeStaging(id: StagingId, bytes: Buffer): S3Staging {
  const jsonEnd = bytes.length < 8 ? 0 : 4 + bytes.readUInt32BE(0);
  const end = bytes.length - 4;
  if (jsonEnd === 0 || jsonEnd > end || crc32c(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) {
    throw corruptBlob(blobId(id), 'the state of its staging fails its checksum');
  }
  const { version, md5State, ...rest } = JSON.parse(bytes.toString('utf8', 4, jsonEnd));
  if (version !== VERSION) throw corruptBlob(blobId(id), `the state of its staging has format ${version}`);
  const tail = Uint8Array.from(bytes.subarray(jsonEnd, end));
  const md5 = typeof md5State === 'string' && { md5State: Uint8Array.from(Buffer.from(md5State, 'base64')) };
  return { ...rest, ...md5, tail };
}
