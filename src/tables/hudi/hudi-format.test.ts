import assert from 'node:assert/strict';
import test from 'node:test';
import { HudiGenerator, type HudiOptions } from '../../../test/support/generate-hudi.ts';
import { MemoryTableFiles } from '../../../test/support/memory-table-files.ts';
import { ModelSite } from '../../../test/support/model-site.ts';
import { collect, missingOf, walkAll, walkNewest, walkStep } from '../../../test/support/walk-table.ts';
import { type TableLocation, TableLogError } from '../port.ts';
import { HudiFormat } from './hudi-format.ts';
import { parseDataFile, parseInstant } from './names.ts';
import { reachOf } from './reach.ts';
import { parseProperties, readTable } from './read-properties.ts';
import { readTimeline } from './timeline.ts';

const location: TableLocation = { bucket: 'lake', prefix: 't/', format: 'hudi' };
const PROPERTIES = 't/.hoodie/hoodie.properties';

function setUp(options: Partial<HudiOptions> = {}) {
  const table = new HudiGenerator({ prefix: 't/', layout: 2, type: 'COPY_ON_WRITE', ...options });
  const files = new MemoryTableFiles().apply(table.create());
  return { format: new HudiFormat(), location, files, table };
}

const leaf = (name: string) => name.slice(name.lastIndexOf('/') + 1);

test('names of instants, in both layouts', () => {
  const cases: readonly (readonly [string, 1 | 2, string | undefined])[] = [
    ['20240707001301554.commit', 1, 'commit completed'],
    ['20240707001301554.commit.requested', 1, 'commit requested'],
    ['20240707001301554.inflight', 1, 'commit inflight'],
    ['20240707001301554.deltacommit.inflight', 1, 'deltacommit inflight'],
    ['20240707001301554_20240707001301999.commit', 2, 'commit completed'],
    ['20240707001301554.inflight', 2, 'commit inflight'],
    ['20240707001301554.clustering.requested', 2, 'clustering requested'],
    ['20240707001301554.commit', 2, undefined],
    ['hoodie.properties', 1, undefined],
    ['20240707001301554_20240707001301999.commit', 1, undefined],
  ];
  for (const [name, layout, expected] of cases) {
    const parsed = parseInstant(name, layout);
    assert.equal(parsed && `${parsed.action} ${parsed.state}`, expected, name);
  }
});

test('names of data files', () => {
  const file = (name: string) => parseDataFile(name);
  assert.deepEqual(file('4f26-0_0-95-135_20240707001302376.parquet'), {
    fileId: '4f26-0',
    ts: '20240707001302376',
    isBase: true,
  });
  assert.deepEqual(file('.files-0000-0_00000000000000000.log.1_0-0-0'), {
    fileId: 'files-0000-0',
    ts: '00000000000000000',
    isBase: false,
  });
  assert.equal(file('.a-0_20240707001302376.log.1_0-1-2.cdc')?.isBase, false);
  for (const name of ['.hoodie_partition_metadata', 'part-00000.parquet', '_SUCCESS', '.a.crc']) {
    assert.equal(file(name), undefined, name);
  }
});

test("properties are read as Java's", async () => {
  const text = '#c\n! c\n a\\ b = x\\:y \\\n   z\r\nk\\u0041:v\n\nempty=\nbare\nt=a\\tb\n';
  assert.deepEqual(
    [...parseProperties(text)],
    [
      ['a b', 'x:y z'],
      ['kA', 'v'],
      ['empty', ''],
      ['bare', ''],
      ['t', 'a\tb'],
    ],
  );
  const files = new MemoryTableFiles().put(`${PROPERTIES}.backup`, 'hoodie.table.version=6\n');
  const reading = await readTable(files, 't/');
  assert.ok(reading.kind === 'table' && reading.table.layout === 1, 'the backup counts while the file is gone');
});

