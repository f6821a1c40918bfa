/** Resumable upload sessions, from their start until their time is over, finished or not. */
import type { NewObjectAccess } from '../../model/access-list.ts';
import type { ObjectEncryption } from '../../model/encryption.ts';
import type { ErrorCode } from '../../model/errors.ts';
import {
  type BucketId,
  type BucketName,
  bucketId,
  type Generation,
  generation,
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
  loadEncryption,
  loadState,
  type StoredAttributes,
  type StoredEncryption,
  type StoredState,
  storeAttributes,
  storeEncryption,
  storeState,
} from './object-row.ts';

export interface UploadRow {
  readonly bucket: BucketName;
  readonly bucketId: BucketId;
  readonly name: ObjectName;
  /** What was asked of the object, as `access`; neither is kept of a finished session. */
  readonly attributes: ObjectAttributes;
  readonly preconditions: Preconditions;
  readonly expected: ExpectedContent;
  /** Decided upon when the object is made, by the bucket's settings of then. */
  readonly access?: NewObjectAccess;
  /** The object's size as the last request that was to end it said, when none was declared at the start. */
  readonly total?: number;
  readonly encryption?: ObjectEncryption;
  /** The customer's key in a box that the session's secret opens, which its URI alone holds. */
  readonly sessionKey?: Uint8Array;
  /** Set when the session is a rewrite: its bytes come from an object and not from a client. */
  readonly rewrite?: RewriteFacts;
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

/** What a rewrite that takes several calls was begun with: later calls may leave all of it out, but not change it. */
export interface RewriteFacts {
  readonly source: { readonly bucket: BucketName; readonly name: ObjectName; readonly generation: Generation };
  readonly sourcePreconditions: Preconditions;
  readonly sourceKeySha256?: string;
  readonly bytesPerCallMax?: number;
}

export type UploadStatus =
  /** Without a staging no byte has been kept yet. */
  | {
      readonly kind: 'open';
      readonly stagingId?: StagingId;
      /** Of an encrypted staging: its data key, wrapped by the customer's. */
      readonly wrappedKey?: Uint8Array;
    }
  /** The object as it was made: answered again however often the client asks. */
  | { readonly kind: 'finished'; readonly state: ObjectState; readonly retentionExpirationMs?: number }
  /** Refused for good when it was to be finished. The same answer is given again. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly details: unknown }
  | { readonly kind: 'cancelled' };

interface StoredPreconditions {
  g?: bigint;
  G?: bigint;
  m?: bigint;
  M?: bigint;
}

interface StoredUpload {
  /** Bucket, its id, object name. */
  b: string;
  i: string;
  n: string;
  a: StoredAttributes;
  /** Preconditions: generation match and not match, metageneration match and not match. */
  p: StoredPreconditions;
  /** Expected crc32c, md5 and size. */
  x: { c?: number; h?: Uint8Array; z?: number };
  /** What is asked of the object's access, as JSON text. */
  v?: string;
  /** Total as last stated. */
  l?: number;
  /** Encryption, and the boxed key of a session with a customer's. */
  q?: StoredEncryption;
  y?: Uint8Array;
  /** A rewrite: source bucket, name, generation and preconditions, hash of its key, bytes a call. */
  r?: { b: string; n: string; g: bigint; p: StoredPreconditions; h?: string; z?: number };
  t: number;
  u: number;
  k: UploadStatus['kind'];
  /** Staging id while open; object when finished; code, message and details when failed. */
  s?: string;
  /** Wrapped data key of the staging. */
  w?: Uint8Array;
  o?: StoredState;
  /** When the finished object's retention ends, as it was told. */
  z?: number;
  c?: string;
  e?: string;
  d?: string;
}

