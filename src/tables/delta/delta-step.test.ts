/** What goes with a version, and what is left to list loosely. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { DeltaScenario } from '../../../test/support/generate-delta.ts';
import { MemoryTableFiles } from '../../../test/support/memory-table-files.ts';
import { collect, walkAll, walkStep } from '../../../test/support/walk-table.ts';
import type { FileStat, TableLocation, TableVersion } from '../port.ts';
import { DeltaFormat } from './delta-format.ts';

const PREFIX = 'lake/orders/';
const location: TableLocation = { bucket: 'b', prefix: PREFIX, format: 'delta' };
const log = (leaf: string) => `${PREFIX}_delta_log/${leaf}`;
const digits = (version: number) => String(version).padStart(20, '0');

function setUp(keysMax = 1000) {
  const files = new MemoryTableFiles();
  const table = new DeltaScenario({ prefix: PREFIX });
  const format = new DeltaFormat({ keysMax, cacheEntriesMax: 1000 });
  return { files, table, format, walk: { format, location, files } };
}

test('children before parents, then what belongs to the version, its entry, and the hint last', async () => {
  const { files, table, walk } = setUp();
  const uploads = [...table.append(), ...table.append(), ...table.checksum(), ...table.checkpoint('v2Json', 2)];
  files
    .apply(uploads)
    .apply(table.hint())
    .put(log(`${digits(0)}.${digits(1)}.compacted.json`), '{"commitInfo":{}}\n');
  const { steps } = await walkAll(walk);
  const leaves = steps[1]?.control.map((name) => name.slice(log('').length).replaceAll(/[0-9a-f-]{36}/g, '<uuid>'));
  assert.deepEqual(leaves, [
    '_sidecars/<uuid>.parquet',
    '_sidecars/<uuid>.parquet',
    `${digits(1)}.checkpoint.<uuid>.json`,
    `${digits(1)}.crc`,
    `${digits(1)}.json`,
    '_last_checkpoint',
  ]);
  const jump = await walkStep(walk, undefined, steps[1]?.version as TableVersion);
  assert.ok(jump.control.includes(log(`${digits(0)}.${digits(1)}.compacted.json`)), 'all it covers becomes visible');
  assert.ok(!steps[0]?.control.some((name) => name.includes('compacted')), 'not before the last entry it covers');
});

test('files carry the size the log states; deletion vectors have none', async () => {
  const { files, walk } = setUp();
  const vector = { storageType: 'u', pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^', offset: 4, sizeInBytes: 40 };
  files.put(log(`${digits(0)}.json`), JSON.stringify({ add: { path: 'a.parquet', size: 7, deletionVector: vector } }));
  const { steps } = await walkAll(walk);
  assert.deepEqual(steps[0]?.closure, [
    { name: `${PREFIX}a.parquet`, size: 7 },
    { name: `${PREFIX}ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin` },
  ]);
});

test('a file whose deletion vector changes stays live with the new one', async () => {
  const { files, walk, format } = setUp();
  const add = (path: string, offset: number) => ({
    path,
    size: 1,
    deletionVector: { storageType: 'p', pathOrInlineDv: `gs://b/${PREFIX}dv${offset}.bin`, offset },
  });
  const entry = (version: number, actions: readonly object[]) =>
    files.put(log(`${digits(version)}.json`), actions.map((action) => `${JSON.stringify(action)}\n`).join(''));
  entry(0, [{ add: { path: 'a', size: 1 } }, { add: { path: 'b', size: 1 } }]);
  entry(1, [{ remove: { path: 'a' } }, { add: add('a', 1) }]);
  entry(2, [{ remove: add('a', 1) }, { add: add('a', 2) }, { remove: { path: 'b' } }]);
  const { versions } = await format.look(location, files, undefined);
  const names = async (from: TableVersion | undefined, to: TableVersion | undefined) => {
    const step = await walkStep(walk, from?.cursor, to as TableVersion);
    return step.closure.map(({ name }) => name.slice(PREFIX.length)).sort();
  };
  assert.deepEqual(await names(undefined, versions[1]), ['a', 'b', 'dv1.bin']);
  assert.deepEqual(await names(versions[0], versions[1]), ['a', 'dv1.bin']);
  assert.deepEqual(await names(versions[0], versions[2]), ['a', 'dv2.bin']);
  assert.deepEqual(await names(undefined, versions[2]), ['a', 'dv2.bin']);
});

test('change data belongs to the next version of a table that is followed; else it is history', async () => {
  const { files, walk, format } = setUp();
  const entry = (version: number) =>
    files.put(log(`${digits(version)}.json`), `{"cdc":{"path":"_change_data/c${version}","size":3}}\n`);
  entry(0);
  entry(1);
  const { steps } = await walkAll(walk);
  const change = (version: number) => ({ name: `${PREFIX}_change_data/c${version}`, size: 3 });
  assert.deepEqual(
    steps[1]?.closure,
    [{ ...change(1), history: true }],
    'it was there before the table was first seen',
  );
  entry(2);
  entry(3);
  const from = steps[1]?.version.cursor;
  const { versions } = await format.look(location, files, from);
  assert.deepEqual((await walkStep(walk, from, versions[0] as TableVersion)).closure, [change(2)]);
  assert.deepEqual((await walkStep(walk, from, versions[1] as TableVersion)).closure, [
    { ...change(3), history: true },
    { ...change(2), history: true },
  ]);
});

test('only the hint that the look judged is published', async () => {
  const { files, table, format, walk } = setUp();
  files.apply(table.append()).apply(table.checkpoint()).apply(table.hint());
  const { versions } = await format.look(location, files, undefined);
  files.apply(table.append()).apply(table.checkpoint()).apply(table.hint());
  const step = await walkStep(walk, undefined, versions[0] as TableVersion);
  assert.ok(!step.control.includes(log('_last_checkpoint')));
});

test('strays: what may be listed by itself, and what waits for a publish', async () => {
  const { files, table, format } = setUp();
  for (let version = 0; version < 3; version += 1) files.apply(table.append());
  const { versions } = await format.look(location, files, undefined);
  const cursor = versions.at(-1)?.cursor;
  assert.ok(cursor);
  const file = (leaf: string, updatedMs = 0): FileStat => ({ name: log(leaf), generation: 1n, size: 1, updatedMs });
  for (const stray of [
    '.s3-optimization-0',
    `.${digits(2)}.json.crc`,
    '_sidecars/.x.parquet.crc',
    `${digits(2)}.crc`,
    `${digits(1)}.${digits(2)}.compacted.json`,
    '_sidecars/old.parquet',
    '_staged_commits/x.json',
    '',
  ]) {
    assert.ok(format.isStray(location, file(stray), cursor), stray);
  }
  for (const claimed of [
    '_last_checkpoint',
    `${digits(2)}.json`,
    `${digits(3)}.json`,
    `${digits(3)}.crc`,
    `${digits(2)}.${digits(3)}.compacted.json`,
    `${digits(2)}.checkpoint.parquet`,
    `${digits(3)}.checkpoint.parquet`,
  ]) {
    assert.ok(!format.isStray(location, file(claimed), cursor), claimed);
  }
  for (const temporary of ['.tmp/x', '_commit_1.json.tmp', '.x.json.9.tmp.crc', '_sb_lock/1.sb-lock_blob']) {
    assert.ok(format.isNeverListed(location, log(temporary)), temporary);
  }
  assert.ok(!format.isNeverListed(location, `${PREFIX}part.tmp`));
});

test('a table is proved by any name in its log folder', () => {
  const format = new DeltaFormat();
  assert.equal(format.recognise('a/b/_delta_log/00000000000000000000.json'), 'a/b/');
  assert.equal(format.recognise('_delta_log/_last_checkpoint'), '');
  assert.equal(format.recognise('a/_delta_log/_sidecars/x.parquet'), 'a/');
  for (const name of ['a/_delta_log/', 'a/_delta_logs/x', 'a/x_delta_log/x', 'a/_delta_log', 'part.parquet']) {
    assert.equal(format.recognise(name), undefined, name);
  }
});

test('one question a poll', async () => {
  const { files, table, format } = setUp();
  assert.deepEqual(format.probes(location, undefined), [{ kind: 'list', prefix: log('') }]);
  files.apply(table.append());
  const { versions } = await format.look(location, files, undefined);
  assert.deepEqual(format.probes(location, versions[0]?.cursor), [{ kind: 'get', name: table.entry(1) }]);
});

test('what is live cannot be told when a log file is gone', async () => {
  const { files, table, format } = setUp();
  for (let version = 0; version < 3; version += 1) files.apply(table.append());
  const { versions } = await format.look(location, files, undefined);
  files.remove(table.entry(1));
  const cursor = versions.at(-1)?.cursor;
  assert.ok(cursor);
  await assert.rejects(() => collect(format.live(location, files, cursor)), /cannot be told/);
});
