import { StraitError } from '../model/errors.ts';
import { blobId, type StagingId } from '../model/ids.ts';
import type { NamedObject } from '../model/object.ts';
import type { SealedBlob } from '../stores/blobs/port.ts';
import type { Check, CommitOutcome, Write } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { stagingKey, uploadKey } from './rows/keys.ts';
import { decodeUpload, encodeStagingOwner, encodeUpload, type UploadRow } from './rows/upload-row.ts';

/** The rows and the staging of one resumable upload session. */

export interface ReadUpload {
  readonly uploadId: string;
  readonly key: Uint8Array;
  readonly version: bigint;
  readonly row: UploadRow;
}

/** `uploadNotFound`; `uploadGone` for a session that was cancelled or whose time is over. */
export async function readUpload(deps: NamespaceDeps, uploadId: string): Promise<ReadUpload> {
  const key = uploadKey(uploadId);
  const [found] = isUploadId(uploadId) ? await deps.metadata.get([key]) : [];
  if (found === undefined) {
    throw new StraitError('uploadNotFound', `there is no upload session ${uploadId}`, { uploadId });
  }
  const row = decodeUpload(found.value);
  if (row.status.kind === 'cancelled' || isExpired(deps, row)) throw uploadGone(uploadId);
  return { uploadId, key, version: found.version, row };
}

/** Ids are made here: anything else was never one, and must not become a key of any length. */
const isUploadId = (text: string) => /^[0-9a-f]{64}$/.test(text);
export const UPLOAD_ID_BYTES = 32;

export function isExpired(deps: NamespaceDeps, row: UploadRow): boolean {
  return row.touchedMs + deps.settings.uploadTtlMs < deps.clock.nowMs();
}

export function uploadGone(uploadId: string, cause?: unknown): StraitError<'uploadGone'> {
  return new StraitError('uploadGone', `upload session ${uploadId} is over`, { uploadId }, { cause });
}

/** The answer of a session that has ended; undefined while it is open. A refusal at its end is given again. */
export function endedAnswer(upload: ReadUpload): NamedObject | undefined {
  const { bucket, name, status } = upload.row;
  if (status.kind === 'finished') return { bucket, name, state: status.state };
  if (status.kind === 'failed') throw new StraitError(status.code, status.message, status.details as never);
  if (status.kind === 'cancelled') throw uploadGone(upload.uploadId);
  return undefined;
}

export interface Persisted {
  /** Bytes. */
  readonly persisted: number;
  readonly stagingId?: StagingId;
  /** All bytes are there, but a crash came before the commit. */
  readonly sealed?: SealedBlob;
}

export async function readPersisted(deps: NamespaceDeps, upload: ReadUpload): Promise<Persisted> {
  const { status } = upload.row;
  const stagingId = status.kind === 'open' ? status.stagingId : undefined;
  if (stagingId === undefined) return { persisted: 0 };
  const staging = await deps.blobs.staging(stagingId);
  if (staging !== undefined) return { persisted: staging.durableOffset, stagingId };
  if ((await deps.blobs.size(blobId(stagingId))) === undefined) throw uploadGone(upload.uploadId);
  const sealed = await deps.blobs.seal(stagingId);
  return { persisted: sealed.size, stagingId, sealed };
}

/** Gives a session its staging. Whoever comes second learns it by `unavailable` and asks for the status. */
export async function beginStaging(
  deps: NamespaceDeps,
  upload: ReadUpload,
): Promise<ReadUpload & { readonly stagingId: StagingId }> {
  const stagingId = await deps.blobs.begin({ md5: true });
  const row: UploadRow = { ...upload.row, touchedMs: deps.clock.nowMs(), status: { kind: 'open', stagingId } };
  const owner: Write = { kind: 'put', key: stagingKey(stagingId), value: encodeStagingOwner(upload.uploadId) };
  const outcome = await writeUpload(deps, upload, row, [owner]);
  if (outcome.kind === 'conflict') {
    await deps.blobs.discard(stagingId);
    throw takenOver();
  }
  return { ...upload, row, version: outcome.version, stagingId };
}

/** The row moves only now and then, so that a chunk costs no transaction of its own. */
const TOUCH_SHARE = 0.1;

/** Keeps a session that is in use from expiring. */
export async function touchUpload(deps: NamespaceDeps, upload: ReadUpload): Promise<ReadUpload> {
  const nowMs = deps.clock.nowMs();
  if (nowMs - upload.row.touchedMs < deps.settings.uploadTtlMs * TOUCH_SHARE) return upload;
  return replaceRow(deps, upload, { ...upload.row, touchedMs: nowMs });
}

/** Replaces an open session's row; `unavailable` when another request changed it. */
export async function replaceRow(deps: NamespaceDeps, upload: ReadUpload, row: UploadRow): Promise<ReadUpload> {
  const outcome = await writeUpload(deps, upload, row, []);
  if (outcome.kind === 'conflict') throw takenOver();
  return { ...upload, row, version: outcome.version };
}

export function takenOver(cause?: unknown): StraitError<'unavailable'> {
  return new StraitError('unavailable', 'another request of this upload session took over', {}, { cause });
}

export function unchangedUpload(upload: ReadUpload): Check {
  return { kind: 'version', key: upload.key, version: upload.version };
}

/** Deletes the row that ties a staging to its session, if there is one. */
export function untieStaging(row: UploadRow): readonly Write[] {
  const { status } = row;
  if (status.kind !== 'open' || status.stagingId === undefined) return [];
  return [{ kind: 'delete', key: stagingKey(status.stagingId) }];
}

export function writeUpload(
  deps: NamespaceDeps,
  upload: ReadUpload,
  row: UploadRow,
  more: readonly Write[],
): Promise<CommitOutcome> {
  const write: Write = { kind: 'put', key: upload.key, value: encodeUpload(row) };
  return deps.metadata.commit({ checks: [unchangedUpload(upload)], writes: [write, ...more] });
}

/**
 * Removes what a session that has ended for good kept, sealed or not. Only after the transaction that ended it: then no
 * commit can name the bytes any more.
 */
export async function dropStaging(deps: NamespaceDeps, row: UploadRow): Promise<void> {
  const { status } = row;
  if (status.kind !== 'open' || status.stagingId === undefined) return;
  await deps.blobs.discard(status.stagingId);
  await deps.blobs.remove(blobId(status.stagingId));
}
