/** objects.insert in one request: `media` and `multipart`. The bytes stream through; nothing is held. */
import { StraitError } from '../../../model/errors.ts';
import type { NamedObject } from '../../../model/object.ts';
import type { InsertTarget } from '../../../namespace/insert-object.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { type MultipartPart, parseBoundary, readParts } from '../../shared/multipart.ts';
import { collect, unpackedBody } from '../../shared/request-body.ts';
import { newObjectAccess } from '../acls/decode-access.ts';
import { shownLists } from '../acls/shown-lists.ts';
import { requiredParameter } from '../api/bad-input.ts';
import { JSON_BODY_BYTES_MAX, type Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { encryptionChoice } from '../api/customer-keys.ts';
import { changingPreconditions } from '../api/preconditions.ts';
import { renderJson } from '../protocol/render-json.ts';
import { decodeInsert, withEncodingParam } from '../uploads/decode-insert.ts';
import { continueUpload, startResumableUpload } from '../uploads/resumable-upload.ts';
import { decodeHashHeader, decodeMd5 } from './decode-object.ts';
import { renderObject } from './render-object.ts';

/** POST on an upload path: which protocol is told by `uploadType`, or by the headers of the newer protocol. */
export async function insertObject(call: Call<'objects.insert'>): Promise<HttpReply> {
  const { request } = call;
  const { query } = request.target;
  if (query.has('upload_id')) return await continueUpload(call);
  const protocol = query.get('upload_protocol') ?? request.headers['x-goog-upload-protocol'];
  const type = call.text('uploadType') ?? (protocol === 'raw' ? 'media' : protocol);
  switch (type) {
    case 'media':
      return await insertMedia(call);
    case 'multipart':
      return await insertMultipart(call);
    case 'resumable':
      return await startResumableUpload(call);
    case undefined:
      throw requiredParameter('uploadType');
    default:
      throw new StraitError('invalidArgument', `Invalid upload type: ${type.slice(0, 100)}`, { field: 'uploadType' });
  }
}

/** The plain path takes no media: GCS answers `wrongUrlForUpload`. With an `uploadType` the meaning is clear. */
export async function insertElsewhere(call: Call<'objects.insert'>): Promise<HttpReply> {
  if (call.text('uploadType') !== undefined) return await insertObject(call);
  const message = `Upload requests must be uploaded to the ${call.request.origin}/upload/storage/v1/* URL.`;
  throw new StraitError('invalidArgument', message, { reason: 'invalid' });
}

async function insertMedia(call: Call<'objects.insert'>): Promise<HttpReply> {
  const { context, request } = call;
  const { headers } = request;
  const name = call.text('name');
  if (name === undefined) throw requiredParameter('name');
  const { 'content-type': contentType, 'content-md5': contentMd5, 'content-length': length } = headers;
  const isPacked = headers['content-encoding'] !== undefined;
  const insert: InsertTarget = {
    bucket: call.required('bucket'),
    name,
    attributes: withEncodingParam(call, contentType === undefined ? {} : { contentType }),
    preconditions: changingPreconditions(call),
    access: newObjectAccess(call, {}, call.text('predefinedAcl')),
    ...encryptionChoice(request, call.text('kmsKeyName')),
    expected: {
      ...decodeHashHeader(headers['x-goog-hash']),
      ...(contentMd5 === undefined ? {} : { md5: decodeMd5(contentMd5, 'Content-MD5') }),
      ...(length === undefined || isPacked ? {} : { size: Number(length) }),
    },
  };
  request.trace.object = name;
  const object = await context.namespace.insertObject({ target: insert, body: unpackedBody(request) });
  return await renderMade(call, object, {});
}

async function insertMultipart(call: Call<'objects.insert'>): Promise<HttpReply> {
  const { context, request } = call;
  const boundary = parseBoundary(request.headers['content-type'], 'multipart/related');
  const parts = readParts(unpackedBody(request), boundary);
  try {
    const resource = await readResourcePart(call, await parts.next());
    const media = await parts.next();
    if (media.done === true) throw invalidParts();
    const contentType = media.value.headers['content-type'];
    const insert = decodeInsert(call, { resource, contentType });
    request.trace.object = insert.name;
    const object = await context.namespace.insertObject({ target: insert, body: lastPart(media.value) });
    return await renderMade(call, object, resource);
  } finally {
    await parts.return(undefined);
  }
}

/** Access lists are told when the request set them, unless it asks otherwise. */
async function renderMade(call: Call<'objects.insert'>, object: NamedObject, resource: Resource): Promise<HttpReply> {
  const lists = await shownLists(call, object.bucket, resource['acl'] === undefined ? 'noAcl' : 'full');
  const { generations } = call.context;
  return renderJson(
    renderObject(object, { origin: call.request.origin, generations, hasKey: true, ...lists }),
    call.form,
  );
}

async function readResourcePart(call: Call, part: IteratorResult<MultipartPart, unknown>): Promise<Resource> {
  if (part.done === true) throw invalidParts();
  return call.resource(await collect(part.value.body, JSON_BODY_BYTES_MAX));
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
