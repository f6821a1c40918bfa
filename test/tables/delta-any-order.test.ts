/**
 * Uploads in any order, names listed loosely at any moment, files that are late: a reader of the published names never
 * meets a broken table or an older version, and in the end everything is there. The reader is the demo's own, which
 * shares nothing with the walk under test.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openDelta } from '../../src/apps/demo/formats/delta-snapshot.ts';
import { memorySource } from '../../src/apps/demo/formats/memory-source.ts';
import { type Random, seededRandom } from '../../src/runtime/random.ts';
import { DeltaFormat } from '../../src/tables/delta/delta-format.ts';
import type { TableLocation } from '../../src/tables/port.ts';
import { figureFor } from '../support/full-figures.ts';
import { DeltaScenario } from '../support/generate-delta.ts';
import { MemoryTableFiles } from '../support/memory-table-files.ts';
import { ModelSite } from '../support/model-site.ts';
import { readSample, SAMPLES_MISSING, sampleTables } from '../support/sample-tables.ts';

const PREFIX = 'lake/orders/';
const location: TableLocation = { bucket: 'lake', prefix: PREFIX, format: 'delta' };
const ORDERS = figureFor({ quick: 3, full: 100 });

interface Upload {
  readonly name: string;
  readonly bytes?: Uint8Array;
}

/** What a reader finds at the site now; throws when it is broken. */
async function readSite(site: ModelSite): Promise<number | undefined> {
  const names = [...site.published].map(([name, { bytes }]) => [name.slice(PREFIX.length), bytes] as const);
  const snapshot = await openDelta(memorySource(new Map(names)), `gs://lake/${PREFIX}`);
  if (snapshot === undefined) return undefined;
  for (const file of snapshot.files) {
    const found = site.published.get(PREFIX + file.name);
    assert.ok(found, `version ${snapshot.version} lacks ${file.name}`);
    if (file.size !== undefined) assert.equal(found.stat.size, file.size, file.name);
    if (file.vector?.file !== undefined) assert.ok(site.published.has(PREFIX + file.vector.file), file.vector.file);
  }
  return snapshot.version;
}

async function replay(uploads: readonly Upload[], random: Random): Promise<ModelSite> {
  const source = new MemoryTableFiles();
  const site = new ModelSite(new DeltaFormat(), location, source);
  let seen = -1;
  for (const upload of uploads) {
    source.apply([upload]);
    if (random.unit() < 0.5) continue;
    const published = await site.sync();
    if (random.unit() < 0.3) await site.settle();
    else if (published.length === 0) continue;
    const version = await readSite(site);
    assert.equal(version === undefined ? undefined : String(version), site.cursor?.label);
    assert.ok((version ?? -1) >= seen, `version ${version} after ${seen}`);
    seen = version ?? -1;
  }
  await site.sync();
  assert.deepEqual(await site.settle(), [], 'names that stay hidden for ever');
  for (const name of source.names()) {
    assert.deepEqual(site.published.get(name)?.bytes, source.bytesOf(name), name);
  }
  await readSite(site);
  return site;
}

function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  return items
    .map((item) => ({ item, rank: random.unit() }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ item }) => item);
}

for (const table of sampleTables().filter(({ format }) => format === 'delta')) {
  test(`${table.name}: uploaded in ${ORDERS} orders`, { skip: SAMPLES_MISSING }, async () => {
    const files = await readSample(table.name);
    const uploads = [...files].map(([path, bytes]) => ({ name: PREFIX + path, bytes }));
    for (let seed = 1; seed <= ORDERS; seed += 1) {
      const random = seededRandom(seed);
      const site = await replay(shuffled(uploads, random), random);
      assert.equal(site.cursor?.label, String(table.history?.at(-1)?.version));
    }
  });
}

const FORMS = ['classic', 'multiPart', 'v2Json', 'v2Parquet', 'v2Classic'] as const;

/** A history with clean-ups, vacuums and hints that move back, in the order its writer made it. */
function history(random: Random): readonly Upload[] {
  const table = new DeltaScenario({ prefix: PREFIX, readerFeatures: ['v2Checkpoint'] });
  const uploads: Upload[] = [...table.append(2)];
  for (let step = 0; step < 40; step += 1) {
    const dice = random.unit();
    if (dice < 0.4) uploads.push(...table.append(1 + Math.floor(random.unit() * 3)));
    else if (dice < 0.5) uploads.push(...table.remove());
    else if (dice < 0.6) uploads.push(...table.optimise(3));
    else if (dice < 0.65) uploads.push(...table.overwrite(2));
    else if (dice < 0.85) {
      const form = FORMS[Math.floor(random.unit() * FORMS.length)] ?? 'classic';
      uploads.push(...table.checksum(), ...table.checkpoint(form));
      const hint = random.unit();
      if (hint < 0.6) uploads.push(...table.hint());
      if (random.unit() < 0.3) uploads.push(...table.cleanLog(table.version));
    } else if (dice < 0.95) uploads.push(...table.vacuum(table.version - 1));
  }
  return [...uploads, ...table.append()];
}

test('histories with clean-ups and vacuums, in the order of their writer', async () => {
  for (let seed = 1; seed <= ORDERS * 5; seed += 1) {
    const random = seededRandom(seed);
    await replay(history(random), random).catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
  }
});
