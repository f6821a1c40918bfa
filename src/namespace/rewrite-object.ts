import { isDeepStrictEqual } from 'node:util';
import type { NewObjectAccess } from '../model/access-list.ts';
import { StraitError } from '../model/errors.ts';
import type { NamedObject, ObjectAttributes, ObjectState } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { randomHex } from '../runtime/random.ts';
import { decideAndCommit } from './commit-loop.ts';
import { type CopyInput, copiedAttributes, copyObject, readSource, sharesSegments } from './copy-object.ts';
import type { NamespaceDeps } from './deps.ts';
import { finishUpload } from './finish-upload.ts';
import { readTarget } from './insert-object.ts';
import { readBucket } from './object-access.ts';
import { getObject, openObject } from './read-object.ts';
import { uploadKey } from './rows/keys.ts';
import { encodeUpload, type UploadRow } from './rows/upload-row.ts';
import { newObjectAccess } from './rules/access.ts';
import { assertAttributes } from './rules/attributes.ts';
import { assertChoice, chosenEncryption, newEncryption } from './rules/encryption.ts';
import { assertObjectName } from './rules/names.ts';
import { withProtection } from './rules/object-retention.ts';
import { type StagedContent, stagedBlob } from './staged-content.ts';
import {
  beginStaging,
  endedAnswer,
  type ReadUpload,
  readPersisted,
  readUpload,
  sessionCustomerKey,
  touchUpload,
  UPLOAD_ID_BYTES,
} from './upload-session.ts';
import { appendToSession, sealSession } from './uploads.ts';

/** objects.rewrite: a copy that may take several calls, tied together by a token. */
export interface RewriteInput extends CopyInput {
  readonly rewriteToken?: string;
  /** A multiple of 1 MiB; the same in every call. */
  readonly bytesPerCallMax?: number;
}

export type RewriteProgress =
  | { readonly kind: 'finished'; readonly object: NamedObject }
  | { readonly kind: 'open'; readonly rewriteToken: string; readonly bytesRewritten: number; readonly size: number };

/** What one call moves when the client sets no bound: it should end before anybody's patience does. */
const BYTES_PER_CALL = 2 ** 30;

/**
 * Within one sharing domain, and where all bytes fit into one call, the first call is the last. Otherwise it begins a
 * session, a row and a staging as those of a resumable upload, and each call moves the next bytes. What a call moved is
 * durable when it answers; after a crash the next call goes on from there. The source is the generation of the first
 * call, the destination's preconditions are judged when the object is made.
 */
export async function rewriteObject(deps: NamespaceDeps, input: RewriteInput): Promise<RewriteProgress> {
  if (input.rewriteToken !== undefined) return continueRewrite(deps, input, input.rewriteToken);
  assertObjectName(input.destination.name);
  assertAttributes(input.attributes ?? {});
  assertChoice(input);
  const source = await readSource(deps, input);
  const { bucket } = await readTarget(deps, { ...input.destination, preconditions: input.preconditions });
  newObjectAccess(bucket, input.access ?? {});
  newEncryption(bucket, chosenEncryption(input));
  withProtection(input.attributes ?? {}, { bucket, nowMs: deps.clock.nowMs() });
  const isOneCall = source.live.size <= (input.bytesPerCallMax ?? BYTES_PER_CALL);
  if (isOneCall || sharesSegments(source, bucket, input)) {
    return { kind: 'finished', object: await copyObject(deps, input) };
  }
  const token = await beginRewrite(deps, input, source.live);
  return moveBytes(deps, await readUpload(deps, token), input);
}

async function beginRewrite(deps: NamespaceDeps, input: RewriteInput, source: ObjectState): Promise<string> {
  const { destination, sourceKey, bytesPerCallMax } = input;
  const { bucket, name } = input.source;
  const token = randomHex(deps.random, UPLOAD_ID_BYTES);
  const encryption = chosenEncryption(input);
  const nowMs = deps.clock.nowMs();
  const row: UploadRow = {
    ...destination,
    bucketId: (await readBucket(deps.metadata, destination.bucket)).id,
    attributes: copiedAttributes(input, source),
    preconditions: input.preconditions,
    expected: { size: source.size, crc32c: source.crc32c },
    ...(encryption && { encryption }),
    ...(input.access && { access: input.access }),
    rewrite: {
      source: { bucket, name, generation: source.generation },
      sourcePreconditions: input.sourcePreconditions,
      ...(sourceKey && { sourceKeySha256: sourceKey.sha256 }),
      ...(bytesPerCallMax !== undefined && { bytesPerCallMax }),
    },
    createdMs: nowMs,
    touchedMs: nowMs,
    status: { kind: 'open' },
  };
  const key = uploadKey(token);
  return decideAndCommit(deps, async () => ({
    kind: 'commit',
    transaction: { checks: [{ kind: 'absent', key }], writes: [{ kind: 'put', key, value: encodeUpload(row) }] },
    result: () => token,
  }));
}

