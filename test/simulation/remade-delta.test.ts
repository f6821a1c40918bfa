/** A Delta table that is dropped and made anew under its prefix, before the site has let the old one go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableFormats } from '../../src/apps/table-formats.ts';
import { DeltaScenario } from '../support/generate-delta.ts';
import type { GeneratedFile } from '../support/generate-iceberg.ts';
import { BUCKET, createSyncWorld, type SyncWorld } from '../support/sync-world.ts';

function upload(world: SyncWorld, files: readonly GeneratedFile[]): void {
  for (const { name, bytes } of files) {
    if (bytes === undefined) world.remote.delete(BUCKET, name);
    else world.remote.put(BUCKET, name, bytes);
  }
}

async function startOld() {
  const world = createSyncWorld(tableFormats());
  const old = new DeltaScenario({ seed: 1 });
  const files = [
    ...old.append(),
    ...old.append(),
    ...old.checkpoint(),
    ...old.hint(),
    ...old.append(),
    ...old.append(),
  ];
  upload(world, files);
  await world.settle();
  return { world, old, names: files.map(({ name }) => name) };
}

for (const commits of [2, 6]) {
  test(`a table made anew of ${commits} commits takes the place of one of 4 in one step`, () => remake(commits));
}

async function remake(commits: number): Promise<void> {
  const { world, names, old } = await startOld();
  const oldEntries = new Map(names.map((name) => [name, world.remote.peek(BUCKET, name)?.state.generation]));
  for (const name of names) world.remote.delete(BUCKET, name);
  const made = new DeltaScenario({ seed: 2 });
  for (let commit = 0; commit < commits; commit += 1) upload(world, made.append(2));
  await world.until(async () => {
    const seen = await world.published();
    const entries = [...seen].filter(([name]) => name.endsWith('.json'));
    const olds = entries.filter(([name, { generation }]) => oldEntries.get(name) === generation);
    assert.ok(olds.length === 0 || olds.length === entries.length, 'no reader sees entries of both tables');
    assert.ok(olds.length === 0 || olds.length === old.version + 1, 'nor half of the old one');
    return olds.length === 0 && seen.has(made.entry(commits - 1));
  });
  await world.settle();
  await world.until(async () => {
    const cloud = await world.remote.listObjects(BUCKET, {}, new AbortController().signal);
    return (await world.published()).size === cloud.objects.length;
  });
  upload(world, [...made.append(), ...made.checkpoint(), ...made.hint(), ...made.append()]);
  const { buckets } = await world.settle();
  const { state, version } = buckets[0]?.tables[0] ?? {};
  assert.deepEqual([state, version], ['current', String(commits + 1)]);
  await world.close();
}

test('a log that lost its end is no other table: it is held', async () => {
  const { world, old } = await startOld();
  world.remote.delete(BUCKET, old.entry(3));
  const { buckets } = await world.until(({ buckets }) => buckets[0]?.tables[0]?.state === 'held');
  assert.match(buckets[0]?.tables[0]?.reason ?? '', /ends before version 3/);
  assert.ok((await world.published()).has(old.entry(3)));
  await world.close();
});
