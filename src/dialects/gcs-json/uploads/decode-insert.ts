import type { ObjectAttributes } from '../../../model/object.ts';
import type { InsertTarget } from '../../../namespace/insert-object.ts';
import { newObjectAccess } from '../acls/decode-access.ts';
import { invalidField, requiredParameter } from '../api/bad-input.ts';
import type { Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { encryptionChoice } from '../api/customer-keys.ts';
import { changingPreconditions } from '../api/preconditions.ts';
import { decodeHashHeader, decodeObject } from '../objects/decode-object.ts';

export interface InsertParts {
  readonly resource: Resource;
  /** What the upload says of the media, in case the resource does not. */
  readonly contentType: string | undefined;
}

/** What to insert, from the resource, the parameters and the headers. A `name` parameter wins over the resource's. */
export function decodeInsert(call: Call<'objects.insert'>, parts: InsertParts): InsertTarget {
  const decoded = decodeObject(parts.resource);
  const name = call.text('name') ?? decoded.name;
  if (name === undefined || name === '') throw requiredParameter('name');
  const { attributes, crc32c, md5 } = decoded;
  const contentType = oneContentType(attributes.contentType, parts.contentType);
  return {
    bucket: call.required('bucket'),
    name,
    attributes: withEncodingParam(call, { ...attributes, ...(contentType === undefined ? {} : { contentType }) }),
    preconditions: changingPreconditions(call),
    access: newObjectAccess(call, parts.resource, call.text('predefinedAcl')),
    ...encryptionChoice(call.request, call.text('kmsKeyName') ?? parts.resource['kmsKeyName']),
    expected: {
      ...decodeHashHeader(call.request.headers['x-goog-hash']),
      ...(crc32c === undefined ? {} : { crc32c }),
      ...(md5 === undefined ? {} : { md5 }),
    },
  };
}

/**
 * The type that the resource or the upload says. GCS takes neither's side when they differ, and says so in these words
 * (googleapis/google-cloud-go issue 306, buildkite/agent pull request 361).
 */
function oneContentType(ofResource: string | undefined, ofUpload: string | undefined): string | undefined {
  if (ofResource !== undefined && ofUpload !== undefined && ofResource !== ofUpload) {
    const found = `(${ofUpload}) does not match Content-Type specified in metadata (${ofResource})`;
    const places = 'the second part of a multipart upload, the X-Upload-Content-Type header of a resumable one';
    throw invalidField('contentType', `Content-Type specified in the upload ${found}. The upload has it in ${places}.`);
  }
  return ofResource ?? ofUpload;
}

/** The `contentEncoding` parameter sets the property of the object, over the resource's. */
export function withEncodingParam(call: Call<'objects.insert'>, attributes: ObjectAttributes): ObjectAttributes {
  const contentEncoding = call.text('contentEncoding');
  return contentEncoding === undefined ? attributes : { ...attributes, contentEncoding };
}
