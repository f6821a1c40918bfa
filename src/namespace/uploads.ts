import type { CustomerKey } from '../model/encryption.ts';
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
import { newObjectAccess } from './rules/access.ts';
import { assertAttributes } from './rules/attributes.ts';
import { assertChoice, chosenEncryption, newEncryption } from './rules/encryption.ts';
import { assertObjectName } from './rules/names.ts';
import { OBJECT_BYTES_MAX } from './rules/new-state.ts';
import { withProtection } from './rules/object-retention.ts';
import { type ChunkPlan, freshBytes, planChunk } from './rules/upload-chunk.ts';
import { type StagedContent, stagedBlob, stagedInline, takeSmall } from './staged-content.ts';
import {
  beginStaging,
  boxSessionKey,
  dropStaging,
  endedAnswer,
  type ReadUpload,
  readPersisted,
  readUpload,
  sessionCustomerKey,
  stagingKeyOf,
  takenOver,
  touchUpload,
  UPLOAD_ID_BYTES,
  untieStaging,
  uploadGone,
  wrappedOf,
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
  assertChoice(target);
  const bucket = await readBucket(deps.metadata, target.bucket);
  assertWritable(deps, bucket);
  newObjectAccess(bucket, target.access ?? {});
  newEncryption(bucket, chosenEncryption(target));
  withProtection(target.attributes, { bucket, nowMs: deps.clock.nowMs() });
  if ((target.expected.size ?? 0) > OBJECT_BYTES_MAX) {
    const message = `an object has at most ${OBJECT_BYTES_MAX} bytes`;
    throw new StraitError('payloadTooLarge', message, { limitBytes: OBJECT_BYTES_MAX });
  }
  const uploadId = randomHex(deps.random, UPLOAD_ID_BYTES);
  const { sessionId, sessionKey } =
    target.customerKey === undefined
      ? { sessionId: uploadId, sessionKey: undefined }
      : boxSessionKey(deps, uploadId, target.customerKey);
  const encryption = chosenEncryption(target);
  const nowMs = deps.clock.nowMs();
  const row: UploadRow = {
    bucket: target.bucket,
    bucketId: bucket.id,
    name: target.name,
    attributes: target.attributes,
    preconditions: target.preconditions,
    expected: target.expected,
    ...(target.access && { access: target.access }),
    ...(encryption && { encryption }),
    ...(sessionKey && { sessionKey }),
    createdMs: nowMs,
    touchedMs: nowMs,
    status: { kind: 'open' },
  };
  const key = uploadKey(uploadId);
  return decideAndCommit(deps, async () => ({
    kind: 'commit',
    transaction: { checks: [{ kind: 'absent', key }], writes: [{ kind: 'put', key, value: encodeUpload(row) }] },
    result: () => ({ uploadId: sessionId }),
  }));
}

/**
 * What is persisted, or the finished object. When all bytes of a session whose total was stated are persisted, because
 * the process died before it could finish, asking finishes it. Where no total was stated the client's final request
 * does, through `appendUpload`, with an empty body and `total`.
 */
export async function uploadStatus(deps: NamespaceDeps, uploadId: string): Promise<UploadProgress> {
  const upload = await readClientUpload(deps, uploadId);
  const ended = endedAnswer(upload);
  if (ended !== undefined) return { kind: 'finished', object: ended };
  const { persisted, stagingId, sealed, wrapped } = await readPersisted(deps, upload);
  if (sealed !== undefined) {
    return { kind: 'finished', object: await finishUpload(deps, upload, stagedBlob(deps, sealed, wrapped)) };
  }
  if (stagingId === undefined || persisted !== (upload.row.expected.size ?? upload.row.total))
    return { kind: 'open', persisted };
  const customerKey = sessionCustomerKey(upload, undefined);
  const object = await sealAndFinish(deps, { ...upload, stagingId }, { ...(customerKey && { customerKey }) });
  return { kind: 'finished', object };
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
  /** Must be the session's when it is given. */
  readonly customerKey?: CustomerKey;
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
  const upload = await readClientUpload(deps, chunk.uploadId);
  const ended = endedAnswer(upload);
  if (ended !== undefined) return { kind: 'finished', object: ended };
  const customerKey = sessionCustomerKey(upload, chunk.customerKey);
  const { persisted, stagingId, sealed, wrapped } = await readPersisted(deps, upload);
  const plan = planChunk(chunk, { persisted, declaredSize: upload.row.expected.size });
  if (sealed !== undefined) {
    const object = await finishUpload(deps, upload, stagedBlob(deps, sealed, wrapped), chunk.expected);
    return { kind: 'finished', object };
  }
  const keyed = { ...chunk, ...(customerKey && { customerKey }) };
  if (stagingId !== undefined) return appendStaged(deps, { ...upload, stagingId }, keyed, plan);
  return appendFirst(deps, upload, keyed, plan);
}

type StagedUpload = ReadUpload & { readonly stagingId: StagingId };

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
    return appendStaged(deps, await beginStaging(deps, upload, chunk.customerKey), chunk, plan);
  }
  const taken = await takeSmall(freshBytes(chunk.body, plan), inlineBytesMax);
  if (taken.kind === 'small' && (plan.total === undefined || taken.bytes.length === plan.total)) {
    const object = await finishUpload(deps, upload, stagedInline(deps, taken.bytes, chunk.customerKey), chunk.expected);
    return { kind: 'finished', object };
  }
  const body = taken.kind === 'small' ? one(taken.bytes) : taken.source;
  return appendStaged(deps, await beginStaging(deps, upload, chunk.customerKey), { ...chunk, body }, plan);
}

