import assert from 'node:assert/strict';
import test from 'node:test';
import { type GeneratedFile, IcebergGenerator, type IcebergOptions } from '../../../test/support/generate-iceberg.ts';
import { MemoryTableFiles } from '../../../test/support/memory-table-files.ts';
import { collect, missingOf, walkAll, walkNewest, walkStep } from '../../../test/support/walk-table.ts';
import { type TableCursor, type TableLocation, TableLogError } from '../port.ts';
import { IcebergFormat } from './iceberg-format.ts';

const location: TableLocation = { bucket: 'lake', prefix: 't/', format: 'iceberg' };
const HINT = 't/metadata/version-hint.text';

function setUp(options: Partial<IcebergOptions> = {}) {
  const format = new IcebergFormat();
  const files = new MemoryTableFiles();
  const table = new IcebergGenerator({ bucket: 'lake', prefix: 't/', ...options });
  return { format, files, location, table };
}

const labels = (steps: readonly { version: { cursor: TableCursor } }[]) =>
  steps.map(({ version }) => version.cursor.label);
const dataOf = (files: readonly GeneratedFile[]) =>
  files.filter(({ name }) => name.startsWith('t/data/')).map(({ name }) => name);

const FLAVOURS: readonly Partial<IcebergOptions>[] = [
  { formatVersion: 1, codec: 'null' },
  { formatVersion: 1, inlineManifests: true },
  { formatVersion: 2, codec: 'deflate' },
  { formatVersion: 2, codec: 'snappy', gzipMetadata: true },
  { formatVersion: 3, codec: 'zstandard', naming: 'catalog' },
  { formatVersion: 3, naming: 'catalog', gzipMetadata: true },
];

for (const options of FLAVOURS) {
  test(`every version as a step: ${JSON.stringify(options)}`, async () => {
    const made = setUp(options);
    const { table, files } = made;
    const uploads = [table.create(), table.append(3), table.append(2)];
    if (options.formatVersion === 2) uploads.push(table.addDeletes('position'), table.addDeletes('equality'));
    if (options.formatVersion === 3) uploads.push(table.addDeletes('vector'));
    uploads.push(table.overwrite(4), table.setProperty());
    for (const upload of uploads) files.apply(upload);
    const { look, steps } = await walkAll(made);
    assert.deepEqual([look.problem, look.warnings, look.more], [undefined, [], false]);
    assert.equal(steps.length, uploads.length);
    for (const [index, step] of steps.entries()) {
      assert.deepEqual(await missingOf(files, step), []);
      assert.deepEqual(
        step.closure.map(({ name }) => name),
        dataOf(uploads[index] ?? []),
      );
      const expected = new Set((uploads[index] ?? []).map(({ name }) => name).filter((name) => name !== HINT));
      for (const name of dataOf(uploads[index] ?? [])) expected.delete(name);
      assert.deepEqual(new Set(step.control.filter((name) => name !== HINT)), expected);
      const order = step.control.filter((name) => name !== HINT);
      assert.equal(order.at(-1), step.version.visibility);
    }
    const hasHint = options.naming !== 'catalog';
    assert.equal(steps.at(-1)?.control.at(-1) === HINT, hasHint);
  });
}

test('versions sort by number, may have gaps and arrive in any order', async () => {
  const made = setUp();
  const { table, files } = made;
  const uploads = Array.from({ length: 12 }, () => table.append(1));
  for (const upload of uploads.toReversed()) files.apply(upload);
  files.remove('t/metadata/v4.metadata.json').remove(HINT);
  const { steps } = await walkAll(made);
  assert.deepEqual(
    labels(steps),
    [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => `v${n}.metadata.json`),
  );
  for (const step of steps) assert.deepEqual(await missingOf(files, step), []);
  assert.deepEqual(
    steps.map(({ closure }) => closure.length),
    [1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1],
  );
});