/** The head holds the finished object's generation, stamped at `GENERATION_OFFSET` like the object's own. */
export function encodeUpload(row: UploadRow): Uint8Array {
  const { preconditions, expected, status } = row;
  const attributes: StoredAttributes = {};
  // A finished one has them in its object, and not a second time.
  if (status.kind !== 'finished') storeAttributes(attributes, row.attributes);
  const stored: StoredUpload = {
    b: row.bucket,
    i: row.bucketId,
    n: row.name,
    a: attributes,
    p: storePreconditions(preconditions),
    x: withoutAbsent({ c: expected.crc32c, h: expected.md5, z: expected.size }),
    ...(row.access === undefined || status.kind === 'finished' ? {} : { v: JSON.stringify(row.access) }),
    ...(row.total === undefined ? {} : { l: row.total }),
    ...(row.encryption === undefined ? {} : { q: storeEncryption(row.encryption) }),
    // Of no use to a session that has ended.
    ...(row.sessionKey === undefined || status.kind !== 'open' ? {} : { y: row.sessionKey }),
    ...(row.rewrite === undefined ? {} : { r: storeRewrite(row.rewrite) }),
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
    preconditions: loadPreconditions(p),
    expected: withoutAbsent<ExpectedContent>({
      crc32c: x.c,
      md5: x.h === undefined ? undefined : Uint8Array.from(x.h),
      size: x.z,
    }),
    ...(stored.v === undefined ? {} : { access: JSON.parse(stored.v) as NewObjectAccess }),
    ...(stored.l === undefined ? {} : { total: stored.l }),
    ...(stored.q === undefined ? {} : { encryption: loadEncryption(stored.q) }),
    ...(stored.y === undefined ? {} : { sessionKey: Uint8Array.from(stored.y) }),
    ...(stored.r === undefined ? {} : { rewrite: loadRewrite(stored.r) }),
    createdMs: stored.t,
    touchedMs: stored.u,
    status: loadStatus(stored, readU64(value, GENERATION_OFFSET)),
  };
}

function storePreconditions(preconditions: Preconditions): StoredPreconditions {
  return withoutAbsent({
    g: preconditions.ifGenerationMatch,
    G: preconditions.ifGenerationNotMatch,
    m: preconditions.ifMetagenerationMatch,
    M: preconditions.ifMetagenerationNotMatch,
  });
}

function loadPreconditions({ g, G, m, M }: StoredPreconditions): Preconditions {
  return withoutAbsent<Preconditions>({
    ifGenerationMatch: g,
    ifGenerationNotMatch: G,
    ifMetagenerationMatch: m,
    ifMetagenerationNotMatch: M,
  });
}

function storeRewrite(rewrite: RewriteFacts): NonNullable<StoredUpload['r']> {
  const { source, sourcePreconditions, sourceKeySha256, bytesPerCallMax } = rewrite;
  return {
    b: source.bucket,
    n: source.name,
    g: source.generation,
    p: storePreconditions(sourcePreconditions),
    ...(sourceKeySha256 === undefined ? {} : { h: sourceKeySha256 }),
    ...(bytesPerCallMax === undefined ? {} : { z: bytesPerCallMax }),
  };
}

function loadRewrite({ b, n, g, p, h, z }: NonNullable<StoredUpload['r']>): RewriteFacts {
  return {
    source: { bucket: b, name: n, generation: generation(BigInt(g)) },
    sourcePreconditions: loadPreconditions(p),
    ...(h === undefined ? {} : { sourceKeySha256: h }),
    ...(z === undefined ? {} : { bytesPerCallMax: z }),
  };
}

function storeStatus(status: UploadStatus): Partial<StoredUpload> {
  switch (status.kind) {
    case 'open':
      return withoutAbsent({ s: status.stagingId, w: status.wrappedKey });
    case 'finished':
      return { o: storeState(status.state, false), ...withoutAbsent({ z: status.retentionExpirationMs }) };
    case 'failed':
      return { c: status.code, e: status.message, d: JSON.stringify(status.details) };
    case 'cancelled':
      return {};
  }
}

function loadStatus(stored: StoredUpload, finishedGeneration: bigint): UploadStatus {
  if (stored.k === 'finished' && stored.o !== undefined) {
    const state = loadState(stored.o, finishedGeneration);
    return { kind: 'finished', state, ...withoutAbsent({ retentionExpirationMs: stored.z }) };
  }
  if (stored.k === 'failed') {
    const details: unknown = JSON.parse(stored.d ?? '{}');
    return { kind: 'failed', code: stored.c as ErrorCode, message: stored.e ?? '', details };
  }
  if (stored.k === 'cancelled') return { kind: 'cancelled' };
  if (stored.s === undefined) return { kind: 'open' };
  const wrappedKey = stored.w === undefined ? {} : { wrappedKey: Uint8Array.from(stored.w) };
  return { kind: 'open', stagingId: stagingId(stored.s), ...wrappedKey };
}

/** `staging/<stagingId>`: the session a staging belongs to. */
export const encodeStagingOwner = (uploadId: string): Uint8Array => encodeRow({ u: uploadId });
export const decodeStagingOwner = (value: Uint8Array): string => decodeRow<{ u: string }>(value, 'staging').u;
