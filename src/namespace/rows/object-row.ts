/** The object row: two faces of one name (docs/formats/metadata.md, "Object row"). */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { ObjectEncryption } from '../../model/encryption.ts';
import { StraitError } from '../../model/errors.ts';
import type { AppliedFace, ObjectFaces } from '../../model/faces.ts';
import { blobId, generation } from '../../model/ids.ts';
import type { Content, ObjectAttributes, ObjectContexts, ObjectState, Segment } from '../../model/object.ts';
import { LIMITS } from '../../stores/metadata/port.ts';
import { liftAcl, loadAcl, storeAcl } from './acl-rows.ts';
import { decodeRow, encodeRow, readU64, u64, unpack } from './codec.ts';
import { liftRetention, loadRetention, type StoredRetention, storeRetention } from './retention-rows.ts';

/** Where the store stamps the published face's generation. */
export const GENERATION_OFFSET = 1;
/** Format version and generation. */
const HEADER_BYTES = 9;
/** No two faces come near it. */
const INFLATED_BYTES_MAX = 2 ** 20;

/** What clients set, on disk. */
export interface StoredAttributes {
  T?: string;
  E?: string;
  D?: string;
  L?: string;
  C?: string;
  S?: string;
  /** Key, value, key, value, …: clients choose the keys, and a map would lose some of them. */
  M?: string[];
  U?: number;
  /** For each context key, value, createTime, updateTime and perhaps extendedDataTypeUrl. */
  X?: StoredContext[];
  H?: boolean;
  V?: boolean;
  R?: StoredRetention;
  /** As JSON text, for the same reason. */
  O?: string;
}

/** A state on disk: one letter a field, absent fields absent. Letters are never given a second meaning. */
export interface StoredState extends StoredAttributes {
  g?: bigint;
  m: bigint | number;
  z: number;
  c: number;
  h?: Uint8Array;
  e?: string;
  t: number;
  u: number;
  s: number;
  f?: number;
  n?: number;
  /** Of versions that are not live: when it became noncurrent, when soft-deleted, when it goes, its restore token. */
  d?: number;
  x?: number;
  y?: number;
  r?: string;
  /** When its event-based hold was released. */
  v?: number;
  K?: StoredEncryption;
  /** Access list: entity, letter of the role, …; and the owner's address. */
  A?: string[];
  w?: string;
  /** Local segments, a page of segments with their count, or 0 for remote content. */
  b: StoredSegment[] | { p: Uint8Array; n: number } | 0;
}
type StoredContext = [string, string, number | null, number | null, string?];
/** Blob id, offset, length, inline, wrapped data key. */
type StoredSegment = [Uint8Array, number, number, (1 | 0)?, Uint8Array?];
/** What wraps the data keys: 1 = a customer's key, by its SHA-256; 3 = a Cloud KMS key, by its name. 2 is kept. */
export type StoredEncryption = [1, Uint8Array] | [3, string];
/** `[published, applied, set]`: applied is 0 for the same, null for gone. */
type StoredFaces = [StoredState | null, StoredState | 0 | null, Uint8Array | null];

export function encodeObjectRow(faces: ObjectFaces): Uint8Array {
  const body: StoredFaces = [
    faces.published === undefined ? null : storeState(faces.published, false),
    storeApplied(faces.applied),
    faces.setId === undefined ? null : Buffer.from(faces.setId, 'hex'),
  ];
  return encodeRow(body, u64(faces.published?.generation ?? 0n));
}

/**
 * The row of a site that follows: it has two faces, and what a cloud takes for one is not ours to bound. What does not
 * fit is deflated. Undefined when that does not fit either.
 */
export function encodeFollowedRow(faces: ObjectFaces): Uint8Array | undefined {
  const row = encodeObjectRow(faces);
  if (row.length <= LIMITS.valueBytesMax) return row;
  const header = row.subarray(1, HEADER_BYTES);
  const deflated = encodeRow(deflateRawSync(row.subarray(HEADER_BYTES)), header);
  return deflated.length <= LIMITS.valueBytesMax ? deflated : undefined;
}

export function decodeObjectRow(value: Uint8Array): ObjectFaces {
  const body = decodeRow<StoredFaces | Uint8Array>(value, 'object', HEADER_BYTES - 1);
  const [published, applied, setId] = body instanceof Uint8Array ? inflate(body) : body;
  const publishedGeneration = readU64(value, GENERATION_OFFSET);
  return {
    ...(published === null ? {} : { published: loadState(published, publishedGeneration) }),
    applied: loadApplied(applied),
    ...(setId === null ? {} : { setId: Buffer.from(setId).toString('hex') }),
  };
}

