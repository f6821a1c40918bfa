/**
 * Random histories in which the source takes things away, on a clock that only the test moves: whenever what was
 * deleted is noticed, the site ends with the source's names and bytes, and nothing is left to do.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepChanges } from '../../src/apps/demo/replay/plan.ts';
import { tableFormats } from '../../src/apps/table-formats.ts';
import { seededRandom } from '../../src/runtime/random.ts';
import { figureFor } from '../support/full-figures.ts';
import { type GeneratedTable, generatedHistories } from '../support/generated-histories.ts';
import { BUCKET, createSyncWorld, type SyncWorld } from '../support/sync-world.ts';

const seeds = Array.from({ length: figureFor({ quick: 3, full: 40 }) }, (_, index) => index + 1);
const steps = figureFor({ quick: 12, full: 30 });
const CONVERGE_MS = 60_000;

async function replay(world: SyncWorld, { prepared }: GeneratedTable, seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (const step of prepared.plan.steps) {
    for (const change of stepChanges(step)) {
      const name = prepared.prefix + change.name;
      if ('content' in change) world.remote.put(BUCKET, name, change.content);
      else world.remote.delete(BUCKET, name);
      // Two files of one millisecond have no order, which a Hudi timeline of layout 1 needs.
      await world.clock.advance(1 + Math.floor(random.unit() * 20));
    }
    // Now and then the site is far behind.
    if (random.unit() < 0.6) await world.until(() => true);
    if (random.unit() < 0.3) await world.settle().catch(() => {});
  }
}

async function differences(world: SyncWorld): Promise<readonly string[]> {
  const { objects } = await world.remote.listObjects(BUCKET, {}, new AbortController().signal);
  const there = new Map(objects.map(({ name, state }) => [name, state.generation]));
  const here = await world.published();
  return [...new Set([...there.keys(), ...here.keys()])].filter((name) => {
    return there.get(name) !== here.get(name)?.generation;
  });
}

for (const seed of seeds) {
  test(`histories of seed ${seed} end at the site as at the source`, async () => {
    for (const one of await generatedHistories(seed, steps)) {
      const world = createSyncWorld(tableFormats());
      await replay(world, one, seed);
      let left: readonly string[] = [];
      await world
        .until(async ({ caughtUp, buckets }) => {
          left = await differences(world);
          return caughtUp && left.length === 0 && buckets.every(({ retiring }) => retiring === 0);
        }, CONVERGE_MS)
        .catch((error: unknown) => {
          const deeds = `${one.prepared.table.name}: ${one.deeds.join(', ')}`;
          assert.fail(`${deeds}\nleft: ${left.slice(0, 20).join(', ')}\n${error}`);
        });
      await world.close();
    }
  });
}
