/** Range (RFC 9110 §14) of downloads and Content-Range of resumable uploads, as GCS reads them. */
import { StraitError } from '../../model/errors.ts';
import type { ByteRange } from '../../model/object.ts';

export type ResolvedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'unsatisfiable' };

/**
 * What a Range header asks of an object of `size` bytes. Inverted, malformed and multiple ranges are ignored, a range
 * that starts at or past the end cannot be satisfied, an end or suffix that is too long is cut.
 */
export function resolveRange(header: string | undefined, size: number): ResolvedRange {
  const match = header === undefined ? null : /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header);
  if (match === null) return { kind: 'whole' };
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return { kind: 'whole' };
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', range: { start: size - length, end: size } };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  if (start >= size) return { kind: 'unsatisfiable' };
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  return { kind: 'part', range: { start, end } };
}

/** Content-Range of one request of a resumable upload. */
export type UploadRange =
  // bytes */total: no bytes, a question or the end of the upload.
  | { readonly kind: 'status'; readonly total?: number }
  // bytes first-last/total; `end` (exclusive) is absent for first-*: the rest of the object.
  | { readonly kind: 'chunk'; readonly first: number; readonly end?: number; readonly total?: number };

const OBJECT_BYTES_MAX = 5 * 1024 ** 4;

export function parseUploadRange(header: string): UploadRange {
  const match = /^\s*bytes\s+(?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)\s*$/i.exec(header);
  if (match === null) throw invalidContentRange(header, 'it must read "bytes first-last/total"');
  const [, firstText, lastText, totalText = '*'] = match;
  const total = totalText === '*' ? undefined : parseOffset(totalText, header);
  if (firstText === undefined) return total === undefined ? { kind: 'status' } : { kind: 'status', total };
  const first = parseOffset(firstText, header);
  const end = lastText === undefined || lastText === '*' ? undefined : parseOffset(lastText, header) + 1;
  if (end !== undefined && end <= first) throw invalidContentRange(header, 'its last byte is before its first');
  if (total !== undefined && (end ?? first) > total) throw invalidContentRange(header, 'it ends beyond its total');
  return { kind: 'chunk', first, ...(end === undefined ? {} : { end }), ...(total === undefined ? {} : { total }) };
}

function parseOffset(digits: string, header: string): number {
  const value = Number(digits);
  if (value > OBJECT_BYTES_MAX) throw invalidContentRange(header, 'objects have 5 TiB at most');
  return value;
}

function invalidContentRange(header: string, why: string): StraitError<'invalidArgument'> {
  const message = `Failed to parse Content-Range header "${header.slice(0, 100)}": ${why}.`;
  return new StraitError('invalidArgument', message, { field: 'Content-Range' });
}