function inflate(body: Uint8Array): StoredFaces {
  try {
    return unpack(inflateRawSync(body, { maxOutputLength: INFLATED_BYTES_MAX }), 'object') as StoredFaces;
  } catch (cause) {
    throw new StraitError(
      'corrupt',
      'object row of the metadata store cannot be inflated',
      { blob: 'object' },
      { cause },
    );
  }
}

function storeApplied(applied: AppliedFace): StoredState | 0 | null {
  if (applied.kind === 'same') return 0;
  return applied.kind === 'gone' ? null : storeState(applied.state, true);
}

function loadApplied(applied: StoredState | 0 | null): AppliedFace {
  if (applied === 0) return { kind: 'same' };
  if (applied === null) return { kind: 'gone' };
  return { kind: 'state', state: loadState(applied, BigInt(applied.g ?? 0)) };
}

/** Only the applied face keeps its generation in the body: the published one's stands in the header. */
export function storeState(state: ObjectState, withGeneration: boolean): StoredState {
  const stored: StoredState = {
    m: state.metageneration,
    z: state.size,
    c: state.crc32c,
    t: state.timeCreatedMs,
    u: state.updatedMs,
    s: state.timeStorageClassUpdatedMs,
    b: storeContent(state.content),
  };
  if (withGeneration) stored.g = state.generation;
  if (state.md5 !== undefined) stored.h = state.md5;
  if (state.etag !== undefined) stored.e = state.etag;
  if (state.timeFinalizedMs !== undefined) stored.f = state.timeFinalizedMs;
  if (state.componentCount !== undefined) stored.n = state.componentCount;
  if (state.timeDeletedMs !== undefined) stored.d = state.timeDeletedMs;
  if (state.softDeleteTimeMs !== undefined) stored.x = state.softDeleteTimeMs;
  if (state.hardDeleteTimeMs !== undefined) stored.y = state.hardDeleteTimeMs;
  if (state.restoreToken !== undefined) stored.r = state.restoreToken;
  if (state.holdReleasedMs !== undefined) stored.v = state.holdReleasedMs;
  if (state.encryption !== undefined) stored.K = storeEncryption(state.encryption);
  if (state.acl !== undefined) stored.A = storeAcl(state.acl);
  if (state.owner !== undefined) stored.w = state.owner;
  storeAttributes(stored, state);
  return stored;
}

export function storeAttributes(stored: StoredAttributes, state: ObjectAttributes): void {
  if (state.contentType !== undefined) stored.T = state.contentType;
  if (state.contentEncoding !== undefined) stored.E = state.contentEncoding;
  if (state.contentDisposition !== undefined) stored.D = state.contentDisposition;
  if (state.contentLanguage !== undefined) stored.L = state.contentLanguage;
  if (state.cacheControl !== undefined) stored.C = state.cacheControl;
  if (state.storageClass !== undefined) stored.S = state.storageClass;
  if (state.metadata !== undefined) stored.M = Object.entries(state.metadata).flat();
  if (state.customTimeMs !== undefined) stored.U = state.customTimeMs;
  if (state.contexts !== undefined) stored.X = storeContexts(state.contexts);
  if (state.temporaryHold !== undefined) stored.H = state.temporaryHold;
  if (state.eventBasedHold !== undefined) stored.V = state.eventBasedHold;
  if (state.retention !== undefined) stored.R = storeRetention(state.retention);
  if (state.opaque !== undefined) stored.O = JSON.stringify(state.opaque);
}

export function loadState(stored: StoredState, ownGeneration: bigint): ObjectState {
  const { attributes, olderAcl } = withoutOlderAcl(loadAttributes(stored));
  const acl = stored.A === undefined ? olderAcl : loadAcl(stored.A);
  return {
    generation: generation(ownGeneration),
    metageneration: BigInt(stored.m),
    size: stored.z,
    crc32c: stored.c,
    // A copy, so that it does not keep the whole row in memory.
    ...(stored.h === undefined ? {} : { md5: Uint8Array.from(stored.h) }),
    ...(stored.e === undefined ? {} : { etag: stored.e }),
    timeCreatedMs: stored.t,
    updatedMs: stored.u,
    timeStorageClassUpdatedMs: stored.s,
    ...(stored.f === undefined ? {} : { timeFinalizedMs: stored.f }),
    ...(stored.n === undefined ? {} : { componentCount: stored.n }),
    ...(stored.d === undefined ? {} : { timeDeletedMs: stored.d }),
    ...(stored.x === undefined ? {} : { softDeleteTimeMs: stored.x }),
    ...(stored.y === undefined ? {} : { hardDeleteTimeMs: stored.y }),
    ...(stored.r === undefined ? {} : { restoreToken: stored.r }),
    ...(stored.v === undefined ? {} : { holdReleasedMs: stored.v }),
    ...(stored.K === undefined ? {} : { encryption: loadEncryption(stored.K) }),
    ...(acl === undefined ? {} : { acl }),
    ...(stored.w === undefined ? {} : { owner: stored.w }),
    content: loadContent(stored.b),
    ...attributes,
  };
}

