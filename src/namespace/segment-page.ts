import { type BlobId, blobId } from '../model/ids.ts';
import type { Content, Segment } from '../model/object.ts';
import { randomHex } from '../runtime/random.ts';
import type { Check, Write } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { liveBlobs } from './object-access.ts';
import { encodeBlob, encodeSegments } from './rows/blob-rows.ts';
import { PRESENT } from './rows/codec.ts';
import { blobKey, blobRefKey, segmentsKey } from './rows/keys.ts';
import { unreferencedWrite } from './rows/references.ts';

/** Blobs whose references one transaction writes: well below the port's limits. */
export const PAGE_BLOBS_PER_COMMIT = 400;
/** A new page is not looked at by reaping before its object must have been committed. */
const PAGE_UNCLAIMED_MS = 10 * 60 * 1_000;

/**
 * Writes a page of segments, which is a blob of its own: it holds references to the blobs on it, and object rows hold
 * references to it. Until one does, the page is a candidate for reaping. Undefined when a blob on it is gone already.
 */
export async function writeSegmentPage(
  deps: NamespaceDeps,
  segments: readonly Segment[],
): Promise<Extract<Content, { kind: 'paged' }> | undefined> {
  const pageId = blobId(randomHex(deps.random, 16));
  const blobs = [...new Set(segments.map((segment) => segment.blobId))];
  const size = segments.reduce((sum, segment) => sum + segment.length, 0);
  let page: readonly Write[] = [
    { kind: 'put', key: segmentsKey(pageId), value: encodeSegments(segments) },
    { kind: 'put', key: blobKey(pageId), value: encodeBlob({ size, place: 'page' }) },
    unreferencedWrite(pageId, deps.clock.nowMs() + PAGE_UNCLAIMED_MS),
  ];
  for (let start = 0; start < blobs.length; start += PAGE_BLOBS_PER_COMMIT) {
    const batch = blobs.slice(start, start + PAGE_BLOBS_PER_COMMIT);
    if (!(await addReferences(deps, pageId, batch, page))) return undefined;
    page = [];
  }
  return { kind: 'paged', pageId, segmentCount: segments.length };
}

/** False when a blob was reaped before the page could hold it. */
async function addReferences(
  deps: NamespaceDeps,
  pageId: BlobId,
  blobs: readonly BlobId[],
  page: readonly Write[],
): Promise<boolean> {
  const checks: readonly Check[] | undefined = await liveBlobs(deps.metadata, new Set(blobs));
  if (checks === undefined) return false;
  const references = blobs.map(
    (id): Write => ({ kind: 'put', key: blobRefKey(id, { kind: 'page', pageId }), value: PRESENT }),
  );
  const outcome = await deps.metadata.commit({ checks, writes: [...page, ...references] });
  return outcome.kind === 'committed';
}
