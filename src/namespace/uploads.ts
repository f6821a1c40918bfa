import { StraitError } from '../model/errors.ts';
import type { StagingId } from '../model/ids.ts';
import type { NamedObject } from '../model/object.ts';
import { randomHex } from '../runtime/random.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { finishUpload } from './finish-upload.ts';
import type { InsertTarget } from './insert-object.ts';
import { assertWritable, readBucket } from './object-access.ts';
import { uploadKey } from './rows/keys.ts';
import { type ExpectedContent, encodeUpload, type UploadRow } from './rows/upload-row.ts';
import { assertAttributes } from './rules/attributes.ts';
import { assertObjectName } from './rules/names.ts';
import { OBJECT_BYTES_MAX } from './rules/new-state.ts';
import { type ChunkPlan, freshBytes, planChunk } from './rules/upload-chunk.ts';
import { stagedBlob, stagedInline, takeSmall } from './staged-content.ts';
import {
  beginStaging,
  dropStaging,
  endedAnswer,
  type ReadUpload,
  readPersisted,
  readUpload,
  replaceRow,
  takenOver,
  touchUpload,
  UPLOAD_ID_BYTES,
  untieStaging,
  uploadGone,
  writeUpload,
} from './upload-session.ts';

/** Resumable uploads: sessions that survive crashes, restarts and a change of process (gcs-api §5 items 4–18). */
export type UploadProgress =
  | { readonly kind: 'open'; readonly persisted: number }
  | { readonly kind: 'finished'; readonly object: NamedObject };

/** Durable when it resolves. The target's preconditions are judged when the upload is finished, not now. */
export async function startUpload(deps: NamespaceDeps, target: InsertTarget): Promise<{ readonly uploadId: string }> {
  assertObjectName(target.name);
  assertAttributes(target.attributes);
  const bucket = await readBucket(deps.metadata, target.bucket);
  assertWritable(deps, bucket);
  if ((target.expected.size ?? 0) > OBJECT_BYTES_MAX) {
    const message = `an object has at most ${OBJECT_BYTES_MAX} bytes`;
    throw new StraitError('payloadTooLarge', message, { limitBytes: OBJECT_BYTES_MAX });
  }
  const uploadId = randomHex(deps.random, UPLOAD_ID_BYTES);
  const nowMs = deps.clock.nowMs();
  const row: UploadRow = {
    bucket: target.bucket,
    bucketId: bucket.id,
    name: target.name,
    attributes: target.attributes,
    preconditions: target.preconditions,
    expected: target.expected,
    createdMs: nowMs,
    touchedMs: nowMs,
    status: { kind: 'open' },
  };
  const key = uploadKey(uploadId);
  return decideAndCommit(deps, async () => ({
    kind: 'commit',
    transaction: { checks: [{ kind: 'absent', key }], writes: [{ kind: 'put', key, value: encodeUpload(row) }] },
    result: () => ({ uploadId }),
  }));
}

/**
 * What is persisted, or the finished object. A session all of whose bytes are persisted may still be open: the client's
 * final request finishes it through `appendUpload`, with an empty body and `total` if all bytes came before.
 */
export async function uploadStatus(deps: NamespaceDeps, uploadId: string): Promise<UploadProgress> {
  const upload = await readUpload(deps, uploadId);
  const ended = endedAnswer(upload);
  if (ended !== undefined) return { kind: 'finished', object: ended };
  const { persisted, sealed } = await readPersisted(deps, upload);
  if (sealed === undefined) return { kind: 'open', persisted };
  return { kind: 'finished', object: await finishUpload(deps, upload, stagedBlob(deps, sealed)) };
}

