/**
 * Resumable uploads as GCS runs them. Durable progress is told in multiples of 256 KiB, as there: clients send again
 * from the offset they are told, and bytes below what is persisted are skipped.
 */
import { isStraitError, StraitError } from '../../../model/errors.ts';
import type { UploadProgress } from '../../../namespace/uploads.ts';
import { parseUploadRange, type UploadRange } from '../../shared/byte-range.ts';
import type { HttpReply, HttpRequest } from '../../shared/http-message.ts';
import { readBody } from '../../shared/request-body.ts';
import { JSON_BODY_BYTES_MAX } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { renderText } from '../protocol/render-error.ts';
import { NO_CACHE } from '../protocol/render-json.ts';
import { decodeInsert } from './decode-insert.ts';
import { runUploadCommand } from './upload-command.ts';
import { append, type Chunk, finish, renderProgress, UPLOAD_GRANULARITY_BYTES, uploadIdOf } from './upload-session.ts';

const SHOWN_ID_LENGTH = 64;

/** The start of an upload: answers where to send the bytes. */
export async function startResumableUpload(call: Call<'objects.insert'>): Promise<HttpReply> {
  const { context, request } = call;
  const { headers } = request;
  const resource = call.resource(await readBody(request, JSON_BODY_BYTES_MAX));
  const contentType = headers['x-upload-content-type'] ?? headers['x-goog-upload-header-content-type'];
  const insert = decodeInsert(call, { resource, contentType });
  request.trace.object = insert.name;
  const length = headers['x-upload-content-length'] ?? headers['x-goog-upload-header-content-length'];
  const size = length === undefined ? undefined : parseLength(length);
  const { uploadId } = await context.namespace.startUpload({
    ...insert,
    expected: { ...insert.expected, ...(size === undefined ? {} : { size }) },
  });
  const projection = call.text('projection') ?? (resource['acl'] === undefined ? undefined : 'full');
  const location = uploadLocation(call, { uploadId, name: insert.name, projection });
  // Clients write this header into their logs and errors: it must not hold the secret that the session's URI does.
  const shownId = uploadId.slice(0, SHOWN_ID_LENGTH);
  const replyHeaders = { ...NO_CACHE, 'Content-Length': 0, Location: location, 'X-GUploader-UploadID': shownId };
  if (headers['x-goog-upload-command'] === undefined) return { status: 200, headers: replyHeaders };
  return {
    status: 200,
    headers: {
      ...replyHeaders,
      'X-Goog-Upload-URL': location,
      'X-Goog-Upload-Control-URL': location,
      'X-Goog-Upload-Chunk-Granularity': UPLOAD_GRANULARITY_BYTES,
      'X-Goog-Upload-Status': 'active',
    },
  };
}

interface LocationParts {
  readonly uploadId: string;
  readonly name: string;
  readonly projection: string | undefined;
}

/** The session URI. It carries the parameters that shape the final answer. */
function uploadLocation({ request }: Call, { uploadId, name, projection }: LocationParts): string {
  const { path, query } = request.target;
  const params: [string, string][] = [
    ['uploadType', 'resumable'],
    ['name', name],
  ];
  for (const kept of ['fields', 'prettyPrint']) {
    const value = query.get(kept);
    if (value !== undefined) params.push([kept, value]);
  }
  if (projection !== undefined) params.push(['projection', projection]);
  params.push(['upload_id', uploadId]);
  const text = params.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
  return `${request.origin}${path}?${text}`;
}

function parseLength(text: string): number {
  if (/^\d{1,16}$/.test(text)) return Number(text);
  const message = `Invalid upload length: ${text.slice(0, 100)}`;
  throw new StraitError('invalidArgument', message, { field: 'X-Upload-Content-Length' });
}

/** PUT or POST on a session URI: a chunk, the end, or a question. */
export async function continueUpload(call: Call<'objects.insert'>): Promise<HttpReply> {
  const { request } = call;
  if (request.headers['x-goog-upload-command'] !== undefined) return await runUploadCommand(call);
  const uploadId = uploadIdOf(request);
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    const message = 'Chunks of a resumable upload must be sent without Content-Encoding.';
    throw new StraitError('invalidArgument', message, { field: 'Content-Encoding' });
  }
  const header = request.headers['content-range'];
  const range: UploadRange = header === undefined ? wholeObject(request) : parseUploadRange(header);
  const progress =
    range.kind === 'status'
      ? await askOrFinish(call, { uploadId, total: range.total })
      : await appendOrExplain(call, { ...range, uploadId });
  if ('status' in progress) return progress;
  return await renderProgress(call, progress);
}

export async function cancelUpload({ context, request }: Call<'objects.insert'>): Promise<HttpReply> {
  await context.namespace.cancelUpload(uploadIdOf(request));
  return { status: 499, statusText: 'Client Closed Request', headers: { 'Content-Length': 0 } };
}

/** Without Content-Range the body is the whole object. */
function wholeObject(request: HttpRequest): UploadRange {
  const length = request.headers['content-length'];
  if (length === undefined) return { kind: 'chunk', first: 0 };
  const total = Number(length);
  return { kind: 'chunk', first: 0, end: total, total };
}

/** A status range with a total ends the upload when all of it has arrived; otherwise it is a question. */
async function askOrFinish(
  call: Call,
  { uploadId, total }: { readonly uploadId: string; readonly total: number | undefined },
): Promise<UploadProgress> {
  const progress = await call.context.namespace.uploadStatus(uploadId);
  if (progress.kind === 'finished' || total === undefined) return progress;
  if (total < progress.persisted) {
    const message = `The upload already has ${progress.persisted} bytes, more than its total of ${total}.`;
    throw new StraitError('invalidArgument', message, { field: 'Content-Range' });
  }
  if (total > progress.persisted) return progress;
  return await finish(call, { uploadId, total });
}

/** A chunk beyond what is persisted is 503 in plain text, as GCS answers it (JsonResumableSessionPutTask of Java). */
async function appendOrExplain(call: Call, chunk: Chunk): Promise<UploadProgress | HttpReply> {
  try {
    return await append(call, chunk);
  } catch (error) {
    if (!isStraitError(error, 'unavailable') || chunk.first === 0) throw error;
    const progress = await call.context.namespace.uploadStatus(chunk.uploadId);
    if (progress.kind === 'finished' || chunk.first <= progress.persisted) throw error;
    const message =
      `Invalid request. According to the Content-Range header, the upload offset is ${chunk.first} byte(s), ` +
      `which exceeds already uploaded size of ${progress.persisted} byte(s).`;
    const reply = renderText(503, message, NO_CACHE);
    return { ...reply, headers: { ...reply.headers, 'Content-Type': 'text/plain; charset=utf-8' } };
  }
}
