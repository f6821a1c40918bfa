import type { Row } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { allTransfers, allUploads, stagingKey, uploadKey } from './rows/keys.ts';
import { unchanged } from './rows/references.ts';
import { decodeTransfer } from './rows/sync-rows.ts';
import { decodeStagingOwner, decodeUpload } from './rows/upload-row.ts';
import { scanPages } from './scan-pages.ts';
import { dropStaging, isExpired, untieStaging } from './upload-session.ts';

/** A staging this young may be about to get its row. */
const STAGING_AGE_MS_MIN = 3_600_000;

/** Removes sessions whose time is over, whatever their state, and stagings that belong to nobody. */
export async function expireUploadsOnce(deps: NamespaceDeps, signal: AbortSignal): Promise<ExpireCounts> {
  const counts = { sessions: 0, stagings: 0 };
  for await (const rows of scanPages(deps.metadata, allUploads(), signal)) {
    for (const row of rows) if (await expireSession(deps, row)) counts.sessions += 1;
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

async function expireSession(deps: NamespaceDeps, row: Row): Promise<boolean> {
  const upload = decodeUpload(row.value);
  if (!isExpired(deps, upload)) return false;
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
