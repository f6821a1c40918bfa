/**
 * `kill -9` of a process in the middle of a lifecycle pass, at its crash points and at random instants, over the same
 * stores again and again: in the end every version is what the rules make of it, each change is in the journal once,
 * and what the rules say nothing of is untouched.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NamespaceDeps } from '../../src/namespace/deps.ts';
import { runInParallel } from '../../src/namespace/in-parallel.ts';
import { decodeJournal } from '../../src/namespace/rows/journal.ts';
import { bindNamespace } from '../../src/namespace/service.ts';
import type { CrashPoint } from '../../src/runtime/crash-points.ts';
import { openDurableNamespace } from '../support/durable-namespace.ts';
import { figureFor } from '../support/full-figures.ts';
import { streamOf } from '../support/namespace-fixture.ts';
import { recordFigure } from '../support/record-figure.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CHILD = join(import.meta.dirname, '../support/lifecycle-child.ts');
const BUCKET = 'aging';
const OBJECTS = figureFor({ quick: 1_500, full: 12_000 });
const POINTS: readonly CrashPoint[] = [
  'lifecycle.after-batch',
  'lifecycle.after-progress',
  'metadata.before-commit',
  'metadata.after-commit',
];

/** A third each: to go, to move to another class, to stay. Of the first also a noncurrent version. */
const kindOf = (index: number) => ['tmp', 'warm', 'keep'][index % 3] ?? 'keep';
const nameOf = (index: number) => `${kindOf(index)}/${index}`;
const indexes = Array.from({ length: OBJECTS }, (_, index) => index);

const RULES = [
  { action: { type: 'Delete' }, condition: { matchesPrefix: ['tmp/'], isLive: true } },
  { action: { type: 'Delete' }, condition: { numNewerVersions: 1 } },
  { action: { type: 'SetStorageClass', storageClass: 'NEARLINE' }, condition: { matchesPrefix: ['warm/'] } },
];

async function prepare(folder: string): Promise<void> {
  const deps = await openDurableNamespace(folder);
  const { insertBucket, insertObject, deleteObject, changeBucket } = bindNamespace(deps);
  const settings = { versioning: { enabled: true } };
  await insertBucket({ name: BUCKET, project: 'p', location: 'US', storageClass: 'STANDARD', settings });
  const put = (name: string) =>
    insertObject({
      target: { bucket: BUCKET, name, attributes: {}, preconditions: {}, expected: {} },
      body: streamOf('x'.repeat(name.length)),
    });
  await runInParallel(indexes, async (index) => {
    await put(nameOf(index));
    if (kindOf(index) === 'tmp') await put(nameOf(index));
  });
  await deleteObject({ address: { bucket: BUCKET, name: nameOf(0) }, preconditions: {} });
  await changeBucket({
    name: BUCKET,
    preconditions: {},
    change: ({ storageClass }) => ({ storageClass, settings: { ...settings, lifecycle: { rule: RULES } } }),
  });
  await deps.close();
}

/** True when the process ended by itself: there was nothing left to do. */
async function passUntilKilled(folder: string, kill: readonly string[] | number): Promise<boolean> {
  const args = [CHILD, folder, ...(typeof kill === 'number' ? [] : kill)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  if (typeof kill === 'number') {
    await once(child.stdout, 'data');
    await sleep(kill);
    child.kill('SIGKILL');
  }
  const [code, signal] = await ended;
  assert.ok(code === 0 || signal === 'SIGKILL', `code ${code}, signal ${signal}`);
  return code === 0;
}

async function check(deps: NamespaceDeps): Promise<void> {
  const { listObjects, getBucket } = bindNamespace(deps);
  const found = new Map<string, string>();
  let after: Parameters<typeof listObjects>[0]['after'];
  do {
    const input = { bucket: BUCKET, maxResults: 1_000, versions: 'all' as const };
    const page = await listObjects({ ...input, ...(after === undefined ? {} : { after }) });
    for (const { name, state } of page.items) {
      assert.ok(!found.has(name), `${name} has one version`);
      const change = state.timeDeletedMs === undefined ? state.storageClass : 'noncurrent';
      found.set(name, `${change} ${state.metageneration}`);
    }
    after = page.nextAfter;
  } while (after !== undefined);
  for (const index of indexes) {
    const expected = { tmp: 'noncurrent 1', warm: 'NEARLINE 2', keep: 'STANDARD 1' }[kindOf(index)];
    assert.equal(found.get(nameOf(index)), expected, nameOf(index));
  }
  assert.equal(found.size, OBJECTS);

  const { scopeId } = await getBucket({ name: BUCKET, preconditions: {} });
  const head = await deps.metadata.head(scopeId);
  const stop = new AbortController();
  const told = new Map<string, number>();
  for await (const { seq, value } of deps.metadata.tail(scopeId, 0n, stop.signal)) {
    const { record, generation } = decodeJournal(value);
    if (record.op === 'patch' || record.op === 'delete') {
      const key = `${record.op} ${record.version ?? 'live'} ${record.name} ${generation}`;
      told.set(key, (told.get(key) ?? 0) + 1);
    }
    if (seq === head) stop.abort();
  }
  const third = OBJECTS / 3;
  const count = (start: string) =>
    told
      .keys()
      .filter((key) => key.startsWith(start))
      .toArray().length;
  assert.deepEqual(['patch live', 'delete live', 'delete noncurrent'].map(count), [third, third, third]);
  assert.deepEqual(
    [...told.values()].filter((times) => times !== 1),
    [],
  );
}

test('a lifecycle pass outlives kills at its crash points and at random instants', { timeout: 600_000 }, async () => {
  await using folder = await temporaryFolder('lifecycle-kills');
  await prepare(folder.path);
  const atPoints = [1, 2, 3, 5].flatMap((count) => POINTS.map((point) => [point, `${count}`]));
  let kills = 0;
  let isThrough = false;
  for (const point of figureFor({ quick: atPoints.slice(0, 8), full: atPoints })) {
    for (const kill of [Math.random() * figureFor({ quick: 20, full: 200 }), point]) {
      if (isThrough) continue;
      isThrough = await passUntilKilled(folder.path, kill);
      kills += isThrough ? 0 : 1;
    }
  }
  assert.ok(kills >= 10, `there was enough to do for the kills: ${kills}`);
  // What a killed process was in the midst of is finished by the last.
  assert.equal(await passUntilKilled(folder.path, []), true);
  const deps = await openDurableNamespace(folder.path);
  await check(deps);
  await deps.close();
  recordFigure({ name: 'lifecycle passes killed', value: kills });
});
