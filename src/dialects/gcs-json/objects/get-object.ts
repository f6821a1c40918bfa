import { StraitError } from '../../../model/errors.ts';
import type { ByteRange, NamedObject } from '../../../model/object.ts';
import { resolveRange } from '../../shared/byte-range.ts';
import type { HttpReply, HttpRequest } from '../../shared/http-message.ts';
import { gunzipStream } from '../../shared/request-body.ts';
import type { Params } from '../../shared/router.ts';
import type { GcsJsonContext } from '../api/context.ts';
import {
  failedIfMatch,
  generationParam,
  invalidParameter,
  projectionParam,
  readingPreconditions,
  refuseCustomerKeys,
} from '../api/decode-params.ts';
import { OBJECT_NAMES } from '../api/resources.ts';
import { parseEtagList } from '../protocol/etag.ts';
import { answerForm, renderJson } from '../protocol/render-json.ts';
import { mediaHeaders } from './render-media.ts';
import { etagOf, renderObject } from './render-object.ts';

/** objects.get: the resource, or with `alt=media` and on the download path the bytes. */
export async function getObject(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const { query, segments } = request.target;
  const alt = query.get('alt') ?? (segments[0] === 'download' ? 'media' : 'json');
  if (alt !== 'json' && alt !== 'media') throw invalidParameter('alt', `Invalid value for alt: ${alt.slice(0, 100)}`);
  refuseCustomerKeys(request);
  const form = answerForm(request, OBJECT_NAMES);
  const projection = projectionParam(query, 'noAcl');
  const object = await readObject(context, request, params);
  const etag = etagOf(object.state, context.generations);
  const isUnchanged = judgeEtag(request, etag);
  if (isUnchanged) return { status: 304, headers: { ETag: etag } };
  if (alt === 'media') return sendMedia(context, request, object);
  const resource = renderObject(object, { origin: request.origin, generations: context.generations, projection });
  return renderJson(resource, form, { ETag: etag });
}

async function readObject(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<NamedObject> {
  const { bucket = '', object: name = '' } = params;
  const generation = generationParam(request.target.query, 'generation', context.generations);
  return await context.namespace.getObject({
    address: { bucket, name, ...(generation === undefined ? {} : { generation }) },
    preconditions: readingPreconditions(request, context.generations),
  });
}

/** RFC 9110 §13.2.2: If-Match fails with 412; true when If-None-Match says that the client has this state. */
export function judgeEtag(request: HttpRequest, etag: string): boolean {
  const ifMatch = request.headers['if-match'];
  if (ifMatch !== undefined && !names(ifMatch, etag)) throw failedIfMatch();
  const ifNoneMatch = request.headers['if-none-match'];
  return ifNoneMatch !== undefined && names(ifNoneMatch, etag);
}

function names(header: string, etag: string): boolean {
  return parseEtagList(header).some((tag) => tag === '*' || tag === etag);
}

function sendMedia(context: GcsJsonContext, request: HttpRequest, object: NamedObject): HttpReply {
  const headers = mediaHeaders(object.state, context.generations);
  const { size } = object.state;
  if (mustUnpack(request, object)) {
    // Neither length nor encoding nor ranges can be promised of bytes that are unpacked on the way.
    const { 'Content-Encoding': _encoding, 'Accept-Ranges': _ranges, ...rest } = headers;
    const whole = size === 0 ? undefined : open(context, request, object, { start: 0, end: size });
    return { status: 200, headers: rest, ...(whole === undefined ? {} : { body: unpack(whole) }) };
  }
  const range = resolveRange(currentRange(request, context, object), size);
  if (range.kind === 'unsatisfiable') {
    throw new StraitError('rangeNotSatisfiable', 'Request range not satisfiable', { size });
  }
  const { start, end } = range.kind === 'part' ? range.range : { start: 0, end: size };
  const part = range.kind === 'part' ? { 'Content-Range': `bytes ${start}-${end - 1}/${size}` } : {};
  return {
    status: range.kind === 'part' ? 206 : 200,
    headers: { ...headers, 'Content-Length': end - start, ...part },
    ...(start === end || request.method === 'HEAD' ? {} : { body: open(context, request, object, { start, end }) }),
  };
}

function open(
  context: GcsJsonContext,
  request: HttpRequest,
  object: NamedObject,
  range: ByteRange,
): AsyncIterable<Uint8Array> {
  return context.namespace.openObject({ object, range, signal: request.signal });
}

/** The Range header, unless If-Range says that the client's part is of another state. */
function currentRange(request: HttpRequest, context: GcsJsonContext, object: NamedObject): string | undefined {
  const ifRange = request.headers['if-range'];
  if (ifRange !== undefined && !names(ifRange, etagOf(object.state, context.generations))) return undefined;
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
