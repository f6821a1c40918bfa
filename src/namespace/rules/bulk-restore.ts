import type { ObjectName } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import { parseGlob } from './glob.ts';

/** Which soft-deleted versions are restored, and how. Kept in the operation as it is. */
export interface BulkRestoreRequest {
  /** One of them must match the name. Absent or empty: every name. */
  readonly matchGlobs?: readonly string[];
  /** Without it names that have a live version are left alone. */
  readonly allowOverwrite: boolean;
  readonly copySourceAcl: boolean;
  /** Exclusive, as all of these. */
  readonly softDeletedAfterMs?: number;
  readonly softDeletedBeforeMs?: number;
  readonly createdAfterMs?: number;
  readonly createdBeforeMs?: number;
}

/** Whether a version is asked for; `invalidArgument` at once when a pattern is none. */
export function bulkRestoreFilter(request: BulkRestoreRequest): (name: ObjectName, state: ObjectState) => boolean {
  const globs = (request.matchGlobs ?? []).map(parseGlob);
  const isMatch = (name: ObjectName) => globs.length === 0 || globs.some((glob) => glob.matches(name));
  const { softDeletedAfterMs, softDeletedBeforeMs, createdAfterMs, createdBeforeMs } = request;
  return (name, { timeCreatedMs, softDeleteTimeMs = 0 }) =>
    isBetween(softDeleteTimeMs, softDeletedAfterMs, softDeletedBeforeMs) &&
    isBetween(timeCreatedMs, createdAfterMs, createdBeforeMs) &&
    isMatch(name);
}

function isBetween(timeMs: number, afterMs = Number.NEGATIVE_INFINITY, beforeMs = Number.POSITIVE_INFINITY): boolean {
  return afterMs < timeMs && timeMs < beforeMs;
}