test('a version that comes after a later one was published is passed by', async () => {
  const made = setUp();
  const { table, files } = made;
  const uploads = [table.append(1), table.append(1), table.append(1)];
  files.apply(uploads[0] ?? []).apply(uploads[2] ?? []);
  const { steps } = await walkAll(made);
  assert.deepEqual(labels(steps), ['v1.metadata.json', 'v3.metadata.json']);
  files.apply((uploads[1] ?? []).filter(({ name }) => name !== HINT));
  const cursor = steps.at(-1)?.version.cursor;
  assert.ok(cursor);
  assert.deepEqual((await walkAll(made, cursor)).steps, []);
  const late = await files.stat('t/metadata/v2.metadata.json');
  assert.ok(late && made.format.isStray(location, late, cursor));
});

test('a step reads the lists of two heads and new manifests only', async () => {
  const made = setUp();
  const { table, files } = made;
  for (let n = 0; n < 20; n += 1) files.apply(table.append(2));
  const before = (await walkAll(made)).look.versions.at(-1)?.cursor;
  files.apply(table.append(2));
  const [to] = (await made.format.look(location, files, before)).versions;
  assert.ok(to);
  files.reads.clear();
  const step = await walkStep(made, before, to);
  assert.equal(step.closure.length, 2);
  const avro = [...files.reads.keys()].filter((name) => name.endsWith('.avro'));
  assert.equal(avro.length, 3, avro.join(' '));
});

