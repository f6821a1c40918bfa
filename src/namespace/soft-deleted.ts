import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName, Generation, ObjectName } from '../model/ids.ts';
import type { NamespaceDeps } from './deps.ts';
import { objectNotFound, type ReadVersion, readVersion } from './object-access.ts';
import { softDeletedOf, versionPlaceOf } from './rows/keys.ts';

export interface SoftDeletedAddress {
  readonly bucket: BucketName;
  readonly name: ObjectName;
  readonly generation: Generation;
  /** Needed in a hierarchical bucket when several versions have this name and generation. */
  readonly restoreToken?: string;
}

/** As many rows as tell that a token is needed. */
const CANDIDATES_MAX = 1_000;

/** The soft-deleted version an address means; `objectNotFound` when its time is over, cleaned up or not. */
export async function readSoftDeleted(
  deps: NamespaceDeps,
  bucket: Bucket,
  address: SoftDeletedAddress,
): Promise<ReadVersion> {
  const { name, generation, restoreToken } = address;
  const range = softDeletedOf({ bucketId: bucket.id, name, generation });
  const nowMs = deps.clock.nowMs();
  const found = (await deps.metadata.scan(range, { limit: CANDIDATES_MAX }))
    .map((row) => readVersion('softDeleted', versionPlaceOf('softDeleted', row.key), row))
    .filter(({ state }) => restoreToken === undefined || state.restoreToken === restoreToken)
    .filter(({ state }) => isRestorable(state, nowMs));
  const [version, ...others] = found;
  if (version === undefined) throw objectNotFound(address.bucket, name);
  if (others.length > 0) {
    const message = `${found.length} soft-deleted objects have this name and generation: say which by restoreToken.`;
    throw new StraitError('invalidArgument', message, { field: 'restoreToken', reason: 'required' });
  }
  return version;
}

export function isRestorable(state: { readonly hardDeleteTimeMs?: number }, nowMs: number): boolean {
  return state.hardDeleteTimeMs !== undefined && state.hardDeleteTimeMs > nowMs;
}
