/** The steps of a resumable upload that its two protocols (Content-Range, X-Goog-Upload-Command) share. */
import { StraitError } from '../../../model/errors.ts';
import type { NamedObject } from '../../../model/object.ts';
import type { UploadProgress } from '../../../namespace/uploads.ts';
import type { HttpReply, HttpRequest } from '../../shared/http-message.ts';
import { shownLists } from '../acls/shown-lists.ts';
import { requiredParameter } from '../api/bad-input.ts';
import type { Call } from '../api/call.ts';
import { customerKeyOf } from '../api/customer-keys.ts';
import { decodeHashHeader } from '../objects/decode-object.ts';
import { renderObject } from '../objects/render-object.ts';
import { NO_CACHE, renderJson } from '../protocol/render-json.ts';

export const UPLOAD_GRANULARITY_BYTES = 256 * 1024;

export function uploadIdOf(request: HttpRequest): string {
  const uploadId = request.target.query.get('upload_id');
  if (uploadId === undefined || uploadId === '') throw requiredParameter('upload_id');
  return uploadId;
}

export async function finish(
  { context, request }: Call,
  { uploadId, total }: { readonly uploadId: string; readonly total: number },
): Promise<UploadProgress> {
  const expected = decodeHashHeader(request.headers['x-goog-hash']);
  const key = customerKeyOf(request);
  return await context.namespace.appendUpload({ uploadId, offset: total, total, expected, ...key, body: noBytes() });
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

export interface Chunk {
  readonly uploadId: string;
  readonly first: number;
  readonly end?: number;
  readonly total?: number;
}

/**
 * Persists a chunk, or finishes the upload with it. One that is not the last must have 256 KiB or more. Without an end
 * and a total the object ends where the body ends well.
 */
export async function append({ context, request }: Call, chunk: Chunk): Promise<UploadProgress> {
  const { uploadId, first, end, total } = chunk;
  const length = (end ?? total ?? Number.NaN) - first;
  checkLength(request, length);
  if (end !== undefined && end !== total && length < UPLOAD_GRANULARITY_BYTES) throw tooSmall(length);
  return await context.namespace.appendUpload({
    uploadId,
    offset: first,
    ...(end === undefined ? {} : { end }),
    ...(total === undefined ? {} : { total }),
    expected: decodeHashHeader(request.headers['x-goog-hash']),
    ...customerKeyOf(request),
    body: request.body,
  });
}

function checkLength(request: HttpRequest, length: number): void {
  const declared = request.headers['content-length'];
  if (declared === undefined || Number.isNaN(length) || Number(declared) === length) return;
  const message = `Content-Length is ${declared}, but Content-Range speaks of ${length} bytes.`;
  throw new StraitError('invalidArgument', message, { field: 'Content-Range' });
}

/** As GCS words it. */
function tooSmall(length: number): StraitError<'invalidArgument'> {
  const message =
    `Invalid request.  The number of bytes uploaded is required to be equal or greater than 262144, except for the ` +
    `final request (it's recommended to be the exact multiple of 262144).  The received request contained ${length} ` +
    'bytes, which does not meet this requirement.';
  return new StraitError('invalidArgument', message, { field: 'Content-Range' });
}

export async function renderProgress(call: Call<'objects.insert'>, progress: UploadProgress): Promise<HttpReply> {
  if (progress.kind === 'finished') return renderFinished(call, progress.object);
  const acknowledged = acknowledgedBytes(progress.persisted);
  const range = acknowledged === 0 ? {} : { Range: `bytes=0-${acknowledged - 1}` };
  const headers = { ...NO_CACHE, 'Content-Length': 0, ...range };
  if (call.request.headers['x-guploader-no-308']?.toLowerCase() === 'yes') {
    return { status: 200, headers: { ...headers, 'X-Http-Status-Code-Override': 308 } };
  }
  return { status: 308, statusText: 'Resume Incomplete', headers };
}

/** What clients are told is persisted: multiples of 256 KiB only. */
export function acknowledgedBytes(persisted: number): number {
  return persisted - (persisted % UPLOAD_GRANULARITY_BYTES);
}

export async function renderFinished(call: Call<'objects.insert'>, object: NamedObject): Promise<HttpReply> {
  const { context, request } = call;
  request.trace.object = object.name;
  const { generations } = context;
  const lists = await shownLists(call, object.bucket, 'noAcl');
  return renderJson(renderObject(object, { origin: request.origin, generations, hasKey: true, ...lists }), call.form);
}
