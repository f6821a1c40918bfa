/**
 * Real tables through sync, on a clock that only the test moves: each sample is replayed commit by commit at a cloud in
 * memory; each commit must be published by itself, whole to a reader that shares no code with sync, and in the end the
 * site must have every name in the cloud's bytes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTable, snapshotControl, snapshotFiles } from '../../src/apps/demo/formats/snapshot.ts';
import { MissingFileError } from '../../src/apps/demo/formats/source.ts';
import type { PlannedUpload } from '../../src/apps/demo/replay/plan.ts';
import { planReplay } from '../../src/apps/demo/replay/plan-table.ts';
import { tableFormats } from '../../src/apps/table-formats.ts';
import { seededRandom } from '../../src/runtime/random.ts';
import {
  readSample,
  SAMPLES_MISSING,
  type SampleTable,
  sampleAliases,
  sampleTable,
  sampleTables,
} from '../support/sample-tables.ts';
import { BUCKET, createSyncWorld, type SyncWorld } from '../support/sync-world.ts';

const PREFIX = 'lake/table/';

async function startWorld(sample: SampleTable): Promise<SyncWorld> {
  const aliases = sampleAliases(sample);
  return createSyncWorld(tableFormats(), { pathAliases: [{ bucket: BUCKET, prefix: PREFIX, aliases }] });
}

async function assertEqual(world: SyncWorld): Promise<void> {
  const seen = await world.published();
  const page = await world.remote.listObjects(BUCKET, {}, new AbortController().signal);
  for (const { name, state } of page.objects) {
    const here = seen.get(name);
    assert.ok(here !== undefined, `${name} is missing`);
    assert.equal(here.generation, state.generation, name);
    const bytes = await world.content(name, here);
    assert.deepEqual(bytes, Buffer.from(world.remote.peek(BUCKET, name)?.bytes ?? []), name);
  }
  assert.equal(seen.size, page.objects.length);
}

/** What a reader of the newest version that is shown would open is there. */
async function checkReader(world: SyncWorld, sample: SampleTable): Promise<void> {
  const { format } = sample;
  if (format === 'plain') return;
  const seen = await world.published();
  const source = {
    list: async (prefix: string) =>
      [...seen.keys()].filter((name) => name.startsWith(PREFIX + prefix)).map((name) => name.slice(PREFIX.length)),
    async read(name: string) {
      const state = seen.get(PREFIX + name);
      if (state === undefined) throw new MissingFileError(name);
      return world.content(PREFIX + name, state);
    },
  };
  const options = { format, root: `gs://${BUCKET}/${PREFIX}`, pathAliases: sampleAliases(sample) };
  const snapshot = await openTable(source, options);
  if (snapshot === undefined) return;
  for (const name of snapshotControl(snapshot)) assert.ok(seen.has(PREFIX + name), `a reader misses ${name}`);
  for (const { name } of snapshotFiles(snapshot)) assert.ok(seen.has(PREFIX + name), `a reader misses ${name}`);
}

for (const { name } of sampleTables()) {
  test(`${name}: every commit is published by itself`, { skip: SAMPLES_MISSING }, async () => {
    const sample = sampleTable(name);
    const world = await startWorld(sample);
    const random = seededRandom(5);
    const plan = await planReplay(name, await readSample(name), {
      root: `gs://${BUCKET}/${PREFIX}`,
      pathAliases: sampleAliases(sample),
      orphansPerStep: 1,
    });
    const upload = async ({ name: leaf, content }: PlannedUpload) => {
      world.remote.put(BUCKET, PREFIX + leaf, content);
      if (random.unit() < 0.1) await world.clock.advance(Math.floor(random.unit() * 400));
    };
    for (const one of plan.before) await upload(one);
    for (const [index, step] of plan.steps.entries()) {
      for (const one of step.uploads) await upload(one);
      if (plan.format === 'directory') continue;
      await world.until((report) => report.buckets[0]?.tables[0]?.published === index + 1, 20_000);
      await checkReader(world, sample);
    }
    for (const one of plan.after) await upload(one);
    await world.settle();
    await assertEqual(world);
    await world.close();
  });
}
