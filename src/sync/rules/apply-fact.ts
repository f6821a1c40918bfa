import { appliedState, type ObjectFaces } from '../../model/faces.ts';
import type { ObjectState } from '../../model/object.ts';

/** What the source says of one name: this state, or nothing. */
export type Fact = ObjectState | 'gone';

export type ApplyDecision =
  | { readonly kind: 'nothing' }
  /** No face is left: the row, its backlog entry and its references go. */
  | { readonly kind: 'remove' }
  | {
      readonly kind: 'write';
      readonly faces: ObjectFaces;
      /** Whether the row has work left: something to publish, to retire or to fetch. */
      readonly hasBacklog: boolean;
    };

/**
 * Brings a fact into a row. Applying a fact twice changes nothing. The row is in no staged set: its
 * caller has settled that. The content of a generation already here is kept, so
 * that a metadata change, or a second sighting, never fetches bytes again.
 */
export function decideApply(row: ObjectFaces | undefined, fact: Fact): ApplyDecision {
  const known = row === undefined ? undefined : appliedState(row);
  if (fact === 'gone') {
    if (row === undefined || row.applied.kind === 'gone') return { kind: 'nothing' };
    if (row.published === undefined) return { kind: 'remove' };
    return { kind: 'write', faces: { published: row.published, applied: { kind: 'gone' } }, hasBacklog: true };
  }
  if (known !== undefined && isSameVersion(known, fact)) return { kind: 'nothing' };
  const published = row?.published;
  if (published !== undefined && isSameVersion(published, fact)) {
    return { kind: 'write', faces: { published, applied: { kind: 'same' } }, hasBacklog: false };
  }
  const twin = [known, published].find((state) => state?.generation === fact.generation);
  const state = twin === undefined ? fact : { ...fact, content: twin.content };
  const next: ObjectFaces = { applied: { kind: 'state', state } };
  return { kind: 'write', faces: published === undefined ? next : { ...next, published }, hasBacklog: true };
}

/**
 * A GCS generation's data never changes, its metadata does: the metageneration tells, but for the time that follows
 * from the bucket's retention policy.
 */
export function isSameVersion(left: ObjectState, right: ObjectState): boolean {
  return (
    left.opaque?.['retentionExpirationTime'] === right.opaque?.['retentionExpirationTime'] &&
    left.generation === right.generation &&
    left.metageneration === right.metageneration &&
    left.updatedMs === right.updatedMs &&
    left.etag === right.etag
  );
}
