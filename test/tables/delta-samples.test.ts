/**
 * The eight real Delta tables, walked whole: every version is found, its live files are those an independent reader
 * counted, every name has a place, and a file that is left out is noticed.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { DeltaFormat } from '../../src/tables/delta/delta-format.ts';
import type { FileRef, TableCursor, TableLocation } from '../../src/tables/port.ts';
import { KEYS_FEW } from '../support/delta-settings.ts';
import { MemoryTableFiles } from '../support/memory-table-files.ts';
import { readSample, SAMPLES_MISSING, sampleTables } from '../support/sample-tables.ts';
import { collect, missingOf, type TableWalk, walkAll, walkNewest, walkStep } from '../support/walk-table.ts';

const PREFIX = 'warehouse/t/';
const LOCATION: TableLocation = { bucket: 'lake', prefix: PREFIX, format: 'delta' };
const STEPS: Readonly<Record<string, number>> = {
  'delta-cdf-cdc-and-dvs': 26,
  'delta-columnmapping-partitioned': 1,
  'delta-covid19-nyt': 1,
  'delta-dv-partitioned-checkpoint': 16,
  'delta-multipart-checkpoint': 3,
  'delta-special-chars-partition': 1,
  'delta-v2-checkpoint-json-sidecars': 7,
  'delta-vacuumed': 6,
};

/** Deletion vectors no log entry names: they stand for failed tasks. */
const ORPHAN_VECTORS: Readonly<Record<string, number>> = {
  'delta-cdf-cdc-and-dvs': 1,
  'delta-dv-partitioned-checkpoint': 5,
};

interface SampleWalk extends TableWalk {
  readonly files: MemoryTableFiles;
}

async function sampleWalk(name: string, format = new DeltaFormat()): Promise<SampleWalk> {
  const files = new MemoryTableFiles();
  for (const [path, bytes] of await readSample(name)) files.put(PREFIX + path, bytes);
  return { format, location: LOCATION, files };
}

const isData = (name: string) => !name.startsWith(`${PREFIX}_delta_log/`) && !name.endsWith('.bin');

async function liveNames(walk: TableWalk, cursor: TableCursor): Promise<Set<string>> {
  const refs: FileRef[] = await collect(walk.format.live(walk.location, walk.files, cursor));
  return new Set(refs.filter(({ history }) => history !== true).map(({ name }) => name));
}

const samples = sampleTables().filter(({ format }) => format === 'delta');

test('the samples are the eight we know', { skip: SAMPLES_MISSING }, () => {
  assert.deepEqual(samples.map(({ name }) => name).sort(), Object.keys(STEPS).sort());
});

