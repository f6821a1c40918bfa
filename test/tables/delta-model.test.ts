/** The Delta walk against a model: random histories, every checkpoint form, every pair of versions. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DeltaFormat } from '../../src/tables/delta/delta-format.ts';
import type { TableLocation } from '../../src/tables/port.ts';
import { figureFor } from '../support/full-figures.ts';
import { DeltaScenario } from '../support/generate-delta.ts';
import { MemoryTableFiles } from '../support/memory-table-files.ts';
import { collect, missingOf, walkStep } from '../support/walk-table.ts';

const PREFIX = 'lake/orders/';
const location: TableLocation = { bucket: 'b', prefix: PREFIX, format: 'delta' };

function setUp(keysMax: number) {
  const files = new MemoryTableFiles();
  const table = new DeltaScenario({ prefix: PREFIX });
  const format = new DeltaFormat({ keysMax, cacheEntriesMax: 1000 });
  return { files, table, format, walk: { format, location, files } };
}

const FORMS = ['classic', 'multiPart', 'v2Json', 'v2Parquet', 'v2Classic'] as const;
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('optimise' as const), count: fc.integer({ min: 2, max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('overwrite' as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const), form: fc.constantFrom(...FORMS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('vacuum' as const, 'restore' as const) }) },
);

test('from any version to any later one: the model of the live set, whatever the memory', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 14 }), fc.constantFrom(1, 3, 1000), async (actions, keysMax) => {
      const { files, table, format, walk } = setUp(keysMax);
      files.apply(table.append());
      const liveAt: ReadonlySet<string>[] = [table.live];
      for (const each of actions) {
        if (each.kind === 'checkpoint') files.apply(table.checkpoint(each.form));
        else if (each.kind === 'vacuum') files.apply(table.vacuum());
        else if (each.kind === 'restore') {
          const kept = [...(liveAt.at(-2) ?? [])].filter((name) => files.has(name));
          files.apply(table.restore(kept.map((name) => name.slice(PREFIX.length))));
        } else if ('count' in each) files.apply(table[each.kind](each.count));
        liveAt[table.version] = table.live;
      }
      const { versions } = await format.look(location, files, undefined);
      assert.equal(versions.length, liveAt.length);
      for (const [index, to] of versions.entries()) {
        const data = (await collect(format.live(location, files, to.cursor))).filter(({ name }) => /part-/.test(name));
        assert.deepEqual(new Set(data.map(({ name }) => name)), liveAt[index]);
        for (const [before, from] of [undefined, ...versions.slice(0, index)].entries()) {
          const known = before === 0 ? new Set<string>() : (liveAt[before - 1] ?? new Set());
          const step = await walkStep(walk, from?.cursor, to);
          const brought = new Set(step.closure.map(({ name }) => name));
          for (const name of brought) assert.ok(liveAt[index]?.has(name), `${name} is dead`);
          for (const name of liveAt[index] ?? []) assert.ok(brought.has(name) || known.has(name), `${name} is lacking`);
        }
      }
      const newest = versions.at(-1);
      assert.ok(newest);
      assert.deepEqual(await missingOf(files, await walkStep(walk, undefined, newest)), []);
    }),
    { numRuns: figureFor({ quick: 20, full: 500 }) },
  );
});