async function appendStaged(
  deps: NamespaceDeps,
  upload: StagedUpload,
  chunk: UploadChunk,
  plan: ChunkPlan,
): Promise<UploadProgress> {
  // Before the last bytes: after a crash behind them, whoever finishes the upload must know what it was to be.
  const declared = plan.isLast ? await declare(deps, upload, chunk.expected ?? {}, plan.total) : upload;
  const persisted = plan.take === 0 ? plan.persisted : await appendBytes(deps, declared, chunk, plan);
  const touched = { ...(await touchUpload(deps, declared)), stagingId: upload.stagingId };
  const isWhole = plan.isLast && (plan.total === undefined || persisted === plan.total);
  if (!isWhole) return { kind: 'open', persisted };
  return { kind: 'finished', object: await sealAndFinish(deps, touched, chunk) };
}

async function sealAndFinish(
  deps: NamespaceDeps,
  upload: StagedUpload,
  { expected, customerKey }: Pick<UploadChunk, 'expected' | 'customerKey'>,
): Promise<NamedObject> {
  deps.crashPoints.reach('upload.before-seal');
  const staged = await sealSession(deps, upload, customerKey);
  deps.crashPoints.reach('upload.after-seal');
  return finishUpload(deps, upload, staged, expected);
}

async function appendBytes(
  deps: NamespaceDeps,
  upload: StagedUpload,
  chunk: UploadChunk,
  plan: ChunkPlan,
): Promise<number> {
  const fresh = freshBytes(chunk.body, plan);
  return appendToSession(deps, upload, { offset: plan.persisted, source: fresh, customerKey: chunk.customerKey });
}

/** Bytes for a session's staging, and the durable offset they made. */
export async function appendToSession(
  deps: NamespaceDeps,
  upload: ReadUpload & { readonly stagingId: StagingId },
  bytes: {
    readonly offset: number;
    readonly source: AsyncIterable<Uint8Array>;
    readonly customerKey: CustomerKey | undefined;
  },
): Promise<number> {
  const { stagingId, uploadId } = upload;
  const dataKey = stagingKeyOf(upload, stagingId, bytes.customerKey);
  const appended = await deps.blobs.append(stagingId, bytes.offset, bytes.source, dataKey).catch((error: unknown) => {
    throw sessionError(uploadId, error);
  });
  if ('sourceError' in appended) throw appended.sourceError;
  return appended.durableOffset;
}

export async function sealSession(
  deps: NamespaceDeps,
  upload: ReadUpload & { readonly stagingId: StagingId },
  key: CustomerKey | undefined,
): Promise<StagedContent> {
  const { stagingId, uploadId } = upload;
  const sealed = await deps.blobs.seal(stagingId, stagingKeyOf(upload, stagingId, key)).catch((error: unknown) => {
    throw sessionError(uploadId, error);
  });
  return stagedBlob(deps, sealed, wrappedOf(upload.row).wrapped);
}

/** A session that a client fills: the token of a rewrite is none. */
async function readClientUpload(deps: NamespaceDeps, sessionId: string): Promise<ReadUpload> {
  const upload = await readUpload(deps, sessionId);
  const { uploadId, row } = upload;
  if (row.rewrite === undefined) return upload;
  throw new StraitError('uploadNotFound', `there is no upload session ${uploadId}`, { uploadId });
}

/** What the blob store's refusals mean to the client of a session. */
function sessionError(uploadId: string, error: unknown): unknown {
  if (!(error instanceof StraitError)) return error;
  if (error.code === 'uploadNotFound') return uploadGone(uploadId, error);
  return error.code === 'preconditionFailed' ? takenOver(error) : error;
}

/** Saves what a request says of the whole object. Of requests that end a session at once each finds the other's. */
async function declare(
  deps: NamespaceDeps,
  upload: StagedUpload,
  sums: Pick<ExpectedContent, 'crc32c' | 'md5'>,
  total: number | undefined,
): Promise<StagedUpload> {
  return decideAndCommit(deps, async () => {
    const fresh = await readUpload(deps, upload.uploadId);
    const { row } = fresh;
    const result = { ...fresh, stagingId: upload.stagingId };
    const expected = { ...sums, ...row.expected };
    const isNew = expected.crc32c !== row.expected.crc32c || expected.md5 !== row.expected.md5;
    const isTotalNew = total !== undefined && row.expected.size === undefined && total !== row.total;
    if (row.status.kind !== 'open' || !(isNew || isTotalNew)) return { kind: 'done', result };
    const declared: UploadRow = { ...row, expected, ...(total === undefined ? {} : { total }) };
    const outcome = await writeUpload(deps, fresh, declared, []);
    if (outcome.kind === 'conflict') return { kind: 'again' };
    return { kind: 'done', result: { ...result, row: declared, version: outcome.version } };
  });
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** Ends the session and drops its bytes; later calls are `uploadGone`. A finished session stays as it is. */
export async function cancelUpload(deps: NamespaceDeps, uploadId: string): Promise<void> {
  const ended = await decideAndCommit(deps, async () => {
    const upload = await readClientUpload(deps, uploadId);
    const { row } = upload;
    if (row.status.kind !== 'open') return { kind: 'done', result: undefined };
    const cancelled: UploadRow = { ...row, touchedMs: deps.clock.nowMs(), status: { kind: 'cancelled' } };
    const outcome = await writeUpload(deps, upload, cancelled, untieStaging(row));
    return outcome.kind === 'conflict' ? { kind: 'again' } : { kind: 'done', result: row };
  });
  if (ended !== undefined) await dropStaging(deps, ended);
}