/** Older rows have the access list among the opaque fields. */
function withoutOlderAcl(attributes: ObjectAttributes) {
  const { opaque, ...rest } = attributes;
  if (opaque?.['acl'] === undefined) return { attributes, olderAcl: undefined };
  const { acl, ...others } = opaque;
  const kept = Object.keys(others).length === 0 ? rest : { ...rest, opaque: others };
  return { attributes: kept, olderAcl: liftAcl(acl) };
}

export function loadAttributes(stored: StoredAttributes): ObjectAttributes {
  return {
    ...(stored.T === undefined ? {} : { contentType: stored.T }),
    ...(stored.E === undefined ? {} : { contentEncoding: stored.E }),
    ...(stored.D === undefined ? {} : { contentDisposition: stored.D }),
    ...(stored.L === undefined ? {} : { contentLanguage: stored.L }),
    ...(stored.C === undefined ? {} : { cacheControl: stored.C }),
    ...(stored.S === undefined ? {} : { storageClass: stored.S }),
    ...(stored.M === undefined ? {} : { metadata: loadMetadata(stored.M) }),
    ...(stored.U === undefined ? {} : { customTimeMs: stored.U }),
    ...(stored.X === undefined ? {} : { contexts: loadContexts(stored.X) }),
    ...(stored.H === undefined ? {} : { temporaryHold: stored.H }),
    ...(stored.V === undefined ? {} : { eventBasedHold: stored.V }),
    ...(stored.R === undefined ? {} : { retention: loadRetention(stored.R) }),
    ...(stored.O === undefined ? {} : liftRetention(JSON.parse(stored.O) as Record<string, unknown>)),
  };
}

function loadMetadata(pairs: readonly string[]): Record<string, string> {
  const entries: [string, string][] = [];
  for (let index = 0; index < pairs.length; index += 2) entries.push([pairs[index] ?? '', pairs[index + 1] ?? '']);
  return Object.fromEntries(entries);
}

function storeContexts(contexts: ObjectContexts): StoredContext[] {
  return Object.entries(contexts).map(([key, context]) => {
    const { value, createTimeMs, updateTimeMs, extendedDataTypeUrl } = context;
    // A session keeps what its client set: it has no times yet.
    const stored: StoredContext = [key, value, createTimeMs ?? null, updateTimeMs ?? null];
    if (extendedDataTypeUrl !== undefined) stored.push(extendedDataTypeUrl);
    return stored;
  });
}

function loadContexts(stored: readonly StoredContext[]): ObjectContexts {
  return Object.fromEntries(
    stored.map(([key, value, createTimeMs, updateTimeMs, extendedDataTypeUrl]) => [
      key,
      {
        value,
        ...(createTimeMs === null ? {} : { createTimeMs }),
        ...(updateTimeMs === null ? {} : { updateTimeMs }),
        ...(extendedDataTypeUrl === undefined ? {} : { extendedDataTypeUrl }),
      },
    ]),
  );
}

export function storeEncryption(encryption: ObjectEncryption): StoredEncryption {
  return encryption.kind === 'kms' ? [3, encryption.keyName] : [1, Buffer.from(encryption.keySha256, 'base64')];
}

export function loadEncryption([kind, key]: StoredEncryption): ObjectEncryption {
  return kind === 3
    ? { kind: 'kms', keyName: key }
    : { kind: 'customer', keySha256: Buffer.from(key).toString('base64') };
}

function storeContent(content: Content): StoredState['b'] {
  if (content.kind === 'remote') return 0;
  if (content.kind === 'paged') return { p: Buffer.from(content.pageId, 'hex'), n: content.segmentCount };
  return content.segments.map((segment) => {
    const stored: StoredSegment = [Buffer.from(segment.blobId, 'hex'), segment.offset, segment.length];
    if (segment.wrappedKey !== undefined) stored.push(segment.inline ? 1 : 0, segment.wrappedKey);
    else if (segment.inline) stored.push(1);
    return stored;
  });
}

function loadContent(stored: StoredState['b']): Content {
  if (stored === 0) return { kind: 'remote' };
  if (!Array.isArray(stored)) {
    return { kind: 'paged', pageId: blobId(Buffer.from(stored.p).toString('hex')), segmentCount: stored.n };
  }
  const segments = stored.map(([id, offset, length, inline, wrappedKey]): Segment => {
    const segment: Segment = {
      blobId: blobId(Buffer.from(id).toString('hex')),
      offset,
      length,
      ...(wrappedKey === undefined ? {} : { wrappedKey: Uint8Array.from(wrappedKey) }),
    };
    return inline === 1 ? { ...segment, inline: true } : segment;
  });
  return { kind: 'local', segments };
}