test('a manifest, list or data file of the current snapshot that is missing makes the step late', async () => {
  for (const kind of [/-m\d\.avro$/, /\/snap-[^/]*\.avro$/, /\/data\//]) {
    const made = setUp();
    const { table, files } = made;
    files.apply(table.append(2));
    const from = (await walkAll(made)).look.versions.at(-1)?.cursor;
    const upload = table.append(2);
    files.apply(upload);
    const gone = upload.find(({ name }) => kind.test(name))?.name ?? '';
    files.remove(gone);
    const step = await walkNewest(made, from);
    assert.ok(step);
    assert.deepEqual(await missingOf(files, step), [gone]);
    if (gone.endsWith('.avro')) assert.ok(step.closure.some(({ name, unread }) => name === gone && unread === true));
  }
});

test('what an older snapshot has lost is history and holds nothing back', async () => {
  const made = setUp();
  const { table, files } = made;
  const first = table.append(2);
  files.apply(first).apply(table.overwrite(1)).apply(table.overwrite(1));
  const [list] = first.filter(({ name }) => name.includes('/snap-'));
  const [data] = dataOf(first);
  assert.ok(list && data);
  files.remove(data);
  const withoutData = await walkNewest(made);
  assert.ok(withoutData);
  assert.ok(withoutData.closure.some(({ name, history }) => name === data && history === true));
  assert.deepEqual(await missingOf(files, withoutData), []);
  files.remove(list.name);
  const withoutList = await walkNewest(made);
  assert.ok(withoutList && !withoutList.control.includes(list.name));
  assert.deepEqual(await missingOf(files, withoutList), []);
});

test('a rollback to a snapshot that lost its files is late, not taken for published', async () => {
  const made = setUp();
  const { table, files } = made;
  files.apply(table.append(2));
  const first = table.snapshotIds[0] ?? 0n;
  const lost = table.liveNames[0] ?? '';
  files.apply(table.overwrite(1)).remove(lost);
  const from = (await walkAll(made)).look.versions.at(-1)?.cursor;
  files.apply(table.rollbackTo(first));
  const step = await walkNewest(made, from);
  assert.ok(step);
  assert.deepEqual(await missingOf(files, step), [lost]);
});

test('a tag keeps its snapshot needed', async () => {
  const made = setUp();
  const { table, files } = made;
  files.apply(table.append(1));
  const lost = table.liveNames[0] ?? '';
  files
    .apply(table.tag('audit', table.snapshotIds[0] ?? 0n))
    .apply(table.overwrite(1))
    .remove(lost);
  const step = await walkNewest(made);
  assert.ok(step);
  assert.deepEqual(await missingOf(files, step), [lost]);
});

test('expire: the new version needs nothing that was deleted, even where old metadata is gone too', async () => {
  const made = setUp();
  const { table, files } = made;
  for (let n = 0; n < 4; n += 1) files.apply(table.overwrite(2));
  const from = (await walkAll(made)).look.versions[1]?.cursor;
  files.apply(table.overwrite(2)).apply(table.expire(1));
  const step = await walkNewest(made, from);
  assert.ok(step);
  assert.deepEqual(await missingOf(files, step), []);
  for (const version of [1, 2, 3, 4]) files.remove(`t/metadata/v${version}.metadata.json`);
  const jump = await walkNewest(made, from);
  assert.ok(jump);
  assert.deepEqual(await missingOf(files, jump), []);
  assert.deepEqual(
    jump.closure.map(({ name }) => name),
    table.liveNames,
  );
  const live = await collect(made.format.live(location, files, jump.version.cursor));
  assert.deepEqual(
    live.filter(({ name }) => name.startsWith('t/data/')).map(({ name }) => name),
    table.liveNames,
  );
});

test('rewritten manifests bring no data and count as new', async () => {
  const made = setUp();
  const { table, files } = made;
  files.apply(table.append(2)).apply(table.append(2)).apply(table.addDeletes('position'));
  const from = (await walkAll(made)).look.versions.at(-1)?.cursor;
  files.apply(table.rewriteManifests());
  const step = await walkNewest(made, from);
  assert.equal(step?.control.filter((name) => /-m\d\.avro$/.test(name)).length, 2);
  assert.deepEqual(new Set(step?.closure.map(({ name }) => name)), new Set(table.liveNames));
});

test('statistics: in the metadata folder they are control, elsewhere data', async () => {
  const made = setUp();
  const { table, files } = made;
  files.apply(table.append(1));
  const from = (await walkAll(made)).look.versions.at(-1)?.cursor;
  files.apply(table.analyze('statistics')).apply(table.analyze('partition-statistics'));
  const step = await walkNewest(made, from);
  assert.equal(step?.control.filter((name) => name.endsWith('.stats')).length, 1);
  assert.equal(step?.closure.filter(({ name }) => name.endsWith('.stats')).length, 1);
});

test('hint: with its version, late as an attachment, never ahead and never backwards', async () => {
  const made = setUp();
  const { table, files } = made;
  files.apply(table.append(1)).apply(table.append(1)).put(HINT, '1');
  const first = await walkAll(made);
  assert.deepEqual(
    first.steps.map(({ control }) => control.includes(HINT)),
    [true, false],
  );
  const from = first.look.versions.at(-1)?.cursor;
  assert.deepEqual((await walkAll(made, from)).steps, []);

  files.put(HINT, '2\n');
  const late = (await walkAll(made, from)).steps;
  assert.deepEqual(
    late.map(({ version, control, closure }) => [version.kind, version.cursor.ordinal, control, closure]),
    [['attachment', '2', [HINT], []]],
  );
  const cursor = late[0]?.version.cursor;

  files.apply(table.append(1)).put(HINT, '1');
  const backwards = await walkAll(made, cursor);
  assert.deepEqual(
    backwards.steps.map(({ control }) => control.includes(HINT)),
    [false],
  );
  assert.match(backwards.look.warnings.join(), /went back from 2 to 1/);

  files.put(HINT, '9');
  const absent = await walkAll(made, cursor);
  assert.ok(!absent.steps.some(({ control }) => control.includes(HINT)));
  assert.match(absent.look.warnings.join(), /names version 9, which is not there/);

  files.put(HINT, '');
  const empty = await walkAll(made, cursor);
  assert.deepEqual(
    empty.steps.map(({ version, control }) => [version.kind, control.includes(HINT)]),
    [
      ['attachment', true],
      ['commit', false],
    ],
  );
});

test('a hint that moved on after the look is left for the next look', async () => {
  const made = setUp();
  const { table, files } = made;
  files.apply(table.append(1));
  const [to] = (await made.format.look(location, files, undefined)).versions;
  assert.ok(to);
  files.apply(table.append(1));
  assert.ok(!(await walkStep(made, undefined, to)).control.includes(HINT));
});

test('a broken version is a problem while it is the newest, and a warning after', async () => {
  const made = setUp();
  const { table, files } = made;
  files.apply(table.append(1));
  for (const [content, message] of [
    ['{"format-version": 2', /not a JSON/],
    ['{"format-version": 4, "location": "gs://lake/t"}', /format-version 4 is newer/],
    [
      '{"format-version": 2, "location": "gs://lake/t", "current-snapshot-id": 5128775320967886225}',
      /not in snapshots/,
    ],
  ] as const) {
    files.put('t/metadata/v2.metadata.json', content);
    const { versions, problem } = await made.format.look(location, files, undefined);
    assert.deepEqual(
      versions.map(({ cursor }) => cursor.ordinal),
      ['1'],
    );
    assert.ok(problem?.kind === 'broken' && problem.name === 't/metadata/v2.metadata.json');
    assert.match(problem.message, message);
  }
  table.append(1);
  files.apply(table.append(1));
  const { look, steps } = await walkAll(made);
  assert.equal(look.problem, undefined);
  assert.match(look.warnings.join(), /v2\.metadata\.json/);
  assert.ok(!steps.some(({ control }) => control.includes('t/metadata/v2.metadata.json')));
});

test('metadata without format-version is skipped with a warning', async () => {
  const made = setUp();
  made.files
    .put('t/metadata/v0.metadata.json', '{"properties":{},"current-snapshot-id":-1}')
    .apply(made.table.append(1));
  const { look, steps } = await walkAll(made);
  assert.deepEqual(labels(steps), ['v1.metadata.json']);
  assert.match(look.warnings.join(), /v0\.metadata\.json: no format-version/);
});

test('a damaged manifest of the current snapshot breaks the table, one of history does not', async () => {
  const made = setUp();
  const { table, files } = made;
  const upload = table.append(1);
  files.apply(upload);
  const manifest = upload.find(({ name }) => /-m\d\.avro$/.test(name))?.name ?? '';
  files.put(manifest, 'Obj\x01 this is not Avro');
  const [to] = (await made.format.look(location, files, undefined)).versions;
  assert.ok(to);
  await assert.rejects(walkStep(made, undefined, to), (error) => {
    assert.ok(error instanceof TableLogError && error.problem.kind === 'broken');
    return error.problem.name === manifest;
  });
  files.apply(table.overwrite(1));
  const later = await walkNewest(made);
  assert.ok(later);
  assert.deepEqual(await missingOf(files, later), []);
});

test('paths resolve by the own prefix or the longest alias, and by nothing else', async () => {
  const writtenRoot = 'hdfs://old:20500/warehouse/t';
  const { table, ...made } = setUp({ writtenRoot });
  made.files.apply(table.append(2));
  const unresolved = await walkAll(made);
  assert.equal(unresolved.look.problem?.kind, 'unresolved');
  assert.deepEqual(unresolved.steps, []);
  for (const pathAliases of [['hdfs://old:20500/warehouse/t2'], ['hdfs://old:20500/ware'], ['/warehouse/t']]) {
    const { look } = await walkAll({ ...made, location: { ...location, pathAliases } });
    assert.notEqual(look.problem, undefined, pathAliases.join());
  }
  const pathAliases = ['hdfs://old:20500/', 'hdfs://old:20500/warehouse/t/'];
  const { look, steps } = await walkAll({ ...made, location: { ...location, pathAliases } });
  assert.equal(look.problem, undefined);
  assert.deepEqual(
    steps.flatMap(({ closure }) => closure.map(({ name }) => name)),
    table.liveNames,
  );
});

test('a table without files is judged by its location', async () => {
  const { table, ...made } = setUp({ writtenRoot: 'gs://other/t' });
  made.files.apply(table.create());
  assert.deepEqual((await walkAll(made)).look.problem, { kind: 'unresolved', path: 'gs://other/t' });
});

test('a foreign path deep in the table surfaces in the walk', async () => {
  const made = setUp();
  const { table, files } = made;
  files.apply(table.append(1));
  const foreign = new IcebergGenerator({ bucket: 'lake', prefix: 't/', writtenRoot: 'gs://other/t' });
  const upload = foreign.append(1);
  const manifest = upload.find(({ name }) => /-m\d\.avro$/.test(name))?.bytes ?? Buffer.alloc(0);
  const [to] = (await made.format.look(location, files, undefined)).versions;
  const own = files.names().find((name) => /-m\d\.avro$/.test(name)) ?? '';
  files.put(own, manifest);
  assert.ok(to);
  await assert.rejects(walkStep(made, undefined, to), (error) => {
    return error instanceof TableLogError && error.problem.kind === 'unresolved';
  });
  assert.equal((await walkAll(made)).look.problem?.kind, 'unresolved');
});

test('two files of one number: the later one is the version', async () => {
  const made = setUp({ naming: 'catalog' });
  const { table, files } = made;
  files.apply(table.append(1));
  const rival = Buffer.from(await files.read(table.metadataName)).toString();
  const later = 't/metadata/00001-00000000-0000-4000-8000-00000000000f.metadata.json';
  files.put(later, rival.replace('"last-updated-ms":1700000000001', '"last-updated-ms":1700000000009'));
  const { steps } = await walkAll(made);
  assert.deepEqual(
    steps.map(({ version }) => version.visibility),
    [later],
  );
});

test('names: roots, control names, strays and probes', () => {
  const format = new IcebergFormat();
  const uuid = '0acbcf27-b372-4bd0-929f-a5865a59f3dd';
  assert.equal(format.recognise('a/b/metadata/v3.metadata.json'), 'a/b/');
  assert.equal(format.recognise('metadata/v3.gz.metadata.json'), '');
  assert.equal(format.recognise(`a/metadata/metadata/00003-${uuid}.metadata.json`), 'a/metadata/');
  for (const leaf of [
    'v3.1.metadata.json',
    'version-hint.text',
    'v.metadata.json',
    '00003-x.metadata.json',
    'v3.json',
  ]) {
    assert.equal(format.recognise(`a/metadata/${leaf}`), undefined, leaf);
  }
  assert.equal(format.recognise('v3.metadata.json'), undefined);
  assert.ok(format.isControl(location, 't/metadata/x') && !format.isControl(location, 't/data/metadata/x'));
  const cursor = { ordinal: '9', label: 'v9.metadata.json' };
  const isStray = (leaf: string) =>
    format.isStray(location, { name: `t/metadata/${leaf}`, generation: 1n, size: 1, updatedMs: 1 }, cursor);
  assert.deepEqual(
    ['v10.metadata.json', 'version-hint.text', '.v10.metadata.json.crc', 'v2.metadata.json', 'v3.1.metadata.json'].map(
      isStray,
    ),
    [false, false, true, true, true],
  );
  assert.deepEqual(format.probes(location, cursor), [
    { kind: 'get', name: 't/metadata/v10.metadata.json' },
    { kind: 'get', name: HINT },
  ]);
  assert.deepEqual(format.probes(location, { ordinal: '9', label: `00009-${uuid}.metadata.json` }), [
    { kind: 'list', prefix: 't/metadata/', startAfter: 't/metadata/00010-' },
  ]);
});

test('behind by more than a look: the newest versions are named, the older ones go with the first', async () => {
  const made = setUp();
  const { table, files } = made;
  files.apply(table.append(1));
  for (let n = 0; n < 250; n += 1) files.apply(table.setProperty());
  const { look, steps } = await walkAll(made);
  assert.equal(look.versions.length, 200);
  assert.equal(look.versions[0]?.cursor.ordinal, '52');
  assert.equal(steps[0]?.control.filter((name) => name.endsWith('.metadata.json')).length, 52);
  assert.equal(steps[0]?.closure.length, 1);
});

test('a manifest list that comes while its version is gathered does not make the version whole', async () => {
  const { format, files, table } = setUp();
  const upload = table.append(3);
  const list = upload.find(({ name }) => name.includes('/snap-'));
  assert.ok(list !== undefined);
  files.apply(upload);
  const look = await format.look(location, files, undefined);
  const to = look.versions.at(-1);
  assert.ok(to !== undefined);
  const step = await format.step(location, files, { from: undefined, to });
  files.remove(list.name);
  await collect(step.control());
  files.apply([list]);
  const unread = (await collect(step.closure())).filter((ref) => ref.unread === true);
  assert.deepEqual(unread, [{ name: list.name, unread: true }]);
  const again = await format.step(location, files, { from: undefined, to });
  const control = await collect(again.control());
  const manifest = upload.find(({ name }) => name.endsWith('.avro') && name !== list.name);
  assert.ok(control.includes(manifest?.name ?? ''));
  assert.ok((await collect(again.closure())).every((ref) => ref.unread !== true));
});
