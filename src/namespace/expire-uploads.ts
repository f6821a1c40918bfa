import type { Bucket } from '../model/bucket.ts';
import { isStraitError } from '../model/errors.ts';
import type { BucketName } from '../model/ids.ts';
import type { Row } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { decodeBucket } from './rows/bucket-row.ts';
import { allTransfers, allUploads, bucketKey, stagingKey, uploadKey } from './rows/keys.ts';
import { unchanged } from './rows/references.ts';
import { decodeTransfer } from './rows/sync-rows.ts';
import { decodeStagingOwner, decodeUpload, type UploadRow } from './rows/upload-row.ts';
import { isUploadAborted, type ReadyRules, readyRules } from './rules/lifecycle-action.ts';
import { scanPages } from './scan-pages.ts';
import { dropStaging, isExpired, untieStaging } from './upload-session.ts';

/** A staging this young may be about to get its row. */
const STAGING_AGE_MS_MIN = 3_600_000;

/**
 * Removes sessions whose time is over, whatever their state, or that lifecycle rules abort, and stagings that belong to
 * nobody.
 */
export async function expireUploadsOnce(deps: NamespaceDeps, signal: AbortSignal): Promise<ExpireCounts> {
  const counts = { sessions: 0, stagings: 0 };
  for await (const rows of scanPages(deps.metadata, allUploads(), signal)) {
    const isAborted = await abortedByRules(deps, rows);
    for (const row of rows) if (await expireSession(deps, row, isAborted)) counts.sessions += 1;
  }
  const transferring = await stagingsOfTransfers(deps, signal);
  for await (const { stagingId, createdMs } of deps.blobs.listStaging()) {
    if (signal.aborted) break;
    if (deps.clock.nowMs() - createdMs < STAGING_AGE_MS_MIN || transferring.has(stagingId)) continue;
    if (await hasSession(deps, stagingKey(stagingId))) continue;
    await deps.blobs.discard(stagingId);
    counts.stagings += 1;
  }
  return counts;
}

export interface ExpireCounts {
  readonly sessions: number;
  readonly stagings: number;
}

/** Whether the rules of a session's bucket end it. A rewrite is no upload. */
async function abortedByRules(deps: NamespaceDeps, rows: readonly Row[]): Promise<(upload: UploadRow) => boolean> {
  const names = [...new Set(rows.map(({ value }) => decodeUpload(value).bucket))];
  const buckets = new Map<BucketName, { readonly bucket: Bucket; readonly rules: ReadyRules }>();
  for (const row of await deps.metadata.get(names.map(bucketKey))) {
    const bucket = row && decodeBucket(row.value);
    if (bucket === undefined || bucket.owner !== deps.settings.site) continue;
    if (bucket.settings['lifecycle'] === undefined) continue;
    try {
      buckets.set(bucket.name, { bucket, rules: readyRules(bucket) });
    } catch (error) {
      // Rules that cannot be read abort nothing; that they wait is told where they are to work.
      if (!isStraitError(error)) throw error;
    }
  }
  const nowMs = deps.clock.nowMs();
  return (upload) => {
    const found = buckets.get(upload.bucket);
    if (found === undefined || found.bucket.id !== upload.bucketId) return false;
    if (upload.status.kind !== 'open' || upload.rewrite !== undefined) return false;
    return isUploadAborted(found.rules, upload, nowMs);
  };
}

async function expireSession(
  deps: NamespaceDeps,
  row: Row,
  isAborted: (upload: UploadRow) => boolean,
): Promise<boolean> {
  const upload = decodeUpload(row.value);
  if (!isExpired(deps, upload) && !isAborted(upload)) return false;
  const outcome = await deps.metadata.commit({
    checks: [unchanged(row.key, row)],
    writes: [{ kind: 'delete', key: row.key }, ...untieStaging(upload)],
  });
  if (outcome.kind === 'conflict') return false;
  await dropStaging(deps, upload);
  return true;
}

async function hasSession(deps: NamespaceDeps, key: Uint8Array): Promise<boolean> {
  const [owner] = await deps.metadata.get([key]);
  if (owner === undefined) return false;
  const [session] = await deps.metadata.get([uploadKey(decodeStagingOwner(owner.value))]);
  return session !== undefined;
}

/** Stagings that sync fills: as many as transfers run, or were cut off. */
export async function stagingsOfTransfers(deps: NamespaceDeps, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const stagings = new Set<string>();
  for await (const rows of scanPages(deps.metadata, allTransfers(), signal)) {
    for (const row of rows) stagings.add(decodeTransfer(row.value).stagingId);
  }
  return stagings;
}
