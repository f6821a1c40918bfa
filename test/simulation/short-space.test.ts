/** A site whose space is used up goes on serving, and takes nothing more of it for bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectState } from '../../src/model/object.ts';
import { createSyncWorld } from '../support/sync-world.ts';
import { toyFormat } from '../support/toy-format.ts';

for (const fallback of ['keep', 'read-through'] as const) {
  test(`under pressure bytes that are read through are not kept: policy ${fallback}`, async () => {
    // Only the first object is kept: it fills the capacity.
    const rules = [{ bucket: 'lake', prefix: 'first', policy: 'keep' as const }];
    const world = createSyncWorld([toyFormat], {
      policies: { rules, fallback },
      capacityBytes: 5_000,
      readThroughWholeBytesMax: 10_000,
    });
    world.put('first', 'x'.repeat(6_000));
    await world.until(({ alarms }) => alarms.some((alarm) => alarm.startsWith('space is short')));
    const texts = { small: 'y'.repeat(3_000), large: 'z'.repeat(20_000) };
    world.put('small', texts.small);
    world.put('large', texts.large);
    await world.settle();
    const before = (await world.sync.report()).bytesFetched;
    assert.equal(await world.read('small'), texts.small);
    assert.equal(await world.read('large'), texts.large);
    await world.clock.advance(1_000);
    const kinds = await Promise.all(['first', 'small', 'large'].map((name) => contentOf(name)));
    assert.deepEqual(kinds, ['local', 'remote', 'remote']);
    assert.equal((await world.sync.report()).bytesFetched, before);
    await world.close();

    async function contentOf(name: string): Promise<ObjectState['content']['kind'] | undefined> {
      return (await world.published()).get(name)?.content.kind;
    }
  });
}
