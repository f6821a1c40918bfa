/** What a look at a log offers: in order, late, cleaned, damaged, far behind, and attachments. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { DeltaScenario } from '../../../test/support/generate-delta.ts';
import { MemoryTableFiles } from '../../../test/support/memory-table-files.ts';
import { collect, missingOf, walkAll, walkStep } from '../../../test/support/walk-table.ts';
import type { TableCursor, TableLocation, TableVersion } from '../port.ts';
import { DeltaFormat } from './delta-format.ts';

const PREFIX = 'lake/orders/';
const location: TableLocation = { bucket: 'b', prefix: PREFIX, format: 'delta' };

function setUp(readerFeatures: readonly string[] = []) {
  const files = new MemoryTableFiles();
  const table = new DeltaScenario({ prefix: PREFIX, readerFeatures });
  const format = new DeltaFormat();
  const walk = { format, location, files };
  const look = (from?: TableCursor) => format.look(location, files, from);
  const labels = async (from?: TableCursor) => (await look(from)).versions.map(describe);
  /** Publishes all that is offered and whole, one after the other. */
  const publish = async (from?: TableCursor): Promise<TableCursor | undefined> => {
    let cursor = from;
    for (let round = 0; round < 1000; round += 1) {
      const { versions } = await look(cursor);
      const [next] = versions;
      if (next === undefined) return cursor;
      if ((await missingOf(files, await walkStep(walk, cursor, next))).length > 0) return cursor;
      cursor = next.cursor;
    }
    throw new Error('it never ends');
  };
  return { files, table, format, walk, look, labels, publish };
}

const describe = ({ kind, cursor }: TableVersion) => (kind === 'commit' ? cursor.label : `${kind} ${cursor.label}`);

test('a log that reaches back to 0 is offered from 0, each version by itself', async () => {
  const { files, table, labels, look } = setUp();
  assert.deepEqual(await labels(), []);
  for (let version = 0; version < 12; version += 1) files.apply(table.append());
  assert.deepEqual(await labels(), [...Array(12).keys()].map(String));
  const [first, , third] = (await look()).versions;
  assert.deepEqual(
    await labels(first?.cursor),
    [...Array(11).keys()].map((version) => String(version + 1)),
  );
  assert.equal(third?.visibility, table.entry(2));
});

test('entries may come in any order: a hole is awaited by name', async () => {
  const { files, table, labels, look, walk, publish } = setUp();
  const commits = [table.append(), table.append(), table.append()];
  files.apply(commits[0] ?? []).apply(commits[2] ?? []);
  assert.deepEqual(await labels(), ['0', '1']);
  const [first, hole] = (await look()).versions;
  assert.ok(first && hole);
  assert.deepEqual(await missingOf(files, await walkStep(walk, first.cursor, hole)), [table.entry(1)]);
  files.apply(commits[1] ?? []);
  assert.equal((await publish())?.label, '2');
});

test('a log without its first entry and without a checkpoint waits for the entry', async () => {
  const { files, table, look, walk } = setUp();
  table.append();
  files.apply(table.append());
  const { versions, problem } = await look();
  assert.equal(problem, undefined);
  assert.equal(versions.length, 1);
  const step = await walkStep(walk, undefined, versions[0] as TableVersion);
  assert.deepEqual(await missingOf(files, step), [table.entry(0)]);
});