/** One PUT of a session. `total`: the object's whole size when the client stated it; the upload ends there. */
export interface UploadChunk {
  readonly uploadId: string;
  /** Offset of the first byte of `body`; bytes below the persisted offset are skipped, not compared. */
  readonly offset: number;
  /** The declared end (exclusive) of this chunk, when stated. */
  readonly end?: number;
  /** Absent together with `end`: the object ends where `body` ends well. */
  readonly total?: number;
  /** Checksums stated with this request (`X-Goog-Hash` on the final chunk). */
  readonly expected?: Pick<ExpectedContent, 'crc32c' | 'md5'>;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Persists what it can of a chunk and finishes the object when `total` is reached; the target's preconditions are
 * judged then. A chunk beyond the persisted offset is `unavailable`; a source that breaks off leaves what was made
 * durable, and its error is thrown. A chunk that is not the last is kept in whole multiples of 256 KiB. Repeating the
 * finishing request answers the same object; a refusal at the end (preconditions, checksums) is repeated too. `body`
 * may be left unread.
 */
export async function appendUpload(deps: NamespaceDeps, chunk: UploadChunk): Promise<UploadProgress> {
  const upload = await readUpload(deps, chunk.uploadId);
  const ended = endedAnswer(upload);
  if (ended !== undefined) return { kind: 'finished', object: ended };
  const { persisted, stagingId, sealed } = await readPersisted(deps, upload);
  const plan = planChunk(chunk, { persisted, declaredSize: upload.row.expected.size });
  if (sealed !== undefined) {
    const object = await finishUpload(deps, upload, stagedBlob(deps, sealed), chunk.expected);
    return { kind: 'finished', object };
  }
  if (stagingId !== undefined) return appendStaged(deps, { ...upload, stagingId }, chunk, plan);
  return appendFirst(deps, upload, chunk, plan);
}

/** The first bytes of a session. When they are the whole of a small object, they never see the blob store. */
async function appendFirst(
  deps: NamespaceDeps,
  upload: ReadUpload,
  chunk: UploadChunk,
  plan: ChunkPlan,
): Promise<UploadProgress> {
  if (!plan.isLast && plan.take === 0) return { kind: 'open', persisted: 0 };
  const { inlineBytesMax } = deps.settings;
  if (!plan.isLast || (Number.isFinite(plan.take) && plan.take > inlineBytesMax)) {
    return appendStaged(deps, await beginStaging(deps, upload), chunk, plan);
  }
  const taken = await takeSmall(freshBytes(chunk.body, plan), inlineBytesMax);
  if (taken.kind === 'small' && (plan.total === undefined || taken.bytes.length === plan.total)) {
    const object = await finishUpload(deps, upload, stagedInline(deps, taken.bytes), chunk.expected);
    return { kind: 'finished', object };
  }
  const body = taken.kind === 'small' ? one(taken.bytes) : taken.source;
  return appendStaged(deps, await beginStaging(deps, upload), { ...chunk, body }, plan);
}

async function appendStaged(
  deps: NamespaceDeps,
  upload: ReadUpload & { readonly stagingId: StagingId },
  chunk: UploadChunk,
  plan: ChunkPlan,
): Promise<UploadProgress> {
  const { stagingId } = upload;
  const persisted = plan.take === 0 ? plan.persisted : await appendBytes(deps, upload, chunk, plan);
  const touched = await touchUpload(deps, upload);
  const isWhole = plan.isLast && (plan.total === undefined || persisted === plan.total);
  if (!isWhole) return { kind: 'open', persisted };
  // Before the seal: after a crash behind it, whoever finishes the upload must know them.
  const declared = await declareSums(deps, touched, chunk.expected ?? {});
  const sealed = await sealStaging(deps, chunk.uploadId, stagingId);
  deps.crashPoints.reach('upload.after-seal');
  return { kind: 'finished', object: await finishUpload(deps, declared, stagedBlob(deps, sealed), chunk.expected) };
}

async function appendBytes(
  deps: NamespaceDeps,
  upload: ReadUpload & { readonly stagingId: StagingId },
  chunk: UploadChunk,
  plan: ChunkPlan,
): Promise<number> {
  const fresh = freshBytes(chunk.body, plan);
  const appended = await deps.blobs.append(upload.stagingId, plan.persisted, fresh).catch((error: unknown) => {
    throw sessionError(upload.uploadId, error);
  });
  if ('sourceError' in appended) throw appended.sourceError;
  return appended.durableOffset;
}

async function sealStaging(deps: NamespaceDeps, uploadId: string, stagingId: StagingId) {
  return deps.blobs.seal(stagingId).catch((error: unknown) => {
    throw sessionError(uploadId, error);
  });
}

/** What the blob store's refusals mean to the client of a session. */
function sessionError(uploadId: string, error: unknown): unknown {
  if (!(error instanceof StraitError)) return error;
  if (error.code === 'uploadNotFound') return uploadGone(uploadId, error);
  return error.code === 'preconditionFailed' ? takenOver(error) : error;
}

async function declareSums(deps: NamespaceDeps, upload: ReadUpload, sums: ExpectedContent): Promise<ReadUpload> {
  const { expected } = upload.row;
  const isNew =
    (sums.crc32c !== undefined && expected.crc32c === undefined) ||
    (sums.md5 !== undefined && expected.md5 === undefined);
  return isNew ? replaceRow(deps, upload, { ...upload.row, expected: { ...sums, ...expected } }) : upload;
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** Ends the session and drops its bytes; later calls are `uploadGone`. A finished session stays as it is. */
export async function cancelUpload(deps: NamespaceDeps, uploadId: string): Promise<void> {
  const ended = await decideAndCommit(deps, async () => {
    const upload = await readUpload(deps, uploadId);
    const { row } = upload;
    if (row.status.kind !== 'open') return { kind: 'done', result: undefined };
    const cancelled: UploadRow = { ...row, touchedMs: deps.clock.nowMs(), status: { kind: 'cancelled' } };
    const outcome = await writeUpload(deps, upload, cancelled, untieStaging(row));
    return outcome.kind === 'conflict' ? { kind: 'again' } : { kind: 'done', result: row };
  });
  if (ended !== undefined) await dropStaging(deps, ended);
}