test('unknown table versions are broken; a table without a version is an old one', async () => {
  for (const [text, expected] of [
    ['hoodie.table.version=10\nhoodie.timeline.layout.version=2', 'problem'],
    ['hoodie.table.version=7\nhoodie.timeline.layout.version=1', 'problem'],
    ['hoodie.table.version=6\nhoodie.timeline.layout.version=2', 'problem'],
    ['hoodie.table.version=x', 'problem'],
    ['hoodie.table.name=old', 'table'],
    ['hoodie.table.version=9', 'table'],
  ] as const) {
    const files = new MemoryTableFiles().put(PROPERTIES, text);
    assert.equal((await readTable(files, 't/')).kind, expected, text);
    const look = await new HudiFormat().look(location, files, undefined);
    assert.equal(look.problem?.kind, expected === 'problem' ? 'broken' : undefined);
  }
});

test('roots, control names, and what is never listed', () => {
  const format = new HudiFormat();
  assert.equal(format.recognise('a/b/.hoodie/hoodie.properties'), 'a/b/');
  assert.equal(format.recognise('.hoodie/hoodie.properties'), '');
  assert.equal(format.recognise('a/.hoodie/metadata/.hoodie/hoodie.properties'), undefined);
  assert.equal(format.recognise('a/.hoodie/hoodie.properties.backup'), undefined);
  assert.ok(format.isControl(location, 't/.hoodie/x') && !format.isControl(location, 't/p/.hoodie_partition_metadata'));
  const never = (name: string) => format.isNeverListed(location, `t/.hoodie/${name}`);
  assert.deepEqual(
    ['.temp/x', '.heartbeat/1', 'table.lock', '.locks/a', '.aux/.sample_writes/x', 'metadata/.hoodie/.temp/x'].map(
      never,
    ),
    [true, true, true, true, true, true],
  );
  assert.deepEqual(
    ['hoodie.properties', '.aux/.bootstrap/x', 'archived/a', 'metadata/files/.f', 'timeline/1_2.commit'].map(never),
    [false, false, false, false, false],
  );
});

test('versions come in order of completion, whatever the order they began in', async () => {
  const { format, files, table } = setUp();
  const [early, late] = [table.insert(), table.insert()];
  // The first insert completes last: its completed file gets a later completion.
  const rename = (name: string) => name.replace(/_\d+\.commit$/, '_20260102999999999.commit');
  files.apply(late).apply(early.map((file) => ({ ...file, name: rename(file.name) })));
  const { steps } = await walkAll({ format, location, files });
  assert.deepEqual(
    steps.map(({ version }) => leaf(version.visibility)),
    [leaf(late.at(-1)?.name ?? ''), rename(leaf(early.at(-1)?.name ?? ''))],
  );
});

test('layout 1 orders by the time the completed file was stored', async () => {
  const { format, files, table } = setUp({ layout: 1 });
  const [early, late] = [table.insert(), table.insert()];
  files.apply(early.slice(0, -1)).apply(late).apply(early.slice(-1));
  const { look } = await walkAll({ format, location, files });
  assert.deepEqual(
    look.versions.map(({ visibility }) => visibility),
    [late.at(-1)?.name, early.at(-1)?.name],
  );
});

test('a step needs base files and partition metadata; requested, then inflight, then completed', async () => {
  const { table, ...walk } = setUp();
  const upload = table.insert();
  walk.files.apply(upload);
  const step = await walkNewest(walk);
  assert.ok(step);
  assert.deepEqual(
    step.control.map((name) => leaf(name).replace(/^[\d_]+\./, '')),
    ['hoodie.properties', 'commit.requested', 'inflight', 'commit'],
  );
  for (const { name, bytes } of upload.filter((file) => !file.name.includes('/.hoodie/'))) {
    walk.files.remove(name);
    const without = await walkNewest(walk);
    assert.deepEqual(without && (await missingOf(walk.files, without)), [name]);
    walk.files.put(name, bytes ?? '');
  }
});