for (const form of ['classic', 'multiPart', 'v2Json', 'v2Parquet', 'v2Classic'] as const) {
  test(`a cleaned log starts at its newest complete checkpoint (${form})`, async () => {
    const { files, table, walk, publish, format } = setUp(form.startsWith('v2') ? ['v2Checkpoint'] : []);
    for (let version = 0; version < 5; version += 1) files.apply(table.append(2));
    files.apply(table.checkpoint(form));
    for (let version = 5; version < 8; version += 1) files.apply(table.append()).apply(table.remove());
    files.apply(table.cleanLog(4));
    const { look, steps } = await walkAll(walk);
    assert.deepEqual(look.versions.map(describe), ['4', '5', '6', '7', '8', '9', '10']);
    assert.deepEqual(look.warnings, []);
    for (const step of steps) assert.deepEqual(await missingOf(files, step), []);
    const [first] = steps;
    const mains = first?.control.filter((name) => name.includes('.checkpoint')) ?? [];
    assert.equal(mains.length, form === 'multiPart' ? 3 : 1);
    assert.deepEqual(first?.control.slice(-1), [table.entry(4)], 'checkpoint before its entry');
    assert.equal(first?.closure.length, 10);
    const newest = await publish();
    assert.equal(newest?.label, '10');
    assert.ok(newest);
    const live = await collect(format.live(location, files, newest));
    assert.deepEqual(new Set(live.map(({ name }) => name).filter((name) => /part-/.test(name))), table.live);
  });

  test(`an incomplete checkpoint is not published; a cleaned log waits for its missing part (${form})`, async () => {
    const { files, table, look, walk } = setUp(form.startsWith('v2') ? ['v2Checkpoint'] : []);
    for (let version = 0; version < 5; version += 1) files.apply(table.append(2));
    const checkpoint = table.checkpoint(form);
    for (const late of checkpoint) {
      files.apply(checkpoint).remove(late.name);
      const { steps } = await walkAll(walk);
      const names = steps.flatMap(({ control }) => control);
      assert.deepEqual(
        names.filter((name) => /checkpoint|_sidecars/.test(name)),
        [],
      );
    }
    const [late] = checkpoint;
    assert.ok(late);
    files.apply(checkpoint).apply(table.cleanLog(4)).remove(late.name);
    files.apply(table.append());
    const [version] = (await look()).versions;
    if (form === 'classic') return assert.equal(version?.cursor.label, '0');
    assert.equal(version?.cursor.label, '4');
    const step = await walkStep(walk, undefined, version as TableVersion);
    assert.deepEqual(await missingOf(files, step), [late.name]);
  });
}

test('a checkpoint may come before its entry: the entry decides', async () => {
  const { files, table, labels, publish, walk, look } = setUp();
  files.apply(table.append());
  const cursor = await publish();
  const entry = table.append();
  files.apply(table.checkpoint());
  assert.deepEqual(await labels(cursor), []);
  files.apply(entry);
  const [next] = (await look(cursor)).versions;
  const step = await walkStep(walk, cursor, next as TableVersion);
  assert.equal(step.control.length, 2);
  assert.equal(step.control.at(-1), table.entry(1));
});

test('a late checkpoint is attached, its hint with it, never before it', async () => {
  const { files, table, labels, publish, walk, look } = setUp();
  for (let version = 0; version < 3; version += 1) files.apply(table.append());
  const checkpoint = table.checkpoint('multiPart');
  const hint = table.hint();
  files.apply(table.append()).apply(hint);
  const cursor = await publish();
  assert.equal(cursor?.label, '3');
  files.apply(checkpoint.slice(0, 2));
  assert.deepEqual(await labels(cursor), []);
  files.apply(checkpoint.slice(2));
  const [attachment] = (await look(cursor)).versions;
  assert.ok(attachment);
  assert.equal(describe(attachment), 'attachment 3');
  const step = await walkStep(walk, cursor, attachment);
  assert.deepEqual(
    step.control,
    [...checkpoint, ...hint].map(({ name }) => name),
  );
  assert.deepEqual(step.closure, []);
  assert.deepEqual(await labels(attachment.cursor), []);
});

test('an attachment stands before the versions after it', async () => {
  const { files, table, labels, publish } = setUp();
  files.apply(table.append());
  const checkpoint = table.checkpoint();
  const cursor = await publish();
  files.apply(checkpoint).apply(table.append());
  assert.deepEqual(await labels(cursor), ['attachment 0', '1']);
});

test('a hint that moves back at the source, or does not parse, stays as it was', async () => {
  const { files, table, labels, publish, look } = setUp();
  files.apply(table.append()).apply(table.checkpoint()).apply(table.hint());
  files.apply(table.append()).apply(table.checkpoint()).apply(table.hint());
  const cursor = await publish();
  assert.deepEqual(await labels(cursor), []);
  files.apply(table.hint(0));
  assert.deepEqual(await labels(cursor), []);
  files.put(table.log('_last_checkpoint'), '{"version":1,');
  const after = await look(cursor);
  assert.deepEqual(after.versions, []);
  assert.match(after.warnings.join(), /does not parse/);
  files.apply(table.append()).apply(table.checkpoint()).apply(table.hint());
  assert.deepEqual(await labels(cursor), ['2']);
});

