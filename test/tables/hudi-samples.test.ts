/**
 * The seven real Hudi tables, as they stand at the end: every version is found, every file has a place, and a file that
 * is left out is noticed. `lake-replay.test.ts` uploads the same tables bit by bit.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { HudiFormat } from '../../src/tables/hudi/hudi-format.ts';
import type { TableLocation } from '../../src/tables/port.ts';
import { MemoryTableFiles } from '../support/memory-table-files.ts';
import { readSample, SAMPLES_MISSING, sampleTables } from '../support/sample-tables.ts';
import {
  collect,
  missingOf,
  type TableWalk,
  type WalkedStep,
  walkAll,
  walkNewest,
  walkStep,
} from '../support/walk-table.ts';

const PREFIX = 'warehouse/t/';
const PROPERTIES = `${PREFIX}.hoodie/hoodie.properties`;
const location: TableLocation = { bucket: 'lake', prefix: PREFIX, format: 'hudi' };
const STEPS: Readonly<Record<string, number>> = {
  'hudi-cow-v6-overwritetable': 3,
  'hudi-cow-v8-complexkey-hive': 2,
  'hudi-cow-v9-txns-simple-meta': 14,
  'hudi-mor-v6-rollback': 3,
  'hudi-mor-v6-trips-8i3d': 2,
  'hudi-mor-v8-trips-8i3u1d': 8,
  'hudi-mor-v9-txns-nonpart': 12,
};
/** Files whose absence no metadata tells: nothing names them, or readers do without. */
const UNNOTICED: readonly (readonly [RegExp, string])[] = [
  [/\.(requested|inflight)$/, 'a completed instant is whole without them'],
  [/\.log\.1_0-0-0$/, 'starts a file group of the metadata table: in no write stat'],
  [/\/timeline\/0000\d+_\d+\.deltacommit$/, 'a build: settings that name its partition are held back'],
  [
    /\/metadata\/\.hoodie\/timeline\/[^/]*\.commit$/,
    'a compaction of the metadata table: readers merge its logs instead',
  ],
  [/\/\.index_defs\/index\.json$/, 'settings: shown when they are there'],
];

interface SampleWalk extends TableWalk {
  readonly files: MemoryTableFiles;
}

async function sampleWalk(name: string): Promise<SampleWalk> {
  const files = new MemoryTableFiles();
  for (const [path, bytes] of [...(await readSample(name))].sort(([a], [b]) => (a < b ? -1 : 1))) {
    files.put(PREFIX + path, bytes);
  }
  return { format: new HudiFormat(), location, files };
}

const namesOf = ({ control, closure }: WalkedStep) => [...control, ...closure.map(({ name }) => name)];
const samples = sampleTables().filter(({ format }) => format === 'hudi');

test('the samples are the seven we know', { skip: SAMPLES_MISSING }, () => {
  assert.deepEqual(samples.map(({ name }) => name).sort(), Object.keys(STEPS).sort());
});

test('settings that name a partition wait for its build', { skip: SAMPLES_MISSING }, async () => {
  const walk = await sampleWalk('hudi-cow-v9-txns-simple-meta');
  const { steps } = await walkAll(walk);
  assert.deepEqual(
    steps.map(({ control }) => control.includes(PROPERTIES)),
    steps.map((_, index) => index === 13),
  );
  const builds = walk.files.names().filter((name) => /\/metadata\/.*\/timeline\/0000\d+_\d+\.deltacommit$/.test(name));
  assert.equal(builds.length, 5);
  for (const build of builds) {
    const bytes = walk.files.bytesOf(build);
    walk.files.remove(build);
    const jump = await walkNewest(walk);
    assert.ok(jump !== undefined && !jump.control.includes(PROPERTIES), build);
    assert.deepEqual(await missingOf(walk.files, jump), [PROPERTIES]);
    walk.files.put(build, bytes);
  }
});

for (const table of samples) {
  test(`${table.name}: ${STEPS[table.name]} versions, ${table.commits} writes, every file has a place`, async () => {
    const walk = await sampleWalk(table.name);
    const { look, steps } = await walkAll(walk);
    assert.deepEqual([look.problem, look.warnings, look.more], [undefined, [], false]);
    assert.deepEqual(
      steps.map(({ version }) => [version.kind, version.cursor.ordinal]),
      Array.from({ length: STEPS[table.name] ?? 0 }, (_, index) => ['commit', String(index + 1)]),
    );
    const writes = steps.filter(({ version }) => /\.(commit|deltacommit|replacecommit)$/.test(version.visibility));
    assert.equal(writes.length, table.commits);
    const reached = new Set(steps.flatMap(namesOf));
    for (const name of walk.files.names()) assert.ok(reached.has(name), `${name} is reached by no step`);
    for (const step of steps) {
      assert.equal(step.control.at(-1), step.version.visibility);
      assert.deepEqual(step.removes, []);
      for (const { name } of step.closure) {
        assert.ok(name === PROPERTIES || !walk.format.isControl(location, name), name);
      }
    }
  });

  test(`${table.name}: one jump needs what the newest version reaches, and all of it is there`, async () => {
    const walk = await sampleWalk(table.name);
    const jump = await walkNewest(walk);
    assert.ok(jump);
    assert.deepEqual(await missingOf(walk.files, jump), []);
    assert.deepEqual(new Set(namesOf(jump)), new Set(walk.files.names()));
    const live = await collect(walk.format.live(location, walk.files, jump.version.cursor));
    for (const { name } of live) assert.ok(walk.files.has(name), name);
  });

  test(`${table.name}: any file of a step that is left out is noticed`, async () => {
    const walk = await sampleWalk(table.name);
    const { steps } = await walkAll(walk);
    const seen = new Set<string>();
    for (const [index, step] of steps.entries()) {
      const from = steps[index - 1]?.version.cursor;
      for (const name of namesOf(step)) {
        if (seen.has(name) || UNNOTICED.some(([pattern]) => pattern.test(name))) continue;
        seen.add(name);
        if (name === step.version.visibility || name.endsWith('hoodie.properties')) continue;
        const bytes = walk.files.bytesOf(name);
        const stat = await walk.files.stat(name);
        walk.files.remove(name);
        const without = await walkStep(walk, from, step.version);
        const missing = await missingOf(walk.files, without);
        const isNamed = missing.some((each) => each === name || name.startsWith(each.replace(/\.deltacommit$/, '_')));
        const isHeldBack = step.control.includes(PROPERTIES) && !without.control.includes(PROPERTIES);
        assert.ok(isNamed || isHeldBack, `${name} is missing and nobody says so, but ${missing.join(' ')}`);
        walk.files.nowMs = (stat?.updatedMs ?? 1) - 1;
        walk.files.put(name, bytes);
      }
    }
    assert.ok(seen.size >= 6);
  });
}
