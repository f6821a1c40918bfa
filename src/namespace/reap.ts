import type { BlobId } from '../model/ids.ts';
import type { Row, Write } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { runInParallel } from './in-parallel.ts';
import { decodeBlob, decodeReaped, decodeSegments, decodeUnreferenced, encodeReaped } from './rows/blob-rows.ts';
import {
  allUnreferenced,
  blobIdOf,
  blobKey,
  blobRefKey,
  inlineKey,
  reapedBefore,
  reapedKey,
  reapedOf,
  referencesOf,
  segmentsKey,
} from './rows/keys.ts';
import { unchanged, unreferencedWrite } from './rows/references.ts';
import { scanPages } from './scan-pages.ts';
import { PAGE_BLOBS_PER_COMMIT } from './segment-page.ts';

/**
 * Removes bytes that no row refers to any more, in two steps: a commit that deletes the blob's row and checks that its
 * range of references is empty; and, `reapGraceMs` later, the bytes. A copy checks that the row is there, so that
 * either the copy or the reaping happens. Readers that opened the object before have the grace to end.
 *
 * Every step may be repeated, by several processes at once too. A crash leaves a candidate or a reaped row, which the
 * next pass takes up.
 */
export async function reapOnce(deps: NamespaceDeps, signal: AbortSignal): Promise<ReapCounts> {
  const counts = { blobs: 0, removed: 0 };
  for await (const rows of scanPages(deps.metadata, allUnreferenced(), signal)) {
    await runInParallel(rows, async (row) => {
      if (await reapCandidate(deps, row)) counts.blobs += 1;
    });
  }
  const due = reapedBefore(deps.clock.nowMs() - deps.settings.reapGraceMs);
  for await (const rows of scanPages(deps.metadata, due, signal)) {
    await runInParallel(rows, async (row) => {
      await removeBytes(deps, row);
      counts.removed += 1;
    });
  }
  return counts;
}

export interface ReapCounts {
  /** Blobs whose row went. */
  readonly blobs: number;
  /** Blobs whose bytes went. */
  readonly removed: number;
}

/** True when the blob was reaped. Whatever gets in between leaves the candidate for the next pass. */
async function reapCandidate(deps: NamespaceDeps, candidate: Row): Promise<boolean> {
  const nowMs = deps.clock.nowMs();
  if (decodeUnreferenced(candidate.value).t > nowMs) return false;
  const id = blobIdOf('unreferenced', candidate.key);
  const key = blobKey(id);
  const references = referencesOf(id);
  const [[blob], held] = await Promise.all([deps.metadata.get([key]), deps.metadata.scan(references, { limit: 1 })]);
  // A reference dropped since then has written the candidate anew.
  const seen = unchanged(candidate.key, candidate);
  const forget: Write = { kind: 'delete', key: candidate.key };
  if (blob === undefined || held.length > 0) {
    await deps.metadata.commit({ checks: [seen], writes: [forget] });
    return false;
  }
  const { place } = decodeBlob(blob.value);
  const outcome = await deps.metadata.commit({
    checks: [seen, unchanged(key, blob), { kind: 'rangeEmpty', range: references }],
    writes: [
      { kind: 'delete', key },
      { kind: 'put', key: reapedKey(nowMs, id), value: encodeReaped({ place }) },
      forget,
    ],
  });
  if (outcome.kind === 'conflict') return false;
  deps.crashPoints.reach('reap.after-blob-row-removed');
  return true;
}

async function removeBytes(deps: NamespaceDeps, reaped: Row): Promise<void> {
  const { blobId } = reapedOf(reaped.key);
  const done: Write = { kind: 'delete', key: reaped.key };
  switch (decodeReaped(reaped.value).place) {
    case 'inline':
      await deps.metadata.commit({ checks: [], writes: [{ kind: 'delete', key: inlineKey(blobId) }, done] });
      return;
    case 'store':
      await deps.blobs.remove(blobId);
      deps.crashPoints.reach('reap.after-bytes-removed');
      await deps.metadata.commit({ checks: [], writes: [done] });
      return;
    case 'page':
      await dropPageReferences(deps, blobId);
      await deps.metadata.commit({ checks: [], writes: [{ kind: 'delete', key: segmentsKey(blobId) }, done] });
  }
}

/** What a page held becomes a candidate itself. */
async function dropPageReferences(deps: NamespaceDeps, pageId: BlobId): Promise<void> {
  const [page] = await deps.metadata.get([segmentsKey(pageId)]);
  if (page === undefined) return;
  const blobs = [...new Set(decodeSegments(page.value).map((segment) => segment.blobId))];
  const nowMs = deps.clock.nowMs();
  for (let start = 0; start < blobs.length; start += PAGE_BLOBS_PER_COMMIT) {
    const writes = blobs
      .slice(start, start + PAGE_BLOBS_PER_COMMIT)
      .flatMap((id): Write[] => [
        { kind: 'delete', key: blobRefKey(id, { kind: 'page', pageId }) },
        unreferencedWrite(id, nowMs),
      ]);
    await deps.metadata.commit({ checks: [], writes });
  }
}
