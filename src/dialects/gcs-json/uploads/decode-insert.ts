import type { ObjectAttributes } from '../../../model/object.ts';
import type { InsertTarget } from '../../../namespace/insert-object.ts';
import type { HttpRequest } from '../../shared/http-message.ts';
import type { Params } from '../../shared/router.ts';
import type { GcsJsonContext } from '../api/context.ts';
import { changingPreconditions, requiredParameter, textParam } from '../api/decode-params.ts';
import type { Resource } from '../api/resources.ts';
import { decodeHashHeader, decodeObject } from '../objects/decode-object.ts';

export interface InsertParts {
  readonly params: Params;
  readonly resource: Resource;
  /** What the upload says of the media, in case the resource does not. */
  readonly contentType: string | undefined;
}

/** What to insert, from the resource, the parameters and the headers. A `name` parameter wins over the resource's. */
export function decodeInsert(context: GcsJsonContext, request: HttpRequest, parts: InsertParts): InsertTarget {
  const decoded = decodeObject(parts.resource);
  const name = textParam(request.target.query, 'name') ?? decoded.name;
  if (name === undefined || name === '') throw requiredParameter('name');
  const { attributes, crc32c, md5 } = decoded;
  const contentType = attributes.contentType ?? parts.contentType;
  return {
    bucket: parts.params['bucket'] ?? '',
    name,
    attributes: withEncodingParam(request, { ...attributes, ...(contentType === undefined ? {} : { contentType }) }),
    preconditions: changingPreconditions(request, context.generations),
    expected: {
      ...decodeHashHeader(request.headers['x-goog-hash']),
      ...(crc32c === undefined ? {} : { crc32c }),
      ...(md5 === undefined ? {} : { md5 }),
    },
  };
}

/** The `contentEncoding` parameter sets the property of the object, over the resource's. */
export function withEncodingParam(request: HttpRequest, attributes: ObjectAttributes): ObjectAttributes {
  const contentEncoding = textParam(request.target.query, 'contentEncoding');
  return contentEncoding === undefined ? attributes : { ...attributes, contentEncoding };
}
