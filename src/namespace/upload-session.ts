import type { CustomerKey } from '../model/encryption.ts';
import { StraitError } from '../model/errors.ts';
import { blobId, type StagingId } from '../model/ids.ts';
import type { NamedObject } from '../model/object.ts';
import { KEY_BYTES, SecretKey } from '../model/secret-key.ts';
import { closeBox, openBox } from '../runtime/sealed-box.ts';
import type { SealedBlob } from '../stores/blobs/port.ts';
import type { Check, CommitOutcome, Write } from '../stores/metadata/port.ts';
import { newDataKey, unwrapDataKey, wrapDataKey } from './data-keys.ts';
import type { NamespaceDeps } from './deps.ts';
import { stagingKey, uploadKey } from './rows/keys.ts';
import { decodeUpload, encodeStagingOwner, encodeUpload, type UploadRow } from './rows/upload-row.ts';
import { judgeKey } from './rules/encryption.ts';
import type { WrappedFor } from './staged-content.ts';

/** The rows and the staging of one resumable upload session. */

export interface ReadUpload {
  /** Without the secret. */
  readonly uploadId: string;
  /** What the session's URI holds and no row: it opens the customer's key that the row has in a box. */
  readonly secret?: SecretKey;
  readonly key: Uint8Array;
  readonly version: bigint;
  readonly row: UploadRow;
}

/** `uploadNotFound`; `uploadGone` for a session that was cancelled or whose time is over. */
export async function readUpload(deps: NamespaceDeps, sessionId: string): Promise<ReadUpload> {
  const { uploadId, secret } = parseSessionId(sessionId);
  const key = uploadKey(uploadId);
  const [found] = uploadId === '' ? [] : await deps.metadata.get([key]);
  if (found === undefined) {
    throw new StraitError('uploadNotFound', `there is no upload session ${uploadId}`, { uploadId });
  }
  const row = decodeUpload(found.value);
  if (row.status.kind === 'cancelled' || isExpired(deps, row)) throw uploadGone(uploadId);
  return { uploadId, key, version: found.version, row, ...(secret && { secret }) };
}

export const UPLOAD_ID_BYTES = 32;
/** The id, and of a session with a customer's key the secret behind it. Anything else was never made here. */
const SESSION_ID = /^([0-9a-f]{64})([0-9a-f]{64})?$/;

function parseSessionId(text: string): { readonly uploadId: string; readonly secret?: SecretKey } {
  const [, uploadId = '', secret] = SESSION_ID.exec(text) ?? [];
  return secret === undefined ? { uploadId } : { uploadId, secret: new SecretKey(Buffer.from(secret, 'hex')) };
}

/**
 * Some clients send a customer's key when they start a session and never again. So that the key need not be stored, it
 * lies in a box that opens with a secret that only the session's URI holds.
 */
export function boxSessionKey(deps: NamespaceDeps, uploadId: string, key: CustomerKey) {
  const secret = new SecretKey(deps.random.bytes(KEY_BYTES));
  const box = closeBox(deps.random, secret, sessionContext(uploadId), key.secret.reveal());
  const sessionId = uploadId + Buffer.from(secret.reveal()).toString('hex');
  return { sessionId, sessionKey: Uint8Array.from(box) };
}

const sessionContext = (uploadId: string) => Buffer.from(`session key 1\0${uploadId}`);

/** The key a session's bytes are under: as the request gives it, else out of the box. `undefined`: none. */
export function sessionCustomerKey(upload: ReadUpload, given: CustomerKey | undefined): CustomerKey | undefined {
  const key = given ?? boxedKey(upload);
  const refusal = judgeKey(upload.row.encryption, key, { side: 'target', isForBytes: true });
  if (refusal !== undefined) throw refusal;
  return key;
}

function boxedKey({ row, secret, uploadId }: ReadUpload): CustomerKey | undefined {
  const { encryption, sessionKey } = row;
  if (encryption?.kind !== 'customer' || sessionKey === undefined || secret === undefined) return undefined;
  const bytes = openBox(secret, sessionContext(uploadId), sessionKey);
  return bytes && { secret: new SecretKey(bytes), sha256: encryption.keySha256 };
}

export function isExpired(deps: NamespaceDeps, row: UploadRow): boolean {
  return row.touchedMs + deps.settings.uploadTtlMs < deps.clock.nowMs();
}

export function uploadGone(uploadId: string, cause?: unknown): StraitError<'uploadGone'> {
  return new StraitError('uploadGone', `upload session ${uploadId} is over`, { uploadId }, { cause });
}

/** The answer of a session that has ended; undefined while it is open. A refusal at its end is given again. */
export function endedAnswer(upload: ReadUpload): NamedObject | undefined {
  const { bucket, name, status } = upload.row;
  if (status.kind === 'finished') {
    const { kind: _kind, ...told } = status;
    return { bucket, name, ...told };
  }
  if (status.kind === 'failed') throw new StraitError(status.code, status.message, status.details as never);
  if (status.kind === 'cancelled') throw uploadGone(upload.uploadId);
  return undefined;
}

export interface Persisted {
  /** Bytes. */
  readonly persisted: number;
  readonly stagingId?: StagingId;
  /** Of an encrypted staging. */
  readonly wrapped?: WrappedFor;
  /** All bytes are there, but a crash came before the commit. */
  readonly sealed?: SealedBlob;
}

export async function readPersisted(deps: NamespaceDeps, upload: ReadUpload): Promise<Persisted> {
  const { status } = upload.row;
  const stagingId = status.kind === 'open' ? status.stagingId : undefined;
  if (stagingId === undefined) return { persisted: 0 };
  const wrapped = wrappedOf(upload.row);
  const staging = await deps.blobs.staging(stagingId);
  if (staging !== undefined) return { persisted: staging.durableOffset, stagingId, ...wrapped };
  if ((await deps.blobs.size(blobId(stagingId))) === undefined) throw uploadGone(upload.uploadId);
  const sealed = await deps.blobs.seal(stagingId);
  return { persisted: sealed.size, stagingId, sealed, ...wrapped };
}

export function wrappedOf({ status, encryption }: UploadRow): Pick<Persisted, 'wrapped'> {
  if (status.kind !== 'open' || status.wrappedKey === undefined || encryption?.kind !== 'customer') return {};
  return { wrapped: { wrappedKey: status.wrappedKey, keySha256: encryption.keySha256 } };
}

/** The data key of a session's staging. */
export function stagingKeyOf(
  { row }: ReadUpload,
  stagingId: StagingId,
  key: CustomerKey | undefined,
): SecretKey | undefined {
  const { wrapped } = wrappedOf(row);
  return wrapped && key && unwrapDataKey(key, stagingId, wrapped.wrappedKey);
}

/** Gives a session its staging. Whoever comes second learns it by `unavailable` and asks for the status. */
export async function beginStaging(
  deps: NamespaceDeps,
  upload: ReadUpload,
  key: CustomerKey | undefined,
): Promise<ReadUpload & { readonly stagingId: StagingId }> {
  const dataKey = key && newDataKey(deps.random);
  const stagingId = await deps.blobs.begin({ md5: true, ...(dataKey && { dataKey }) });
  const wrappedKey = key && dataKey && wrapDataKey(deps.random, key, stagingId, dataKey);
  const status = { kind: 'open' as const, stagingId, ...(wrappedKey && { wrappedKey }) };
  const row: UploadRow = { ...upload.row, touchedMs: deps.clock.nowMs(), status };
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
