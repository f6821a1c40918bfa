/** Resumable upload sessions, from their start until their time is over, finished or not. */
import type { ErrorCode } from '../../model/errors.ts';
import {
  type BucketId,
  type BucketName,
  bucketId,
  type ObjectName,
  type StagingId,
  stagingId,
} from '../../model/ids.ts';
import type { ObjectAttributes, ObjectState } from '../../model/object.ts';
import type { Preconditions } from '../../model/preconditions.ts';
import { decodeRow, encodeRow, readU64, u64, withoutAbsent } from './codec.ts';
import {
  GENERATION_OFFSET,
  loadAttributes,
  loadState,
  type StoredAttributes,
  type StoredState,
  storeAttributes,
  storeState,
} from './object-row.ts';

export interface UploadRow {
  readonly bucket: BucketName;
  readonly bucketId: BucketId;
  readonly name: ObjectName;
  readonly attributes: ObjectAttributes;
  readonly preconditions: Preconditions;
  readonly expected: ExpectedContent;
  /** The object's size as the last request that was to end it said, when none was declared at the start. */
  readonly total?: number;
  readonly createdMs: number;
  /** Moves as the session is used; expiry counts from here. */
  readonly touchedMs: number;
  readonly status: UploadStatus;
}

/** What the client declared of the bytes. */
export interface ExpectedContent {
  readonly crc32c?: number;
  readonly md5?: Uint8Array;
  readonly size?: number;
}

export type UploadStatus =
  /** Without a staging no byte has been kept yet. */
  | { readonly kind: 'open'; readonly stagingId?: StagingId }
  /** The object as it was made: answered again however often the client asks. */
  | { readonly kind: 'finished'; readonly state: ObjectState }
  /** Refused for good when it was to be finished. The same answer is given again. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly details: unknown }
  | { readonly kind: 'cancelled' };

interface StoredUpload {
  /** Bucket, its id, object name. */
  b: string;
  i: string;
  n: string;
  a: StoredAttributes;
  /** Preconditions: generation match and not match, metageneration match and not match. */
  p: { g?: bigint; G?: bigint; m?: bigint; M?: bigint };
  /** Expected crc32c, md5 and size. */
  x: { c?: number; h?: Uint8Array; z?: number };
  /** Total as last stated. */
  l?: number;
  t: number;
  u: number;
  k: UploadStatus['kind'];
  /** Staging id while open; object when finished; code, message and details when failed. */
  s?: string;
  o?: StoredState;
  c?: string;
  e?: string;
  d?: string;
}

/** The head holds the finished object's generation, stamped at `GENERATION_OFFSET` like the object's own. */
export function encodeUpload(row: UploadRow): Uint8Array {
  const { preconditions, expected, status } = row;
  const attributes: StoredAttributes = {};
  storeAttributes(attributes, row.attributes);
  const stored: StoredUpload = {
    b: row.bucket,
    i: row.bucketId,
    n: row.name,
    a: attributes,
    p: withoutAbsent({
      g: preconditions.ifGenerationMatch,
      G: preconditions.ifGenerationNotMatch,
      m: preconditions.ifMetagenerationMatch,
      M: preconditions.ifMetagenerationNotMatch,
    }),
    x: withoutAbsent({ c: expected.crc32c, h: expected.md5, z: expected.size }),
    ...(row.total === undefined ? {} : { l: row.total }),
    t: row.createdMs,
    u: row.touchedMs,
    k: status.kind,
    ...storeStatus(status),
  };
  return encodeRow(stored, u64(status.kind === 'finished' ? status.state.generation : 0n));
}

export function decodeUpload(value: Uint8Array): UploadRow {
  const stored = decodeRow<StoredUpload>(value, 'upload', 8);
  const { p, x } = stored;
  return {
    bucket: stored.b,
    bucketId: bucketId(stored.i),
    name: stored.n,
    attributes: loadAttributes(stored.a),
    preconditions: withoutAbsent<Preconditions>({
      ifGenerationMatch: p.g,
      ifGenerationNotMatch: p.G,
      ifMetagenerationMatch: p.m,
      ifMetagenerationNotMatch: p.M,
    }),
    expected: withoutAbsent<ExpectedContent>({
      crc32c: x.c,
      md5: x.h === undefined ? undefined : Uint8Array.from(x.h),
      size: x.z,
    }),
    ...(stored.l === undefined ? {} : { total: stored.l }),
    createdMs: stored.t,
    touchedMs: stored.u,
    status: loadStatus(stored, readU64(value, GENERATION_OFFSET)),
  };
}

function storeStatus(status: UploadStatus): Partial<StoredUpload> {
  switch (status.kind) {
    case 'open':
      return status.stagingId === undefined ? {} : { s: status.stagingId };
    case 'finished':
      return { o: storeState(status.state, false) };
    case 'failed':
      return { c: status.code, e: status.message, d: JSON.stringify(status.details) };
    case 'cancelled':
      return {};
  }
}

function loadStatus(stored: StoredUpload, generation: bigint): UploadStatus {
  if (stored.k === 'finished' && stored.o !== undefined) {
    return { kind: 'finished', state: loadState(stored.o, generation) };
  }
  if (stored.k === 'failed') {
    const details: unknown = JSON.parse(stored.d ?? '{}');
    return { kind: 'failed', code: stored.c as ErrorCode, message: stored.e ?? '', details };
  }
  if (stored.k === 'cancelled') return { kind: 'cancelled' };
  return stored.s === undefined ? { kind: 'open' } : { kind: 'open', stagingId: stagingId(stored.s) };
}

/** `staging/<stagingId>`: the session a staging belongs to. */
export const encodeStagingOwner = (uploadId: string): Uint8Array => encodeRow({ u: uploadId });
export const decodeStagingOwner = (value: Uint8Array): string => decodeRow<{ u: string }>(value, 'staging').u;