test('a hint naming parts waits for the checkpoint in parts', async () => {
  const { files, table, publish, look, walk } = setUp();
  files.apply(table.append());
  const parts = table.checkpoint('multiPart');
  files.apply(table.hint()).apply(table.checkpoint('classic'));
  const cursor = await publish();
  files.apply(parts);
  const [attachment] = (await look(cursor)).versions;
  const step = await walkStep(walk, cursor, attachment as TableVersion);
  assert.equal(step.control.length, 4);
  assert.match(step.control.at(-1) ?? '', /_last_checkpoint$/);
});

test('log clean-up at the source beyond the cursor: the next checkpoint is jumped to', async () => {
  const { files, table, look, publish, walk, format } = setUp();
  for (let version = 0; version < 3; version += 1) files.apply(table.append());
  const cursor = await publish();
  for (let version = 3; version < 9; version += 1) files.apply(table.append());
  files.apply(table.checkpoint()).apply(table.append()).apply(table.cleanLog(8));
  const { versions, problem } = await look(cursor);
  assert.equal(problem, undefined);
  assert.deepEqual(versions.map(describe), ['8', '9']);
  const step = await walkStep(walk, cursor, versions[1] as TableVersion);
  assert.deepEqual(new Set(step.closure.map(({ name }) => name)), table.live);
  assert.deepEqual(await missingOf(files, step), []);
  const after = await publish(cursor);
  assert.equal(after?.label, '9');
  assert.ok(after);
  const stray = { name: table.entry(5), generation: 1n, size: 1, updatedMs: 1 };
  assert.ok(format.isStray(location, stray, after), 'an entry below the checkpoint misleads nobody');
  assert.ok(!format.isStray(location, { ...stray, name: table.entry(8) }, after));
});

test('a hole below a complete checkpoint is passed, with the older versions kept on offer', async () => {
  const { files, table, labels, publish } = setUp();
  for (let version = 0; version < 6; version += 1) files.apply(table.append());
  files.apply(table.checkpoint()).apply(table.append());
  files.remove(table.entry(3));
  assert.deepEqual(await labels(), ['0', '1', '2', '5', '6']);
  assert.equal((await publish())?.label, '6');
});

test('an entry that does not parse holds the table there', async () => {
  const { files, table, look } = setUp();
  for (let version = 0; version < 3; version += 1) files.apply(table.append());
  const whole = files.bytesOf(table.entry(2));
  for (const bad of [whole.subarray(0, whole.length - 9), Buffer.from('{}\nnull\n'), Buffer.from('')]) {
    files.put(table.entry(2), bad);
    const { versions, problem } = await look();
    assert.deepEqual(versions.map(describe), ['0', '1']);
    assert.ok(problem?.kind === 'broken' && problem.name === table.entry(2));
  }
  files.apply(table.append()).apply(table.checkpoint());
  const { versions, problem, warnings } = await look();
  assert.equal(problem, undefined, 'a checkpoint leads past it');
  assert.deepEqual(versions.map(describe), ['0', '1', '3']);
  assert.match(warnings.join(), /passed by a checkpoint/);
});

test('a damaged checkpoint is not published', async () => {
  const { files, table, look, walk } = setUp();
  files.apply(table.append());
  const [checkpoint] = table.checkpoint();
  assert.ok(checkpoint?.bytes);
  files.put(checkpoint.name, checkpoint.bytes.subarray(0, checkpoint.bytes.length - 3)).apply(table.hint());
  const { versions, problem, warnings } = await look();
  assert.equal(problem, undefined);
  assert.equal(warnings.length, 1);
  const step = await walkStep(walk, undefined, versions[0] as TableVersion);
  assert.deepEqual(step.control, [table.entry(0)]);
});

