/**
 * Resumable uploads driven by `X-Goog-Upload-Command` headers (the protocol of Firebase's and several Google clients,
 * chosen by `upload_protocol=resumable`). Every answer is 200 and tells the state in headers.
 */
import { StraitError } from '../../../model/errors.ts';
import type { UploadProgress } from '../../../namespace/uploads.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import type { Call } from '../api/call.ts';
import { NO_CACHE } from '../protocol/render-json.ts';
import { acknowledgedBytes, append, finish, renderFinished, uploadIdOf } from './upload-session.ts';

export async function runUploadCommand(call: Call<'objects.insert'>): Promise<HttpReply> {
  const { context, request } = call;
  const uploadId = uploadIdOf(request);
  const given = request.headers['x-goog-upload-command']?.toLowerCase() ?? '';
  const commands = new Set(given.split(',').map((command) => command.trim()));
  const unknown = [...commands].find((command) => !COMMANDS.has(command));
  if (unknown !== undefined) {
    const message = `Unknown upload command: ${unknown.slice(0, 100)}`;
    throw new StraitError('invalidArgument', message, { field: 'X-Goog-Upload-Command' });
  }
  if (commands.has('cancel')) {
    await context.namespace.cancelUpload(uploadId);
    return { status: 200, headers: { ...NO_CACHE, 'Content-Length': 0, 'X-Goog-Upload-Status': 'cancelled' } };
  }
  if (commands.has('query')) return await render(call, await context.namespace.uploadStatus(uploadId));
  const isLast = commands.has('finalize');
  if (commands.has('upload')) return await render(call, await upload(call, isLast));
  const progress = await context.namespace.uploadStatus(uploadId);
  if (progress.kind === 'finished') return await render(call, progress);
  return await render(call, await finish(call, { uploadId, total: progress.persisted }));
}

const COMMANDS: ReadonlySet<string> = new Set(['upload', 'finalize', 'query', 'cancel']);

async function upload(call: Call, isLast: boolean): Promise<UploadProgress> {
  const { request } = call;
  const uploadId = uploadIdOf(request);
  const first = parseOffset(request.headers['x-goog-upload-offset']);
  const length = request.headers['content-length'];
  if (length === undefined) {
    if (isLast) return await append(call, { uploadId, first });
    const message = 'A chunk that is not the last needs a Content-Length.';
    throw new StraitError('invalidArgument', message, { field: 'Content-Length', reason: 'required' });
  }
  const end = first + Number(length);
  if (isLast) return await append(call, { uploadId, first, end, total: end });
  return await append(call, { uploadId, first, end });
}

function parseOffset(text: string | undefined): number {
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  const message = `Invalid upload offset: ${text?.slice(0, 100)}`;
  throw new StraitError('invalidArgument', message, { field: 'X-Goog-Upload-Offset' });
}

async function render(call: Call<'objects.insert'>, progress: UploadProgress): Promise<HttpReply> {
  if (progress.kind === 'finished') {
    const reply = await renderFinished(call, progress.object);
    const size = String(progress.object.state.size);
    const state = { 'X-Goog-Upload-Status': 'final', 'X-Goog-Upload-Size-Received': size };
    return { ...reply, headers: { ...reply.headers, ...state } };
  }
  const received = acknowledgedBytes(progress.persisted);
  const state = { 'X-Goog-Upload-Status': 'active', 'X-Goog-Upload-Size-Received': received };
  return { status: 200, headers: { ...NO_CACHE, 'Content-Length': 0, ...state } };
}
