/**
 * A Hudi timeline that is archived no longer says which files were replaced: readers take every file from before its
 * start for committed. What the cleaner took must be gone before the instants that replaced it are.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableFormats } from '../../src/apps/table-formats.ts';
import { HudiGenerator } from '../support/generate-hudi.ts';
import type { GeneratedFile } from '../support/generate-iceberg.ts';
import { BUCKET, createSyncWorld, type SyncWorld } from '../support/sync-world.ts';

const PREFIX = 'lake/orders/';

function upload(world: SyncWorld, files: readonly GeneratedFile[]): void {
  for (const { name, bytes } of files) {
    if (bytes === undefined) world.remote.delete(BUCKET, name);
    else world.remote.put(BUCKET, name, bytes);
  }
}

for (const layout of [1, 2] as const) {
  test(`replaced files are gone before the commit that replaced them is (timeline layout ${layout})`, async () => {
    const world = createSyncWorld(tableFormats());
    const table = new HudiGenerator({ prefix: PREFIX, layout, type: 'COPY_ON_WRITE' });
    upload(world, [...table.create(), ...table.insert(2)]);
    const replaced = table.liveNames;
    await world.settle();
    upload(world, table.overwrite());
    const replacing = [...(await namesAt(world))].filter((name) => name.includes('replacecommit'));
    upload(world, table.update());
    await world.settle();
    assert.equal(replacing.length, 0);
    // Both are noticed at once.
    upload(world, [...table.clean(), ...table.archive(1)]);
    const isReplaceShown = (names: ReadonlySet<string>) => [...names].some((name) => /replacecommit$/.test(name));
    assert.ok(isReplaceShown(await namesAt(world)));
    await world.until(async () => {
      const names = await namesAt(world);
      const left = replaced.filter((name) => names.has(name));
      assert.ok(isReplaceShown(names) || left.length === 0, `${left[0]} is shown, and nothing says it was replaced`);
      return !isReplaceShown(names);
    });
    const cloud = await world.remote.listObjects(BUCKET, {}, new AbortController().signal);
    await world.until(async () => (await namesAt(world)).size === cloud.objects.length);
    await world.close();
  });
}

async function namesAt(world: SyncWorld): Promise<ReadonlySet<string>> {
  return new Set((await world.published()).keys());
}