test('an unknown reader feature is refused by name, in entries and in checkpoints', async () => {
  const strange = setUp(['deletionVectors', 'timeTravelInSpace']);
  strange.files.apply(strange.table.append());
  const { versions, problem } = await strange.look();
  assert.deepEqual(versions, []);
  assert.ok(problem?.kind === 'broken');
  assert.match(problem.message, /timeTravelInSpace/);
  strange.files.apply(strange.table.append()).apply(strange.table.checkpoint()).apply(strange.table.cleanLog(1));
  const cleaned = await strange.look();
  assert.match(cleaned.warnings.join(), /timeTravelInSpace/);
  const catalog = setUp(['catalogManaged']);
  catalog.files.apply(catalog.table.append());
  const refused = (await catalog.look()).problem;
  assert.ok(refused?.kind === 'broken');
  assert.match(refused.message, /catalog/);
});

test('a foreign absolute path is refused, naming it', async () => {
  const { files, table, look } = setUp();
  files.apply(table.append());
  files.put(table.entry(1), '{"add":{"path":"gs://elsewhere/t/x.parquet","size":1}}\n');
  const { versions, problem } = await look();
  assert.deepEqual(versions.map(describe), ['0']);
  assert.ok(problem?.kind === 'broken');
  assert.match(problem.message, /gs:\/\/elsewhere\/t\/x\.parquet lies outside gs:\/\/b\/lake\/orders\//);
});

test('a table made anew in the same place is held; the same bytes written again are not', async () => {
  const { files, table, look, labels, publish } = setUp();
  for (let version = 0; version < 3; version += 1) files.apply(table.append());
  const cursor = await publish();
  files.put(table.entry(2), files.bytesOf(table.entry(2)));
  assert.deepEqual(await labels(cursor), []);
  files.put(table.entry(2), files.bytesOf(table.entry(1)));
  assert.equal((await look(cursor)).problem?.kind, 'broken');
  files.remove(table.entry(2));
  assert.equal((await look(cursor)).problem?.kind, 'broken');
  for (const version of [0, 1]) files.remove(table.entry(version));
  assert.equal((await look(cursor)).problem, undefined, 'a table that is gone is not broken');
});

test('far behind, the newest version is offered too, and few names are looked at', async () => {
  const { files, table, look, walk } = setUp();
  for (let version = 0; version < 700; version += 1) {
    files.apply(version % 3 === 2 ? table.remove() : table.append());
    if (version % 50 === 49) files.apply(table.checkpoint());
  }
  files.apply(table.vacuum());
  const { versions, more } = await look();
  assert.equal(more, true);
  assert.deepEqual(versions.slice(0, 100).map(describe), [...Array(100).keys()].map(String));
  assert.deepEqual(versions.slice(100).map(describe), ['699']);
  const step = await walkStep(walk, undefined, versions.at(-1) as TableVersion);
  assert.deepEqual(await missingOf(files, step), []);
  assert.deepEqual(new Set(step.closure.map(({ name }) => name)), table.live);
  assert.equal(step.control.filter((name) => name.endsWith('.json')).length, 700);
  const state = JSON.stringify(versions.at(-1)?.cursor.state);
  assert.ok(state.length < 4096, `a cursor of ${state.length} bytes`);
  const [attachment, ...rest] = (await look(versions.at(-1)?.cursor)).versions;
  assert.deepEqual([attachment?.kind, rest], ['attachment', []], 'checkpoints that were passed over follow');
  assert.deepEqual((await look(attachment?.cursor)).versions, []);
});

test('cursors stay below 8 KiB with a UUID-named checkpoint at every version', async () => {
  const { files, table, publish } = setUp(['v2Checkpoint']);
  for (let version = 0; version < 60; version += 1) {
    files.apply(table.append()).apply(table.checkpoint('v2Json', 1)).apply(table.hint());
  }
  const cursor = await publish();
  assert.equal(cursor?.label, '59');
  assert.ok(JSON.stringify(cursor).length < 4096);
});

test('each entry is read once however often the log is looked at', async () => {
  const { files, table, look } = setUp();
  for (let version = 0; version < 20; version += 1) files.apply(table.append());
  await look();
  const read = files.bytesRead;
  await look();
  assert.equal(files.bytesRead, read);
});
