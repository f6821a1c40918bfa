/** Copying a table over itself gives every file a new generation and the same bytes: nothing happened to the table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableFormats } from '../../src/apps/table-formats.ts';
import type { SyncReport } from '../../src/sync/sync.ts';
import { DeltaScenario } from '../support/generate-delta.ts';
import { BUCKET, createSyncWorld } from '../support/sync-world.ts';

test('log entries rewritten with the same bytes are shown under their new generations', async () => {
  const world = createSyncWorld(tableFormats());
  const table = new DeltaScenario();
  const files = [...table.append(), ...table.checksum(), ...table.append(), ...table.checkpoint(), ...table.hint()];
  files.push(...table.append());
  for (const { name, bytes } of files) world.remote.put(BUCKET, name, bytes ?? '');
  await world.settle();
  const before = await world.sync.report();
  for (const { name, bytes } of files) world.remote.put(BUCKET, name, bytes ?? '');
  await world.settle();
  const seen = await world.published();
  for (const { name } of files) {
    assert.equal(seen.get(name)?.generation, world.remote.peek(BUCKET, name)?.state.generation, name);
  }
  const shown = ({ buckets }: SyncReport) => [buckets[0]?.tables[0]?.version, buckets[0]?.tables[0]?.published];
  assert.deepEqual(shown(await world.sync.report()), shown(before), 'no commit is made of it');
  await world.close();
});
