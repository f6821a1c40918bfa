/**
 * `kill -9` of a process that renames a folder and deletes another with all it holds, around every commit: a rename
 * happened whole or not at all, a deletion is gone on with, and the journal has each change once.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { advanceOperationsOnce } from '../../src/namespace/advance-operations.ts';
import { OPERATION_WORKERS } from '../../src/namespace/operation-workers.ts';
import { decodeJournal, type JournalRecord } from '../../src/namespace/rows/journal.ts';
import { bindNamespace } from '../../src/namespace/service.ts';
import type { CrashPoint } from '../../src/runtime/crash-points.ts';
import { openDurableNamespace } from '../support/durable-namespace.ts';
import { figureFor } from '../support/full-figures.ts';
import { streamOf } from '../support/namespace-fixture.ts';
import { recordFigure } from '../support/record-figure.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CHILD = join(import.meta.dirname, '../support/folder-child.ts');
const BUCKET = 'tree';
const SETTINGS = {
  hierarchicalNamespace: { enabled: true },
  iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
};
/** Of a renamed folder. */
const KEPT = ['1', 'sub/2', 'sub/deep/3'];
/** Several batches of what one folder holds. */
const DOOMED = Array.from({ length: 230 }, (_, index) => (index < 210 ? `doomed/sub/${index}` : `doomed/${index}`));
const POINTS: readonly CrashPoint[] = ['metadata.before-commit', 'metadata.after-commit'];

test('renames and recursive deletions of folders killed around every commit', async () => {
  // A whole round takes a commit for the rename, one for each batch and folder, and then one for each rename.
  const counts = figureFor({ quick: [1, 2, 4, 6, 7], full: Array.from({ length: 12 }, (_, index) => index + 1) });
  let kills = 0;
  for (const point of POINTS) {
    for (const count of counts) {
      await using folder = await temporaryFolder('kill-folders');
      await fill(folder.path);
      let renames = 0;
      for (let round = 0; round < 3; round += 1) {
        kills += 1;
        const acknowledged = await runUntilKilled(folder.path, point, count);
        renames = await checkTree(folder.path, renames + acknowledged.length);
      }
      await checkEnd(folder.path);
    }
  }
  recordFigure({ name: 'processes that change folders killed', value: kills });
});

async function fill(path: string): Promise<void> {
  const deps = await openDurableNamespace(path);
  const namespace = bindNamespace(deps);
  const made = { name: BUCKET, project: 'p', location: 'US', storageClass: 'STANDARD', settings: SETTINGS };
  await namespace.insertBucket(made);
  const put = (name: string) =>
    namespace.insertObject({
      target: { bucket: BUCKET, name, attributes: {}, preconditions: {}, expected: {} },
      body: streamOf(name),
    });
  await Promise.all([...KEPT.map((leaf) => `here/${leaf}`), ...DOOMED, 'apart'].map(put));
  await namespace.deleteFolderRecursive({ address: { bucket: BUCKET, name: 'doomed/' }, preconditions: {} });
  await deps.close();
}

/** The names that the folder was given, as far as that was acknowledged. */
async function runUntilKilled(path: string, point: CrashPoint, count: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [CHILD, path, point, `${count}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const tooLong = setTimeout(() => child.kill('SIGTERM'), 60_000);
  const names = await Array.fromAsync(createInterface({ input: child.stdout }));
  clearTimeout(tooLong);
  const [code, signal] = await ended;
  assert.equal(signal, 'SIGKILL', `it died at ${point}: code ${code}, signal ${signal}`);
  return names;
}

/** Answers how many renames there were: those that were acknowledged, and one more at most. */
async function checkTree(path: string, acknowledged: number): Promise<number> {
  const deps = await openDurableNamespace(path);
  const namespace = bindNamespace(deps);
  const { items } = await namespace.listObjects({ bucket: BUCKET, maxResults: 1_000 });
  const names = items.map(({ name }) => name);
  const { scopeId } = await namespace.getBucket({ name: BUCKET, preconditions: {} });
  const records = await journal(deps, scopeId);
  const renames = records.flatMap((record) => (record.op === 'folderRename' ? [record.to] : []));
  assert.ok(renames.length === acknowledged || renames.length === acknowledged + 1, `${renames} of ${acknowledged}`);
  const now = renames.at(-1) ?? 'here/';
  const kept = ['apart', ...KEPT.map((leaf) => `${now}${leaf}`)];
  assert.deepEqual(
    names.filter((name) => !name.startsWith('doomed/')),
    kept,
  );
  for (const name of names) await namespace.getObject({ address: { bucket: BUCKET, name }, preconditions: {} });
  await deps.close();
  return renames.length;
}

async function checkEnd(path: string): Promise<void> {
  const deps = await openDurableNamespace(path);
  const namespace = bindNamespace(deps);
  await advanceOperationsOnce(deps, OPERATION_WORKERS, new AbortController().signal);
  const { operations } = await namespace.listOperations({ bucket: BUCKET, maxResults: 1_000 });
  for (const { outcome } of operations) assert.equal(outcome?.kind, 'response');
  const { items } = await namespace.listObjects({ bucket: BUCKET, prefix: 'doomed/', maxResults: 1_000 });
  assert.deepEqual(items, []);
  const { scopeId } = await namespace.getBucket({ name: BUCKET, preconditions: {} });
  const records = await journal(deps, scopeId);
  const deleted = records.flatMap((record) => (record.op === 'delete' ? [record.name] : []));
  assert.deepEqual(deleted.toSorted(), DOOMED.toSorted(), 'each object was deleted once');
  const folders = records.flatMap((record) => (record.op === 'folderDelete' ? [record.name] : []));
  assert.deepEqual(folders, ['doomed/sub/', 'doomed/']);
  await deps.close();
}

async function journal(
  deps: Awaited<ReturnType<typeof openDurableNamespace>>,
  scopeId: string,
): Promise<readonly JournalRecord[]> {
  const head = await deps.metadata.head(scopeId);
  const records: JournalRecord[] = [];
  const stop = new AbortController();
  for await (const { seq, value } of deps.metadata.tail(scopeId, 0n, stop.signal)) {
    records.push(decodeJournal(value).record);
    if (seq === head) stop.abort();
  }
  return records;
}
