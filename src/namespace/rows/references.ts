/** Blob references change in the transaction that changes the row holding them (design §4.2). */
import type { ObjectFaces } from '../../model/faces.ts';
import type { BlobId } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import type { Check, Write } from '../../stores/metadata/port.ts';
import { encodeRow } from './codec.ts';
import { blobRefKey, type Holder, unreferencedKey } from './keys.ts';

/** Every blob any face of a row reaches. */
export function blobsOf(faces: ObjectFaces | undefined): ReadonlySet<BlobId> {
  const blobs = new Set<BlobId>();
  const add = (state: ObjectState | undefined) => {
    if (state?.content.kind !== 'local') return;
    for (const segment of state.content.segments) blobs.add(segment.blobId);
  };
  add(faces?.published);
  if (faces?.applied.kind === 'state') add(faces.applied.state);
  return blobs;
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
  const writes: Write[] = [];
  for (const id of change.after) {
    if (change.before.has(id)) continue;
    writes.push({ kind: 'put', key: blobRefKey(id, holder), value: encodeRow(0) });
  }
  for (const id of change.before) {
    if (change.after.has(id)) continue;
    writes.push({ kind: 'delete', key: blobRefKey(id, holder) });
    writes.push({ kind: 'put', key: unreferencedKey(id), value: encodeRow({ t: nowMs }) });
  }
  return writes;
}

/** Row version check, or absence: what every read-decide-commit of one row ends with. */
export function unchanged(key: Uint8Array, row: { readonly version: bigint } | undefined): Check {
  return row === undefined ? { kind: 'absent', key } : { kind: 'version', key, version: row.version };
}