test('a jump asks only for what the newest slices need', async () => {
  const { table, ...walk } = setUp();
  for (const upload of [table.insert(), table.update(), table.update(), table.overwrite()]) walk.files.apply(upload);
  const jump = await walkNewest(walk);
  assert.ok(jump);
  const needed = jump.closure.filter(({ name, history }) => history !== true && name.endsWith('.parquet'));
  assert.deepEqual(new Set(needed.map(({ name }) => name)), new Set(table.liveNames));
  walk.files.apply(table.clean());
  const cleaned = await walkNewest(walk);
  assert.deepEqual(cleaned && (await missingOf(walk.files, cleaned)), []);
});

test('past its budget of groups the walk still marks the same files as history', async () => {
  const { table, files } = setUp({ type: 'MERGE_ON_READ' });
  for (const upload of [table.insert(40), table.update(), table.overwrite(), table.update()]) files.apply(upload);
  const reading = await readTable(files, 't/');
  assert.ok(reading.kind === 'table');
  const timeline = await readTimeline(reading.table, (prefix, after) => files.list(prefix, after));
  const refs = async (groupsMax: number) => {
    const list = await collect(reachOf({ files, table: reading.table, timeline, groupsMax }, timeline.completed));
    return new Set(list.map(({ name, history }) => `${name} ${history === true}`));
  };
  const whole = await refs(50_000);
  assert.ok([...whole].filter((each) => each.endsWith('true')).length > 100);
  assert.deepEqual(await refs(8), whole);
});

test('logs under a pending compaction come with its plan', async () => {
  const { table, ...walk } = setUp({ layout: 1, type: 'MERGE_ON_READ' });
  walk.files.apply(table.insert());
  const from = (await walkAll(walk)).look.versions.at(-1)?.cursor;
  const plan = table.scheduleCompaction();
  walk.files.apply(plan).apply(table.update());
  const step = await walkNewest(walk, from);
  assert.ok(step);
  assert.ok(step.control.includes(plan[0]?.name ?? ''));
  assert.ok(step.control.indexOf(plan[0]?.name ?? '') < step.control.length - 1);
});

test('rolled back logs are matched by partition and base name, not by their foreign paths', async () => {
  const { table, ...walk } = setUp({ layout: 1, type: 'MERGE_ON_READ' });
  walk.files.apply(table.insert());
  const failed = table.failedWrite().filter(({ name }) => name.includes('.log.'));
  walk.files.apply(failed);
  const from = (await walkAll(walk)).look.versions.at(-1)?.cursor;
  const rollback = table.rollback();
  walk.files.apply(rollback);
  const step = await walkNewest(walk, from);
  const block = rollback.find(({ name }) => name.includes('.log.'))?.name;
  assert.deepEqual(new Set(step?.closure.map(({ name }) => name)), new Set([block, failed[0]?.name]));
});

test('the metadata table goes with the data instant, and its absence is lateness', async () => {
  const { table, ...walk } = setUp({ hasMetadataTable: true });
  const upload = table.insert();
  walk.files.apply(upload);
  const step = await walkNewest(walk);
  assert.ok(step);
  const inMetadata = upload.filter(({ name }) => name.startsWith('t/.hoodie/metadata/')).map(({ name }) => name);
  for (const name of inMetadata) assert.ok(step.control.indexOf(name) < step.control.indexOf(step.version.visibility));
  assert.ok(step.control.includes(PROPERTIES));
  const instant = inMetadata.find((name) => /_\d+\.deltacommit$/.test(name)) ?? '';
  walk.files.remove(instant);
  const late = await walkNewest(walk);
  const missing = late === undefined ? [] : await missingOf(walk.files, late);
  assert.ok(
    missing.some((name) => instant.startsWith(name.replace(/\.deltacommit$/, '_'))),
    missing.join(),
  );
});

