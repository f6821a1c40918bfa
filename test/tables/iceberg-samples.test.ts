/**
 * The eight real Iceberg tables, walked whole: every version is found, every file has a place, and a file that is left
 * out is noticed.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { IcebergFormat } from '../../src/tables/iceberg/iceberg-format.ts';
import type { TableLocation } from '../../src/tables/port.ts';
import { MemoryTableFiles } from '../support/memory-table-files.ts';
import { readSample, SAMPLES_MISSING, sampleAliases, sampleTables } from '../support/sample-tables.ts';
import { collect, missingOf, type TableWalk, walkAll, walkNewest } from '../support/walk-table.ts';

const PREFIX = 'warehouse/t/';
const STEPS: Readonly<Record<string, number>> = {
  'iceberg-v1-mixed-file-formats': 8,
  'iceberg-v1-name-mapping': 7,
  'iceberg-v2-equality-deletes-partitioned': 6,
  'iceberg-v2-lineitem': 2,
  'iceberg-v2-partition-evolution': 4,
  'iceberg-v2-position-deletes': 7,
  'iceberg-v3-deletion-vectors': 3,
  'iceberg-v2-bigquery': 1,
};
/** Names that no version reaches, and why. */
const STRAYS: readonly (readonly [RegExp, string])[] = [
  [/\/\.[^/]+\.crc$/, 'a Hadoop checksum'],
  [/\/version-hint\.txt$/, 'not the name of a hint'],
  [/\/v\d+\.\d+\.metadata\.json$/, 'not the name of a version'],
  [/\/v0\.metadata\.json$/, 'BigQuery writes it without format-version'],
];

interface SampleWalk extends TableWalk {
  readonly files: MemoryTableFiles;
}

async function sampleWalk(name: string, pathAliases?: readonly string[]): Promise<SampleWalk> {
  const location: TableLocation = {
    bucket: 'lake',
    prefix: PREFIX,
    format: 'iceberg',
    ...(pathAliases === undefined ? {} : { pathAliases }),
  };
  const files = new MemoryTableFiles();
  for (const [path, bytes] of await readSample(name)) files.put(PREFIX + path, bytes);
  return { format: new IcebergFormat(), location, files };
}

const samples = sampleTables().filter(({ format }) => format === 'iceberg');

test('the samples are the eight we know', { skip: SAMPLES_MISSING }, () => {
  assert.deepEqual(samples.map(({ name }) => name).sort(), Object.keys(STEPS).sort());
});

for (const table of samples) {
  const aliases = sampleAliases(table);

  test(`${table.name}: without an alias it is unresolved`, async () => {
    const { look, steps } = await walkAll(await sampleWalk(table.name));
    assert.equal(look.problem?.kind, 'unresolved');
    assert.equal(steps.length, 0);
  });

  test(`${table.name}: ${STEPS[table.name]} steps, ${table.commits} snapshots, every file has a place`, async () => {
    const walk = await sampleWalk(table.name, aliases);
    const { look, steps } = await walkAll(walk);
    assert.equal(look.problem, undefined);
    assert.equal(steps.length, STEPS[table.name]);
    assert.deepEqual(
      steps.map(({ version }) => version.kind),
      steps.map(() => 'commit'),
    );
    const reached = new Set(steps.flatMap(({ control, closure }) => [...control, ...closure.map(({ name }) => name)]));
    const lists = [...reached].filter((name) => /\/(snap-[^/]*|[^/]*-manifest-list-[^/]*)\.avro$/.test(name));
    assert.equal(lists.length, table.commits, 'one manifest list a snapshot');
    for (const step of steps) {
      assert.deepEqual(await missingOf(walk.files, step), []);
      assert.equal(step.control.filter((name) => name.endsWith('.metadata.json')).at(-1), step.version.visibility);
      for (const { name } of step.closure) assert.ok(!walk.format.isControl(walk.location, name), name);
    }
    const newest = steps.at(-1)?.version.cursor;
    assert.ok(newest);
    for (const name of walk.files.names()) {
      assert.equal(walk.format.isNeverListed(walk.location, name), false);
      if (reached.has(name)) continue;
      assert.ok(
        STRAYS.some(([pattern]) => pattern.test(name)),
        `${name} is reached by nothing and is no known stray`,
      );
      if (!walk.format.isControl(walk.location, name)) continue;
      const file = await walk.files.stat(name);
      assert.ok(file && walk.format.isStray(walk.location, file, newest), `${name} must be listed some day`);
    }
  });

  test(`${table.name}: one jump reaches what the steps reach of the newest version`, async () => {
    const walk = await sampleWalk(table.name, aliases);
    const { steps } = await walkAll(walk);
    const jump = await walkNewest(walk);
    const newest = steps.at(-1);
    assert.ok(jump && newest);
    assert.deepEqual(await missingOf(walk.files, jump), []);
    const reached = new Set(steps.flatMap(({ control, closure }) => [...control, ...closure.map(({ name }) => name)]));
    const jumped = new Set([...jump.control, ...jump.closure.map(({ name }) => name)]);
    const live = await collect(walk.format.live(walk.location, walk.files, newest.version.cursor));
    for (const { name, history } of live) {
      if (history === true && !walk.files.has(name)) continue;
      assert.ok(jumped.has(name), `the jump leaves out ${name}`);
      assert.ok(reached.has(name), `the steps leave out ${name}`);
    }
    for (const name of jumped) assert.ok(reached.has(name), `only the jump names ${name}`);
  });

  test(`${table.name}: any file of the current snapshot that is left out is noticed`, async () => {
    const { format, location, files } = await sampleWalk(table.name, aliases);
    const whole = await walkNewest({ format, location, files });
    assert.ok(whole);
    const live = await collect(format.live(location, files, whole.version.cursor));
    const needed = new Set(live.filter(({ history }) => history !== true).map(({ name }) => name));
    needed.delete(whole.version.visibility);
    needed.delete(`${PREFIX}metadata/version-hint.text`);
    assert.ok(needed.size >= 3);
    for (const name of needed) {
      const bytes = files.bytesOf(name);
      files.remove(name);
      const jump = await walkNewest({ format, location, files });
      assert.ok(jump);
      assert.ok((await missingOf(files, jump)).includes(name), `${name} is missing and nobody says so`);
      files.put(name, bytes);
    }
  });
}
