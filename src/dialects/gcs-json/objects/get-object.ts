import { StraitError } from '../../../model/errors.ts';
import type { ByteRange, NamedObject } from '../../../model/object.ts';
import { resolveRange } from '../../shared/byte-range.ts';
import type { HttpReply, HttpRequest } from '../../shared/http-message.ts';
import { gunzipStream } from '../../shared/request-body.ts';
import { shownLists } from '../acls/shown-lists.ts';
import { invalidParameter } from '../api/bad-input.ts';
import type { Call } from '../api/call.ts';
import { customerKeyOf } from '../api/customer-keys.ts';
import { judgeEtag, namesEtag, readingPreconditions } from '../api/preconditions.ts';
import { withOwnerLists } from '../elsewhere/owner-lists.ts';
import { renderJson } from '../protocol/render-json.ts';
import { addressOf } from './change-object.ts';
import { mediaHeaders } from './render-media.ts';
import { etagOf, renderObject } from './render-object.ts';
import { softDeletedAddressOf } from './restore-object.ts';

/** objects.get: the resource, or with `alt=media` and on the download path the bytes. */
export async function getObject(call: Call<'objects.get'>): Promise<HttpReply> {
  const { context, request } = call;
  const { generations } = context;
  const isDownload = request.target.segments[0] === 'download';
  const isForBytes = (call.text('alt') ?? (isDownload ? 'media' : 'json')) === 'media';
  const hasKey = customerKeyOf(request).customerKey !== undefined;
  const object = await readObject(call, isForBytes);
  const etag = etagOf(object.state, generations);
  if (judgeEtag(call, etag)) return { status: 304, headers: { ETag: etag } };
  if (isForBytes) return sendMedia(call, object);
  const lists = await shownLists(call, object.bucket, 'noAcl');
  const resource = renderObject(object, { origin: request.origin, generations, hasKey, ...lists });
  const whole = lists.areElsewhere === true ? await withOwnerLists(call, object, resource) : resource;
  return renderJson(whole, call.form, { ETag: etag });
}

/** What is soft-deleted can be looked at, and its bytes read once it is restored. */
async function readObject(call: Call<'objects.get'>, isForBytes: boolean): Promise<NamedObject> {
  const { namespace } = call.context;
  const preconditions = readingPreconditions(call);
  if (!call.flag('softDeleted')) {
    const key = customerKeyOf(call.request);
    return await namespace.getObject({ address: addressOf(call), preconditions, isForBytes, ...key });
  }
  const address = softDeletedAddressOf(call);
  if (!isForBytes) return await namespace.getSoftDeletedObject({ address, preconditions });
  throw invalidParameter('alt', 'The data of a soft-deleted object cannot be read before it is restored.');
}

function sendMedia(call: Call<'objects.get'>, object: NamedObject): HttpReply {
  const { context, request } = call;
  const headers = mediaHeaders(object, context.generations);
  const { size } = object.state;
  if (mustUnpack(request, object)) {
    // Neither length nor encoding nor ranges can be promised of bytes that are unpacked on the way.
    const { 'Content-Encoding': _encoding, 'Accept-Ranges': _ranges, ...rest } = headers;
    const whole = size === 0 ? undefined : open(call, object, { start: 0, end: size });
    return { status: 200, headers: { ...rest, ...GUNZIPPED }, ...(whole === undefined ? {} : { body: unpack(whole) }) };
  }
  const range = resolveRange(currentRange(call, object), size);
  if (range.kind === 'unsatisfiable') {
    throw new StraitError('rangeNotSatisfiable', 'Request range not satisfiable', { size });
  }
  const { start, end } = range.kind === 'part' ? range.range : { start: 0, end: size };
  const part = range.kind === 'part' ? { 'Content-Range': `bytes ${start}-${end - 1}/${size}` } : {};
  return {
    status: range.kind === 'part' ? 206 : 200,
    headers: { ...headers, 'Content-Length': end - start, ...part },
    ...(start === end || request.method === 'HEAD' ? {} : { body: open(call, object, { start, end }) }),
  };
}

/** By either of them clients know that `X-Goog-Hash` is not of the bytes that come (google-cloud-cpp, -rust). */
const GUNZIPPED = {
  'X-GUploader-Response-Body-Transformations': 'gunzipped',
  Warning: '214 UploadServer gunzipped',
};

function open({ context, request }: Call, object: NamedObject, range: ByteRange): AsyncIterable<Uint8Array> {
  return context.namespace.openObject({ object, range, signal: request.signal, ...customerKeyOf(request) });
}

/** The Range header, unless If-Range says that the client's part is of another state. */
function currentRange({ context, request }: Call, object: NamedObject): string | undefined {
  const ifRange = request.headers['if-range'];
  if (ifRange !== undefined && !namesEtag(ifRange, etagOf(object.state, context.generations))) return undefined;
  return request.headers['range'];
}

/** Decompressive transcoding: gzip at rest, for a client that does not take gzip and nobody who forbids it. */
function mustUnpack(request: HttpRequest, object: NamedObject): boolean {
  const { contentEncoding, cacheControl } = object.state;
  if (contentEncoding?.trim().toLowerCase() !== 'gzip') return false;
  if (/\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(request.headers['accept-encoding'] ?? '')) return false;
  return !/\bno-transform\b/i.test(`${cacheControl ?? ''},${request.headers['cache-control'] ?? ''}`);
}

/** Bytes that only claim to be gzip are served as they are (seen on GCS, gcsfuse PR 1255). */
async function* unpack(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  try {
    let head = Buffer.alloc(0);
    while (head.length < 2) {
      const next = await chunks.next();
      if (next.done === true) break;
      head = Buffer.concat([head, next.value]);
    }
    const whole = prepend(head, chunks);
    if (head[0] === 0x1f && head[1] === 0x8b) yield* gunzipStream(whole);
    else yield* whole;
  } finally {
    await chunks.return?.();
  }
}

async function* prepend(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (;;) {
    const next = await rest.next();
    if (next.done === true) return;
    yield next.value;
  }
}
