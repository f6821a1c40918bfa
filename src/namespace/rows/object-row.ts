/** The object row: two faces of one name (docs/formats/metadata.md, "Object row"). */
import type { AppliedFace, ObjectFaces } from '../../model/faces.ts';
import { blobId, generation } from '../../model/ids.ts';
import type { Content, ObjectState, Segment } from '../../model/object.ts';
import { decodeRow, encodeRow, readU64, u64 } from './codec.ts';

/** Where the store stamps the published face's generation. */
export const GENERATION_OFFSET = 1;

/** A state on disk: one letter a field, absent fields absent. Letters are never given a second meaning. */
interface StoredState {
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
  /** Local segments, or 0 for remote content. */
  b: StoredSegment[] | 0;
  T?: string;
  E?: string;
  D?: string;
  L?: string;
  C?: string;
  S?: string;
  M?: Record<string, string>;
  U?: number;
  H?: boolean;
  V?: boolean;
  O?: Record<string, unknown>;
}
type StoredSegment = [Uint8Array, number, number, (1 | 0)?];
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

export function decodeObjectRow(value: Uint8Array): ObjectFaces {
  const [published, applied, setId] = decodeRow<StoredFaces>(value, 'object', 8);
  const publishedGeneration = readU64(value, GENERATION_OFFSET);
  return {
    ...(published === null ? {} : { published: loadState(published, publishedGeneration) }),
    applied: loadApplied(applied),
    ...(setId === null ? {} : { setId: Buffer.from(setId).toString('hex') }),
  };
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
function storeState(state: ObjectState, withGeneration: boolean): StoredState {
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
  storeAttributes(stored, state);
  return stored;
}

function storeAttributes(stored: StoredState, state: ObjectState): void {
  if (state.contentType !== undefined) stored.T = state.contentType;
  if (state.contentEncoding !== undefined) stored.E = state.contentEncoding;
  if (state.contentDisposition !== undefined) stored.D = state.contentDisposition;
  if (state.contentLanguage !== undefined) stored.L = state.contentLanguage;
  if (state.cacheControl !== undefined) stored.C = state.cacheControl;
  if (state.storageClass !== undefined) stored.S = state.storageClass;
  if (state.metadata !== undefined) stored.M = { ...state.metadata };
  if (state.customTimeMs !== undefined) stored.U = state.customTimeMs;
  if (state.temporaryHold !== undefined) stored.H = state.temporaryHold;
  if (state.eventBasedHold !== undefined) stored.V = state.eventBasedHold;
  if (state.opaque !== undefined) stored.O = { ...state.opaque };
}

function loadState(stored: StoredState, ownGeneration: bigint): ObjectState {
  return {
    generation: generation(ownGeneration),
    metageneration: BigInt(stored.m),
    size: stored.z,
    crc32c: stored.c,
    ...(stored.h === undefined ? {} : { md5: stored.h }),
    ...(stored.e === undefined ? {} : { etag: stored.e }),
    timeCreatedMs: stored.t,
    updatedMs: stored.u,
    timeStorageClassUpdatedMs: stored.s,
    ...(stored.f === undefined ? {} : { timeFinalizedMs: stored.f }),
    ...(stored.n === undefined ? {} : { componentCount: stored.n }),
    content: loadContent(stored.b),
    ...(stored.T === undefined ? {} : { contentType: stored.T }),
    ...(stored.E === undefined ? {} : { contentEncoding: stored.E }),
    ...(stored.D === undefined ? {} : { contentDisposition: stored.D }),
    ...(stored.L === undefined ? {} : { contentLanguage: stored.L }),
    ...(stored.C === undefined ? {} : { cacheControl: stored.C }),
    ...(stored.S === undefined ? {} : { storageClass: stored.S }),
    ...(stored.M === undefined ? {} : { metadata: stored.M }),
    ...(stored.U === undefined ? {} : { customTimeMs: stored.U }),
    ...(stored.H === undefined ? {} : { temporaryHold: stored.H }),
    ...(stored.V === undefined ? {} : { eventBasedHold: stored.V }),
    ...(stored.O === undefined ? {} : { opaque: stored.O }),
  };
}

function storeContent(content: Content): StoredSegment[] | 0 {
  if (content.kind === 'remote') return 0;
  return content.segments.map((segment) => {
    const stored: StoredSegment = [Buffer.from(segment.blobId, 'hex'), segment.offset, segment.length];
    if (segment.inline) stored.push(1);
    return stored;
  });
}

function loadContent(stored: StoredSegment[] | 0): Content {
  if (stored === 0) return { kind: 'remote' };
  const segments = stored.map(([id, offset, length, inline]): Segment => {
    const segment = { blobId: blobId(Buffer.from(id).toString('hex')), offset, length };
    return inline === 1 ? { ...segment, inline: true } : segment;
  });
  return { kind: 'local', segments };
}
