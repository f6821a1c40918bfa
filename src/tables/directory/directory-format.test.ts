import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryTableFiles } from '../../../test/support/memory-table-files.ts';
import { collect, missingOf, walkAll } from '../../../test/support/walk-table.ts';
import type { TableCursor, TableLocation } from '../port.ts';
import { DirectoryFormat } from './directory-format.ts';

const location: TableLocation = { bucket: 'b', prefix: 'daily/', format: 'directory' };
const format = new DirectoryFormat();

function setUp(...leaves: readonly string[]) {
  const files = new MemoryTableFiles();
  for (const leaf of leaves) files.put(`daily/${leaf}`, `bytes of ${leaf}`);
  return files;
}

async function walk(files: MemoryTableFiles, from?: TableCursor) {
  const { look, steps } = await walkAll({ format, location, files }, from);
  return { look, step: steps[0], closure: steps[0]?.closure.map(({ name }) => name.slice('daily/'.length)) };
}

test('a marker proves its folder, unless the folder is hidden', () => {
  assert.equal(format.recognise('daily/_SUCCESS'), 'daily/');
  assert.equal(format.recognise('a/b=1/_SUCCESS'), 'a/b=1/');
  assert.equal(format.recognise('_SUCCESS'), '');
  for (const name of ['daily/x_SUCCESS', 'daily/_SUCCESS/x', 'a/_temporary/0/_SUCCESS', '.x/_SUCCESS', 'daily/x']) {
    assert.equal(format.recognise(name), undefined, name);
  }
});

test('the closure is what Spark lists: any depth, nothing hidden', async () => {
  const files = setUp(
    'part-0.parquet',
    'day=1/part-1.parquet',
    'day=_2/hour=.3/part-2.parquet',
    '_metadata',
    '_temporary/0/part-9.parquet',
    '.spark-staging-1/part-9.parquet',
    'day=1/.part-1.parquet.crc',
    'day=1/_committed_7',
    'day=3/',
    '_SUCCESS',
  );
  const { step, closure } = await walk(files);
  assert.deepEqual(closure, ['day=1/part-1.parquet', 'day=_2/hour=.3/part-2.parquet', 'part-0.parquet']);
  assert.deepEqual(step?.control, ['daily/_metadata', 'daily/_SUCCESS']);
  assert.equal(step?.version.visibility, 'daily/_SUCCESS');
  assert.ok(step && (await missingOf(files, step)).length === 0);
  assert.ok(format.isNeverListed(location, 'daily/_temporary/0/part-9.parquet'));
  assert.ok(format.isNeverListed(location, 'daily/.spark-staging-1/part-9.parquet'));
  assert.ok(!format.isNeverListed(location, 'daily/day=1/_committed_7'));
  assert.deepEqual(
    files.names().filter((name) => format.isControl(location, name)),
    ['daily/_SUCCESS', 'daily/_metadata'],
  );
});

test('a commit is a new generation of the marker; its absence is none', async () => {
  const files = setUp('part-0.parquet', '_SUCCESS');
  const first = (await walk(files)).step?.version.cursor;
  assert.equal(first?.ordinal, '1');
  assert.deepEqual((await walk(files, first)).look.versions, []);
  files.remove('daily/_SUCCESS');
  assert.deepEqual((await walk(files, first)).look.versions, []);
  files.put('daily/_SUCCESS', '');
  const second = (await walk(files, first)).step?.version.cursor;
  assert.equal(second?.ordinal, '2');
  assert.notEqual(second?.label, first?.label);
});

test('files of a job that has not ended are left out', async () => {
  const files = setUp('part-0.parquet', '_SUCCESS');
  files.nowMs += 5000;
  files.put('daily/part-1.parquet', 'next job');
  assert.deepEqual((await walk(files)).closure, ['part-0.parquet']);
  files.put('daily/_SUCCESS', '');
  assert.deepEqual((await walk(files)).closure, ['part-0.parquet', 'part-1.parquet']);
});

test('an overwritten folder loses its old files with the publish', async () => {
  const shown = setUp('part-0.parquet', 'day=1/part-1.parquet', '_SUCCESS', '_committed_1');
  const files = setUp('day=1/part-1.parquet', 'part-2.parquet', '_SUCCESS');
  const { versions } = await format.look(location, files, undefined);
  const [to] = versions;
  assert.ok(to);
  files.listPublished = (prefix) => shown.list(prefix);
  const step = await format.step(location, files, { from: undefined, to });
  assert.deepEqual(await collect(step.removes?.() ?? nothing()), ['daily/part-0.parquet']);
});

test('a rewrite that begins while the folder is listed is noticed', async () => {
  const files = setUp('part-0.parquet', '_SUCCESS');
  const { versions } = await format.look(location, files, undefined);
  const [to] = versions;
  assert.ok(to);
  const step = await format.step(location, files, { from: undefined, to });
  files.put('daily/_SUCCESS', 'again');
  assert.deepEqual((await collect(step.closure())).at(-1), { name: 'daily/_SUCCESS', unread: true });
});

test('tables further down publish themselves', async () => {
  const files = setUp('part-0.parquet', 'day=1/part-1.parquet', 'day=1/_SUCCESS', 'day=2/x/part-2.parquet', '_SUCCESS');
  files.put('daily/orders/part-3.parquet', '3').put('daily/orders/_delta_log/00000000000000000000.json', '{}');
  files.put('daily/_SUCCESS', '');
  assert.deepEqual((await walk(files)).closure, ['day=2/x/part-2.parquet', 'part-0.parquet']);
});

async function* nothing(): AsyncGenerator<string> {}
