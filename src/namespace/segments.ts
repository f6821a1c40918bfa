import { StraitError } from '../model/errors.ts';
import type { ByteRange, Content, Segment } from '../model/object.ts';
import type { MetadataView } from '../stores/metadata/port.ts';
import { decodeSegments } from './rows/blob-rows.ts';
import { segmentsKey } from './rows/keys.ts';

/** Segments of an object's content: reading, cutting, joining. */

/** All segments, from the row or from its page. At most `PAGE_SEGMENTS_MAX`. */
export async function segmentsOf(
  view: MetadataView,
  content: Exclude<Content, { kind: 'remote' }>,
): Promise<readonly Segment[]> {
  if (content.kind === 'local') return content.segments;
  const [row] = await view.get([segmentsKey(content.pageId)]);
  if (row === undefined) {
    throw new StraitError('corrupt', `segment page ${content.pageId} is missing`, { blob: content.pageId });
  }
  return decodeSegments(row.value);
}

/** The parts of the segments that make up a range of the object, neighbours of one blob joined. */
export function segmentsWithin(segments: readonly Segment[], range: ByteRange): readonly Segment[] {
  const parts: Segment[] = [];
  let start = 0;
  for (const segment of segments) {
    const end = start + segment.length;
    const from = Math.max(range.start, start);
    const to = Math.min(range.end, end);
    if (from < to) parts.push({ ...segment, offset: segment.offset + from - start, length: to - from });
    start = end;
  }
  return joinSegments(parts);
}

/** Joins runs that follow one another in the same blob, and drops empty ones. */
export function joinSegments(segments: readonly Segment[]): readonly Segment[] {
  const joined: Segment[] = [];
  for (const segment of segments) {
    if (segment.length === 0) continue;
    const last = joined.at(-1);
    if (last !== undefined && last.blobId === segment.blobId && last.offset + last.length === segment.offset) {
      joined[joined.length - 1] = { ...last, length: last.length + segment.length };
    } else joined.push(segment);
  }
  return joined;
}
