/** Blob references change in the transaction that changes the row holding them (design §4.2). */
import type { ObjectFaces } from '../../model/faces.ts';
import type { BlobId } from '../../model/ids.ts';
import type { Content, ObjectState } from '../../model/object.ts';
import type { Check, Write } from '../../stores/metadata/port.ts';
import { encodeUnreferenced } from './blob-rows.ts';
import { PRESENT } from './codec.ts';
import { blobRefKey, type Holder, unreferencedKey } from './keys.ts';

/** Every blob any face of a row reaches. */
export function blobsOf(faces: ObjectFaces | undefined): ReadonlySet<BlobId> {
  const blobs = new Set<BlobId>();
  const add = (state: ObjectState | undefined) => {
    for (const id of blobsOfContent(state?.content)) blobs.add(id);
  };
  add(faces?.published);
  if (faces?.applied.kind === 'state') add(faces.applied.state);
  return blobs;
}

/** A page of segments stands for the blobs on it, which it refers to itself. */
export function blobsOfContent(content: Content | undefined): ReadonlySet<BlobId> {
  if (content === undefined || content.kind === 'remote') return new Set();
  return content.kind === 'paged' ? new Set([content.pageId]) : new Set(content.segments.map(({ blobId }) => blobId));
}

/**
 * The writes that keep `blobRef/` true when a holder's blobs change. A dropped reference leaves an `unreferenced/` row:
 * a candidate for reaping, which looks for other references itself.
 */
export function referenceWrites(
  holder: Holder,
  change: { readonly before: ReadonlySet<BlobId>; readonly after: ReadonlySet<BlobId> },
  nowMs: number,
): Write[] {
  return allReferenceWrites([{ holder, ...change }], nowMs);
}

export interface HolderChange {
  readonly holder: Holder;
  readonly before: ReadonlySet<BlobId>;
  readonly after: ReadonlySet<BlobId>;
}

/** The same for all holders that change in one transaction together, since a key may be written once. */
export function allReferenceWrites(changes: readonly HolderChange[], nowMs: number): Write[] {
  const writes: Write[] = [];
  const gained = new Set<BlobId>();
  const lost = new Set<BlobId>();
  for (const { holder, before, after } of changes) {
    for (const id of after) {
      if (before.has(id)) continue;
      writes.push({ kind: 'put', key: blobRefKey(id, holder), value: PRESENT });
      gained.add(id);
    }
    for (const id of before) {
      if (after.has(id)) continue;
      writes.push({ kind: 'delete', key: blobRefKey(id, holder) });
      lost.add(id);
    }
  }
  // What one holder drops and another takes in the same transaction is referenced: no need to look at it.
  for (const id of lost.difference(gained)) writes.push(unreferencedWrite(id, nowMs));
  return writes;
}

export function unreferencedWrite(id: BlobId, sinceMs: number): Write {
  return { kind: 'put', key: unreferencedKey(id), value: encodeUnreferenced({ t: sinceMs }) };
}

/** Row version check, or absence: what every read-decide-commit of one row ends with. */
export function unchanged(key: Uint8Array, row: { readonly version: bigint } | undefined): Check {
  return row === undefined ? { kind: 'absent', key } : { kind: 'version', key, version: row.version };
}
