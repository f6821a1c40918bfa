import type { NamedObject, ObjectState } from '../../../model/object.ts';
import type { ReplyHeaders } from '../../shared/http-message.ts';
import type { GenerationCodec } from '../protocol/generation-codec.ts';
import { etagOf, renderCrc32c, renderMd5 } from './render-object.ts';

/**
 * Headers of a download. A missing content type is served as `application/octet-stream`; what everyone may read, and
 * says nothing of caching, may be kept for an hour.
 */
export function mediaHeaders(object: NamedObject, generations: GenerationCodec): Record<string, string | number> {
  const { state } = object;
  const md5 = state.md5 === undefined ? '' : `,md5=${renderMd5(state.md5)}`;
  const headers: Record<string, string | number> = {
    'Content-Type': headerText(state.contentType ?? 'application/octet-stream'),
    'Accept-Ranges': 'bytes',
    'Cache-Control': headerText(
      state.cacheControl ?? (object.isPublic ? 'public, max-age=3600' : 'private, max-age=0'),
    ),
    ETag: headerText(etagOf(state, generations)),
    'Last-Modified': new Date(state.updatedMs).toUTCString(),
    'X-Goog-Generation': generations.toWire(state.generation).toString(),
    'X-Goog-Metageneration': state.metageneration.toString(),
    'X-Goog-Hash': `crc32c=${renderCrc32c(state.crc32c)}${md5}`,
    'X-Goog-Storage-Class': headerText(state.storageClass ?? 'STANDARD'),
    'X-Goog-Stored-Content-Encoding': headerText(state.contentEncoding ?? 'identity'),
    'X-Goog-Stored-Content-Length': state.size,
  };
  if (state.encryption?.kind === 'customer') {
    headers['X-Goog-Encryption-Algorithm'] = 'AES256';
    headers['X-Goog-Encryption-Key-Sha256'] = state.encryption.keySha256;
  }
  if (state.contentEncoding !== undefined) headers['Content-Encoding'] = headerText(state.contentEncoding);
  if (state.contentDisposition !== undefined) headers['Content-Disposition'] = headerText(state.contentDisposition);
  if (state.contentLanguage !== undefined) headers['Content-Language'] = headerText(state.contentLanguage);
  if (state.componentCount !== undefined) headers['X-Goog-Component-Count'] = state.componentCount;
  return { ...headers, ...customHeaders(state.metadata) };
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** `x-goog-meta-*`; keys that cannot be header names are told by the resource only. */
function customHeaders(metadata: ObjectState['metadata']): ReplyHeaders {
  const headers: Record<string, string> = {};
  for (const [key, value] of Object.entries(metadata ?? {})) {
    if (TOKEN.test(key)) headers[`x-goog-meta-${key}`] = headerText(value);
  }
  return headers;
}

/** As UTF-8 bytes, which `node:http` writes when given them as Latin-1; control characters cannot be in a header. */
function headerText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are the ones to take out.
  const clean = text.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, ' ');
  return Buffer.from(clean, 'utf8').toString('latin1');
}
