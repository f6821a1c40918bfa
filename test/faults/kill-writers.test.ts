/**
 * `kill -9` of a process that writes, at random instants and at every named crash point on the way of a write, over the
 * same stores again and again: 0 acknowledged writes lost or altered, 0 unacknowledged ones half-visible, every upload
 * session can be gone on with, the journal is whole, and in the end nothing is left that nobody refers to.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { insertBucket } from '../../src/namespace/buckets.ts';
import { expireUploadsOnce } from '../../src/namespace/expire-uploads.ts';
import { listObjects } from '../../src/namespace/list-objects.ts';
import { reapOnce } from '../../src/namespace/reap.ts';
import { segmentsOf } from '../../src/namespace/segments.ts';
import { ORPHAN_GRACE_MS, OrphanSweep } from '../../src/namespace/sweep-orphans.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { CrashPoint } from '../../src/runtime/crash-points.ts';
import { openDurableNamespace } from '../support/durable-namespace.ts';
import { figureFor } from '../support/full-figures.ts';
import { recordFigure } from '../support/record-figure.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { WriteLedger } from '../support/write-ledger.ts';
import { BUCKET, type Line } from '../support/write-workload.ts';

const CHILD = join(import.meta.dirname, '../support/writing-child.ts');

interface Kill {
  readonly seed: number;
  /** Dies there by itself, the `count`-th time. */
  readonly at?: { readonly point: CrashPoint; readonly count: number };
  /** Else it is killed this long after its first line. */
  readonly afterMs?: number;
}

/** Lets writers write until they are killed, and reads what they said into the ledger. */
async function writeUntilKilled(folder: string, kill: Kill, ledger: WriteLedger): Promise<void> {
  const crash = kill.at === undefined ? [] : [kill.at.point, `${kill.at.count}`];
  const args = [CHILD, folder, `${kill.seed}`, ...crash];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let next = await lines.next();
  if (kill.afterMs !== undefined) void sleep(kill.afterMs).then(() => child.kill('SIGKILL'));
  // A crash point that is never reached must not keep the test waiting.
  const tooLong = setTimeout(() => child.kill('SIGTERM'), 60_000);
  for (; !next.done; next = await lines.next()) ledger.read(JSON.parse(next.value) as Line);
  clearTimeout(tooLong);
  const [code, signal] = await ended;
  assert.equal(signal, 'SIGKILL', `it died where it should (${kill.at?.point}): code ${code}, signal ${signal}`);
}

async function newLake(folder: string): Promise<void> {
  const deps = await openDurableNamespace(folder);
  await insertBucket(deps, { name: BUCKET, project: 'p', location: 'US', storageClass: 'STANDARD', settings: {} });
  await deps.close();
}

async function checkAll(folder: string, ledger: WriteLedger): Promise<number> {
  const deps = await openDurableNamespace(folder);
  try {
    return await ledger.check(deps);
  } finally {
    await deps.close();
  }
}

/** Once all graces are over, exactly the blobs that names refer to are left. */
async function checkNothingLeftOver(folder: string): Promise<void> {
  let aheadMs = 0;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
  const deps = await openDurableNamespace(folder, { clock });
  const sweep = new OrphanSweep(deps);
  const { signal } = new AbortController();
  for (let round = 0; round < 3; round += 1) {
    await sweep.sweepOnce(signal);
    aheadMs += 8 * 24 * ORPHAN_GRACE_MS;
    await expireUploadsOnce(deps, signal);
    await sweep.sweepOnce(signal);
    await reapOnce(deps, signal);
    aheadMs += ORPHAN_GRACE_MS;
    await reapOnce(deps, signal);
  }
  const { items } = await listObjects(deps, { bucket: BUCKET, maxResults: 1_000 });
  const referred = new Set<string>();
  for (const { state } of items) {
    if (state.content.kind === 'remote') continue;
    const segments = await segmentsOf(deps.metadata, state.content);
    for (const segment of segments) if (segment.inline !== true) referred.add(segment.blobId);
  }
  assert.deepEqual(new Set(await Array.fromAsync(deps.blobs.listBlobs())), referred);
  assert.deepEqual(await Array.fromAsync(deps.blobs.listStaging()), []);
  await deps.close();
}

const POINTS: readonly CrashPoint[] = [
  'blob.after-data-write',
  'blob.after-data-fsync',
  'blob.after-rename',
  'blob.after-folder-fsync',
  'staging.after-append',
  'staging.after-progress-saved',
  'metadata.before-commit',
  'metadata.after-commit',
  'upload.before-seal',
  'upload.after-seal',
  'upload.after-finish',
  'insert.after-bytes-staged',
  'reap.after-blob-row-removed',
  'reap.after-bytes-removed',
];

test('writers killed at every crash point', async () => {
  await using folder = await temporaryFolder('kill-points');
  await newLake(folder.path);
  const ledger = new WriteLedger();
  const counts = figureFor({ quick: [3], full: [1, 2, 3, 5, 8, 13, 21, 34] });
  let [kills, inHand] = [0, 0];
  for (const count of counts) {
    for (const point of POINTS) {
      kills += 1;
      await writeUntilKilled(folder.path, { seed: kills, at: { point, count } }, ledger);
      inHand += await checkAll(folder.path, ledger);
    }
  }
  await checkNothingLeftOver(folder.path);
  recordFigure({ name: 'writers killed at crash points', value: kills });
  recordFigure({ name: 'writes acknowledged before kills at crash points', value: ledger.acknowledged });
  recordFigure({ name: 'writes in hand at kills at crash points', value: inHand });
});

test('writers killed at random instants', async () => {
  await using folder = await temporaryFolder('kill-instants');
  await newLake(folder.path);
  const ledger = new WriteLedger();
  const kills = figureFor({ quick: 25, full: 500 });
  let inHand = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    await writeUntilKilled(folder.path, { seed: 1_000 + kill, afterMs: Math.random() * 400 }, ledger);
    inHand += await checkAll(folder.path, ledger);
  }
  await checkNothingLeftOver(folder.path);
  recordFigure({ name: 'writers killed at random instants', value: kills });
  recordFigure({ name: 'writes acknowledged before kills at random instants', value: ledger.acknowledged });
  recordFigure({ name: 'writes in hand at kills at random instants', value: inHand });
});
