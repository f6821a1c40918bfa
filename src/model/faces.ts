import type { ObjectState } from './object.ts';

/**
 * One object row seen from both sides (docs/formats/metadata.md). `published` is what readers see; `applied` is what
 * the owner is known to have. In buckets owned here `applied` is always `same`.
 */
export interface ObjectFaces {
  readonly published?: ObjectState;
  readonly applied: AppliedFace;
  /** 16 hex digits: the staged set this row is a member of. When that set is flipped, readers see `applied`. */
  readonly setId?: string;
}

export type AppliedFace =
  | { readonly kind: 'same' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'state'; readonly state: ObjectState };

/** The owner's state as a row knows it. */
export function appliedState(faces: ObjectFaces): ObjectState | undefined {
  if (faces.applied.kind === 'gone') return undefined;
  return faces.applied.kind === 'same' ? faces.published : faces.applied.state;
}

/** What readers see of a row. `isFlipped` says whether the row's set has become visible. */
export function visibleState(faces: ObjectFaces, isFlipped: (setId: string) => boolean): ObjectState | undefined {
  const shown = faces.setId !== undefined && isFlipped(faces.setId) ? appliedState(faces) : faces.published;
  return shown;
}