async function continueRewrite(deps: NamespaceDeps, input: RewriteInput, token: string): Promise<RewriteProgress> {
  const upload = await readRewrite(deps, token);
  assertSameRewrite(upload.row, input);
  const ended = endedAnswer(upload);
  if (ended !== undefined) return { kind: 'finished', object: ended };
  return moveBytes(deps, upload, input);
}

async function readRewrite(deps: NamespaceDeps, token: string): Promise<ReadUpload> {
  try {
    const upload = await readUpload(deps, token);
    if (upload.row.rewrite !== undefined && upload.uploadId === token) return upload;
  } catch (error) {
    const isUnknown = error instanceof StraitError && ['uploadNotFound', 'uploadGone'].includes(error.code);
    if (!isUnknown) throw error;
  }
  throw invalidToken('The rewrite token is not one of this service, or its time is over.');
}

/** Source, destination and keys always; what else a call repeats must be as it was, what it leaves out need not. */
function assertSameRewrite(row: UploadRow, input: RewriteInput): void {
  const { source, sourcePreconditions, sourceKeySha256, bytesPerCallMax } = row.rewrite ?? wasNoRewrite();
  const { generation } = input.source;
  const isSame =
    row.bucket === input.destination.bucket &&
    row.name === input.destination.name &&
    source.bucket === input.source.bucket &&
    source.name === input.source.name &&
    (generation === undefined || generation === source.generation) &&
    sourceKeySha256 === input.sourceKey?.sha256 &&
    customerHash(row.encryption) === input.customerKey?.sha256 &&
    (input.kmsKeyName === undefined || isDeepStrictEqual(row.encryption, chosenEncryption(input))) &&
    (input.bytesPerCallMax === undefined || input.bytesPerCallMax === bytesPerCallMax) &&
    (row.status.kind === 'finished' || areRepeated(input, row)) &&
    isRepeated(input.preconditions, row.preconditions) &&
    isRepeated(input.sourcePreconditions, sourcePreconditions);
  if (!isSame) throw invalidToken('The rewrite token is of a rewrite with other parameters.');
}

function isRepeated(given: Preconditions, begun: Preconditions): boolean {
  return Object.entries(given).every(([name, value]) => value === begun[name as keyof Preconditions]);
}

/** Of the object that is still to be made. */
function areRepeated(input: RewriteInput, row: UploadRow): boolean {
  const isSameAccess = isRepeatedAccess(input.access ?? {}, row.access ?? {});
  return isSameAccess && areRepeatedAttributes(input.attributes, row.attributes);
}

/** Contexts that the call does not name may be the source's. */
function areRepeatedAttributes(given: ObjectAttributes | undefined, begun: ObjectAttributes): boolean {
  if (given === undefined) return true;
  const { contexts: _contexts, ...others } = begun;
  return isDeepStrictEqual(given, given.contexts === undefined ? others : begun);
}

function isRepeatedAccess(given: NewObjectAccess, begun: NewObjectAccess): boolean {
  const isSaid = given.list !== undefined || given.predefined !== undefined;
  return !isSaid || isDeepStrictEqual(given, begun);
}

const customerHash = (encryption: UploadRow['encryption']) =>
  encryption?.kind === 'customer' ? encryption.keySha256 : undefined;

/** Moves the bytes of one call, and makes the object when they were the last. */
async function moveBytes(deps: NamespaceDeps, upload: ReadUpload, input: RewriteInput): Promise<RewriteProgress> {
  const { source, bytesPerCallMax = BYTES_PER_CALL } = upload.row.rewrite ?? wasNoRewrite();
  const customerKey = sessionCustomerKey(upload, input.customerKey);
  const { persisted, stagingId, sealed, wrapped } = await readPersisted(deps, upload);
  if (sealed !== undefined) return finish(deps, upload, stagedBlob(deps, sealed, wrapped));
  const key = input.sourceKey && { customerKey: input.sourceKey };
  const object = await getObject(deps, { address: source, preconditions: {}, isForBytes: true, ...key });
  const { size } = object.state;
  const staging = stagingId === undefined ? await beginStaging(deps, upload, customerKey) : { ...upload, stagingId };
  const range = { start: persisted, end: Math.min(size, persisted + bytesPerCallMax) };
  const { signal } = new AbortController();
  const bytes = openObject(deps, { object, range, signal, ...key });
  const bytesRewritten = await appendToSession(deps, staging, { offset: persisted, source: bytes, customerKey });
  await touchUpload(deps, staging);
  if (bytesRewritten < size) return { kind: 'open', rewriteToken: upload.uploadId, bytesRewritten, size };
  return finish(deps, upload, await sealSession(deps, staging, customerKey));
}

async function finish(deps: NamespaceDeps, upload: ReadUpload, staged: StagedContent): Promise<RewriteProgress> {
  return { kind: 'finished', object: await finishUpload(deps, upload, staged) };
}

function invalidToken(message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field: 'rewriteToken', reason: 'invalid' });
}

function wasNoRewrite(): never {
  throw new RangeError('the session is no rewrite');
}
