/** objects.insert in one request: `media` and `multipart`. The bytes stream through; nothing is held. */
import { StraitError } from '../../../model/errors.ts';
import type { InsertTarget } from '../../../namespace/insert-object.ts';
import type { HttpReply, HttpRequest } from '../../shared/http-message.ts';
import { type MultipartPart, parseBoundary, readParts } from '../../shared/multipart.ts';
import { collect, unpackedBody } from '../../shared/request-body.ts';
import type { Params } from '../../shared/router.ts';
import type { GcsJsonContext } from '../api/context.ts';
import {
  changingPreconditions,
  projectionParam,
  refuseCustomerKeys,
  requiredParameter,
  textParam,
} from '../api/decode-params.ts';
import { OBJECT_NAMES, parseResource, type Resource } from '../api/resources.ts';
import { answerForm, renderJson } from '../protocol/render-json.ts';
import { decodeInsert, withEncodingParam } from '../uploads/decode-insert.ts';
import { continueUpload, startResumableUpload } from '../uploads/resumable-upload.ts';
import { JSON_BODY_BYTES_MAX } from './change-object.ts';
import { decodeHashHeader, decodeMd5 } from './decode-object.ts';
import { renderObject } from './render-object.ts';

/** POST on an upload path: which protocol is told by `uploadType`, or by the headers of the newer protocol. */
export async function insertObject(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const { query } = request.target;
  if (query.has('upload_id')) return await continueUpload(context, request);
  refuseCustomerKeys(request);
  const protocol = query.get('upload_protocol') ?? request.headers['x-goog-upload-protocol'];
  const type = textParam(query, 'uploadType') ?? (protocol === 'raw' ? 'media' : protocol);
  switch (type) {
    case 'media':
      return await insertMedia(context, request, params);
    case 'multipart':
      return await insertMultipart(context, request, params);
    case 'resumable':
      return await startResumableUpload(context, request, params);
    case undefined:
      throw requiredParameter('uploadType');
    default:
      throw new StraitError('invalidArgument', `Invalid upload type: ${type.slice(0, 100)}`, { field: 'uploadType' });
  }
}

async function insertMedia(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const { headers, target } = request;
  const form = answerForm(request, OBJECT_NAMES);
  const projection = projectionParam(target.query, 'noAcl');
  const name = textParam(target.query, 'name');
  if (name === undefined) throw requiredParameter('name');
  const { 'content-type': contentType, 'content-md5': contentMd5, 'content-length': length } = headers;
  const isPacked = headers['content-encoding'] !== undefined;
  const insert: InsertTarget = {
    bucket: params['bucket'] ?? '',
    name,
    attributes: withEncodingParam(request, contentType === undefined ? {} : { contentType }),
    preconditions: changingPreconditions(request, context.generations),
    expected: {
      ...decodeHashHeader(headers['x-goog-hash']),
      ...(contentMd5 === undefined ? {} : { md5: decodeMd5(contentMd5, 'Content-MD5') }),
      ...(length === undefined || isPacked ? {} : { size: Number(length) }),
    },
  };
  request.trace.object = name;
  const object = await context.namespace.insertObject({ target: insert, body: unpackedBody(request) });
  const { generations } = context;
  return renderJson(renderObject(object, { origin: request.origin, generations, projection }), form);
}

async function insertMultipart(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const form = answerForm(request, OBJECT_NAMES);
  projectionParam(request.target.query, 'noAcl');
  const boundary = parseBoundary(request.headers['content-type'], 'multipart/related');
  const parts = readParts(unpackedBody(request), boundary);
  try {
    const resource = await readResourcePart(await parts.next());
    const media = await parts.next();
    if (media.done === true) throw invalidParts();
    const contentType = media.value.headers['content-type'];
    const insert = decodeInsert(context, request, { params, resource, contentType });
    request.trace.object = insert.name;
    const object = await context.namespace.insertObject({ target: insert, body: lastPart(media.value) });
    const projection = projectionParam(request.target.query, resource['acl'] === undefined ? 'noAcl' : 'full');
    const { generations } = context;
    return renderJson(renderObject(object, { origin: request.origin, generations, projection }), form);
  } finally {
    await parts.return(undefined);
  }
}

async function readResourcePart(part: IteratorResult<MultipartPart, unknown>): Promise<Resource> {
  if (part.done === true) throw invalidParts();
  return parseResource(await collect(part.value.body, JSON_BODY_BYTES_MAX));
}

/** The bytes of the media part. They do not end well when another part follows: the object must not be made. */
async function* lastPart(part: MultipartPart): AsyncGenerator<Uint8Array> {
  const encoding = part.headers['content-transfer-encoding']?.toLowerCase() ?? 'binary';
  if (!['binary', '7bit', '8bit'].includes(encoding)) {
    const message = `Content-Transfer-Encoding "${encoding.slice(0, 100)}" is not supported; send plain bytes.`;
    throw new StraitError('invalidArgument', message, { field: 'Content-Transfer-Encoding' });
  }
  yield* part.body;
  if (!part.isLast()) throw invalidParts();
}

function invalidParts(): StraitError<'invalidArgument'> {
  const message = 'A multipart upload has exactly two parts: the resource as JSON and the media.';
  return new StraitError('invalidArgument', message, { reason: 'parseError' });
}