test('a completed instant that does not parse breaks the table', async () => {
  for (const [layout, damage] of [
    [1, '{"partitionToWriteStats": {'],
    [2, 'Obj\x01 not Avro'],
  ] as const) {
    const { table, ...walk } = setUp({ layout });
    const upload = table.insert();
    walk.files.apply(upload).put(upload.at(-1)?.name ?? '', damage);
    const [to] = (await walk.format.look(location, walk.files, undefined)).versions;
    assert.ok(to);
    await assert.rejects(walkStep(walk, undefined, to), (error) => {
      return error instanceof TableLogError && error.problem.kind === 'broken' && error.problem.name === to.visibility;
    });
  }
});

test('settings that change alone are an attachment, once', async () => {
  const { table, format, files } = setUp();
  const site = new ModelSite(format, location, files);
  files.apply(table.insert());
  await site.sync();
  files.apply(table.setProperty());
  const steps = await site.sync();
  assert.deepEqual(
    steps.map(({ version, control }) => [version.kind, control]),
    [['attachment', [PROPERTIES]]],
  );
  assert.deepEqual(await site.sync(), []);
});

test('the pointer of the history never goes back, and waits for its manifest and files', async () => {
  const { table, format, files } = setUp();
  const site = new ModelSite(format, location, files);
  const POINTER = 't/.hoodie/timeline/history/_version_';
  const shown = () => Buffer.from(site.published.get(POINTER)?.bytes ?? Buffer.from('none')).toString();
  for (let n = 0; n < 4; n += 1) files.apply(table.insert());
  await site.sync();
  const first = table.archive(3).filter(({ bytes }) => bytes !== undefined);
  files.apply(first.filter(({ name }) => name === POINTER));
  await site.sync();
  assert.equal(shown(), 'none');
  files.apply(first);
  await site.sync();
  assert.equal(shown(), '1');
  files.apply(table.archive(2).filter(({ bytes }) => bytes !== undefined));
  await site.sync();
  assert.equal(shown(), '2');
  files.put(POINTER, '1');
  await site.sync();
  assert.equal(shown(), '2');
});

test('a tail listing starts before the oldest action under way', async () => {
  const { table, format, files } = setUp();
  files.apply(table.insert());
  const pending = table.insert().filter(({ name }) => name.endsWith('.commit.requested'));
  files.apply(pending).apply(table.insert());
  const cursor = (await format.look(location, files, undefined)).versions.at(-1)?.cursor;
  const ts = /(\d+)\.commit\.requested$/.exec(pending[0]?.name ?? '')?.[1];
  assert.deepEqual(format.probes(location, cursor), [
    { kind: 'list', prefix: 't/.hoodie/timeline/', startAfter: `t/.hoodie/timeline/${ts}` },
  ]);
  assert.ok(cursor !== undefined && JSON.stringify(cursor).length < 1_000);
});

test('requested files may be listed by themselves; completed ones, settings and archives may not', async () => {
  const { table, format, files } = setUp({ hasMetadataTable: true });
  files.apply(table.insert());
  const cursor = (await format.look(location, files, undefined)).versions.at(-1)?.cursor;
  assert.ok(cursor);
  const isStray = (name: string) => {
    return format.isStray(location, { name: `t/.hoodie/${name}`, generation: 1n, size: 1, updatedMs: 1 }, cursor);
  };
  for (const name of ['timeline/9.commit.requested', '.x.crc', 'metadata/files/.f_1.log.1_0-0-0']) {
    assert.ok(isStray(name), name);
  }
  for (const name of [
    'timeline/9_10.commit',
    'metadata/.hoodie/timeline/9_10.deltacommit',
    'hoodie.properties',
    '.index_defs/index.json',
    'timeline/history/_version_',
    'metadata/.hoodie/hoodie.properties',
  ]) {
    assert.ok(!isStray(name), name);
  }
});
