import type { Bucket } from '../../model/bucket.ts';
import type { ObjectState } from '../../model/object.ts';
import { hasVersioning, softDeleteRetentionMs } from './bucket-settings.ts';

/** What becomes of a version that is overwritten or deleted, as data. */
export type Fate =
  | { readonly kind: 'noncurrent'; readonly state: ObjectState }
  | { readonly kind: 'softDeleted'; readonly state: ObjectState & { readonly hardDeleteTimeMs: number } }
  | { readonly kind: 'gone' };

export interface FateContext {
  readonly bucket: Bucket;
  readonly nowMs: number;
  /** The request names the generation: it is deleted for good, versioning or not. */
  readonly isForGood: boolean;
}

/**
 * Versioning keeps a live version as a noncurrent one (https://cloud.google.com/storage/docs/object-versioning); what
 * it does not keep, a soft delete policy retains for the duration that holds now, whatever the policy becomes later
 * (https://cloud.google.com/storage/docs/soft-delete).
 */
export function fateOf(state: ObjectState, { bucket, nowMs, isForGood }: FateContext): Fate {
  const isLive = state.timeDeletedMs === undefined;
  if (isLive && !isForGood && hasVersioning(bucket)) {
    return { kind: 'noncurrent', state: { ...state, timeDeletedMs: nowMs } };
  }
  const retentionMs = softDeleteRetentionMs(bucket);
  if (retentionMs === 0) return { kind: 'gone' };
  const times = { softDeleteTimeMs: nowMs, hardDeleteTimeMs: nowMs + retentionMs };
  return { kind: 'softDeleted', state: { ...state, ...times } };
}