for (const table of samples) {
  const isWhole = table.name !== 'delta-vacuumed';

  test(`${table.name}: ${STEPS[table.name]} versions with the live files that were counted`, async () => {
    const walk = await sampleWalk(table.name);
    const { look, steps } = await walkAll(walk);
    assert.equal(look.problem, undefined);
    assert.deepEqual(look.warnings, []);
    assert.equal(table.commits, STEPS[table.name]);
    assert.deepEqual(
      steps.map(({ version }) => [version.kind, version.cursor.label]),
      (table.history ?? []).map(({ version }) => ['commit', String(version)]),
    );
    for (const [index, step] of steps.entries()) {
      const live = await liveNames(walk, step.version.cursor);
      assert.equal([...live].filter(isData).length, table.history?.[index]?.liveFiles, step.version.cursor.label);
      if (isWhole || index === steps.length - 1) {
        for (const name of live) assert.ok(walk.files.has(name), `${step.version.cursor.label} lives by ${name}`);
      }
    }
  });

  test(`${table.name}: the walk in passes finds the same live files`, async () => {
    const walk = await sampleWalk(table.name);
    const { look } = await walkAll(walk);
    const narrow = await sampleWalk(table.name, new DeltaFormat(KEYS_FEW));
    for (const { cursor } of look.versions) {
      assert.deepEqual(await liveNames(narrow, cursor), await liveNames(walk, cursor));
    }
  });

  test(`${table.name}: every file has a place`, async () => {
    const walk = await sampleWalk(table.name);
    const { steps } = await walkAll(walk);
    const reached = new Set<string>();
    for (const step of steps) {
      if (isWhole) assert.deepEqual(await missingOf(walk.files, step), []);
      const order = step.control.filter((name) => !name.endsWith('_last_checkpoint'));
      assert.equal(order.at(-1), step.version.visibility);
      for (const name of step.control) assert.ok(walk.format.isControl(LOCATION, name), name);
      for (const { name } of step.closure) assert.ok(!walk.format.isControl(LOCATION, name), name);
      for (const name of [...step.control, ...step.closure.map((ref) => ref.name)]) reached.add(name);
    }
    const newest = steps.at(-1)?.version.cursor;
    assert.ok(newest);
    let orphans = 0;
    for (const name of walk.files.names()) {
      assert.equal(walk.format.isNeverListed(LOCATION, name), false);
      if (reached.has(name)) continue;
      if (/^[^_]*\/deletion_vector_[^/]+\.bin$/.test(name)) {
        orphans += 1;
        continue;
      }
      assert.match(name, /\/\.[^/]+\.crc$|\/\.s3-optimization-\d$/, `${name} is reached by nothing and no known stray`);
      const file = await walk.files.stat(name);
      if (walk.format.isControl(LOCATION, name)) assert.ok(file && walk.format.isStray(LOCATION, file, newest), name);
    }
    assert.equal(orphans, ORPHAN_VECTORS[table.name] ?? 0);
    const after = await walk.format.look(LOCATION, walk.files, newest);
    assert.equal(after.versions.length, 0, 'nothing is left to publish');
  });

  test(`${table.name}: one jump reaches the newest version's live set`, async () => {
    const walk = await sampleWalk(table.name);
    const { steps } = await walkAll(walk);
    const jump = await walkNewest(walk);
    assert.ok(jump);
    assert.deepEqual(await missingOf(walk.files, jump), []);
    const jumped = new Set([...jump.control, ...jump.closure.map(({ name }) => name)]);
    for (const name of await liveNames(walk, jump.version.cursor)) assert.ok(jumped.has(name), name);
    const control = new Set(steps.flatMap((step) => step.control));
    assert.deepEqual(new Set(jump.control), control, 'control names of the versions in between come along');
    const data = new Set(jump.closure.filter(({ history }) => !history).map(({ name }) => name));
    const live = await liveNames(walk, jump.version.cursor);
    for (const name of data) assert.ok(live.has(name), `${name} is not live any more`);
  });

  test(`${table.name}: a jump from any version brings what the target lacks, and nothing dead`, async () => {
    const walk = await sampleWalk(table.name);
    const { look } = await walkAll(walk);
    for (const from of look.versions) {
      const known = await liveNames(walk, from.cursor);
      const { versions } = await walk.format.look(LOCATION, walk.files, from.cursor);
      for (const to of versions.slice(1)) {
        const step = await walkStep(walk, from.cursor, to);
        const live = await liveNames(walk, to.cursor);
        const brought = step.closure.filter(({ history }) => !history).map(({ name }) => name);
        for (const name of brought)
          assert.ok(live.has(name), `${from.cursor.label} → ${to.cursor.label}: ${name} is dead`);
        const have = new Set([...known, ...brought, ...step.control]);
        for (const name of live) {
          if (isData(name) || name.endsWith('.bin')) assert.ok(have.has(name), `${to.cursor.label} lacks ${name}`);
        }
      }
    }
  });

  test(`${table.name}: any file of the newest version that is left out is noticed`, async () => {
    const { format, location, files } = await sampleWalk(table.name);
    const whole = await walkNewest({ format, location, files });
    assert.ok(whole);
    const needed = await liveNames({ format, location, files }, whole.version.cursor);
    for (const leftOut of needed) {
      if (hasCheckpointOf(files, leftOut)) continue;
      const partial: TableWalk = { format: new DeltaFormat(), location, files: without(files, leftOut) };
      const step = await walkNewest(partial);
      const isSame = step?.version.cursor.ordinal === whole.version.cursor.ordinal;
      const missing = step === undefined ? [] : await missingOf(partial.files, step);
      // A checkpoint that lost a part is not published, nor the hint that names it: readers use the entries.
      const checkpoints = step?.control.filter((name) => name.includes('checkpoint')) ?? [];
      const isWithheld = leftOut.includes('checkpoint') && checkpoints.length < whole.control.length;
      assert.ok(!isSame || missing.includes(leftOut) || (isWithheld && !step.control.includes(leftOut)), leftOut);
      if (isWithheld && isSame) assertNoHalfCheckpoint(step.control, leftOut);
    }
  });
}

/** The entry of a version that has a checkpoint: readers do without it. */
function hasCheckpointOf(files: MemoryTableFiles, name: string): boolean {
  return (
    name.endsWith('.json') && files.names().some((other) => other.startsWith(name.replace(/json$/, 'checkpoint.')))
  );
}

/** No file of the checkpoint that `leftOut` belongs to, except sidecars nobody reads without it, is published. */
function assertNoHalfCheckpoint(control: readonly string[], leftOut: string): void {
  const version = /(\d{20})\.checkpoint/.exec(leftOut)?.[1];
  if (version === undefined) return;
  const half = control.filter((name) => name.includes(`/${version}.checkpoint`));
  assert.deepEqual(half, [], `${leftOut} is missing, its checkpoint must not be shown`);
}

function without(files: MemoryTableFiles, leftOut: string): MemoryTableFiles {
  const rest = new MemoryTableFiles();
  for (const name of files.names()) if (name !== leftOut) rest.put(name, files.bytesOf(name));
  return rest;
}
