import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, type LakeFixture, lakeFixture } from '../../test/support/lake-fixture.ts';
import { generation } from '../model/ids.ts';
import type { CrashPoint } from '../runtime/crash-points.ts';
import { jsonLogger } from '../runtime/logger.ts';
import type { MetadataStore } from '../stores/metadata/port.ts';
import { ObjectLifecycle } from './object-lifecycle.ts';
import { decodeBucket, encodeBucket } from './rows/bucket-row.ts';
import { decodeJournal, type ObjectRecord } from './rows/journal.ts';
import { allLifecycles, bucketKey } from './rows/keys.ts';
import { decodeLifecycle } from './rows/lifecycle-row.ts';
import { eventsOf } from './rules/object-events.ts';

const DAY = 86_400_000;
const remove = (condition: object) => ({ action: { type: 'Delete' }, condition });
const move = (storageClass: string, condition: object) => ({
  action: { type: 'SetStorageClass', storageClass },
  condition,
});

async function configure({ namespace }: LakeFixture, rule: readonly object[], more: object = {}): Promise<void> {
  const change = ({ storageClass }: { readonly storageClass: string }) => ({
    storageClass,
    settings: { ...more, ...(rule.length === 0 ? {} : { lifecycle: { rule } }) },
  });
  await namespace.changeBucket({ name: LAKE, preconditions: {}, change });
}

const signal = new AbortController().signal;

/** One pass over every bucket. */
const pass = ({ deps }: LakeFixture) => new ObjectLifecycle(deps, 0).turnOnce(signal);

async function names({ namespace }: LakeFixture): Promise<readonly string[]> {
  const { items } = await namespace.listObjects({ bucket: LAKE, maxResults: 1_000, versions: 'all' });
  return items.map(({ name, state }) => (state.timeDeletedMs === undefined ? name : `${name} noncurrent`));
}

async function classes({ namespace }: LakeFixture): Promise<Readonly<Record<string, string | undefined>>> {
  const { items } = await namespace.listObjects({ bucket: LAKE, maxResults: 1_000 });
  return Object.fromEntries(items.map(({ name, state }) => [name, state.storageClass]));
}

/** Entries of the lake's journal about objects. */
async function journal({ deps, namespace }: LakeFixture): Promise<readonly ObjectRecord[]> {
  const { scopeId } = await namespace.getBucket({ name: LAKE, preconditions: {} });
  const stop = new AbortController();
  const head = await deps.metadata.head(scopeId);
  const records: ObjectRecord[] = [];
  for await (const { seq, value } of deps.metadata.tail(scopeId, 0n, stop.signal)) {
    const { record } = decodeJournal(value);
    if (record.op === 'insert' || record.op === 'patch' || record.op === 'delete') records.push(record);
    if (seq === head) stop.abort();
  }
  return records;
}

test('what is old enough goes; of two rules deletion wins, and then the cheapest class', async () => {
  const lake = await lakeFixture();
  for (const name of ['tmp/a', 'b', 'c.log']) await lake.put(name, 'x');
  const later = { matchesSuffix: ['.log'], age: 1 };
  await configure(lake, [move('NEARLINE', { age: 1 }), move('COLDLINE', later), remove({ matchesPrefix: ['tmp/'] })]);
  assert.equal(await pass(lake), 1, 'only the rule without a time holds yet');
  assert.deepEqual(await names(lake), ['b', 'c.log']);
  lake.pass(DAY);
  await lake.put('tmp/young', 'y');
  assert.equal(await pass(lake), 3);
  assert.deepEqual(await classes(lake), { b: 'NEARLINE', 'c.log': 'COLDLINE' });
  assert.equal(await pass(lake), 0, 'what was done asks for nothing more');

  const { state } = await lake.get('b');
  assert.equal(state.metageneration, 2n);
  assert.equal(state.timeStorageClassUpdatedMs, lake.deps.clock.nowMs());
  assert.equal(state.timeCreatedMs, state.timeStorageClassUpdatedMs - DAY);
  const entries = (await journal(lake)).filter(({ op }) => op !== 'insert');
  assert.deepEqual(
    entries.map(({ op, name, fate }) => [op, name, fate?.became]),
    [
      ['delete', 'tmp/a', 'gone'],
      ['patch', 'b', undefined],
      ['patch', 'c.log', undefined],
      ['delete', 'tmp/young', 'gone'],
    ],
  );
});

test('a live version becomes noncurrent, and goes in a later pass; soft delete keeps it then', async () => {
  const lake = await lakeFixture();
  const softDeletePolicy = { retentionDurationSeconds: '604800' };
  await configure(lake, [remove({ age: 1 })], { versioning: { enabled: true }, softDeletePolicy });
  await lake.put('a', 'x');
  lake.pass(DAY);
  assert.equal(await pass(lake), 1);
  assert.deepEqual(await names(lake), ['a noncurrent']);
  assert.equal(await pass(lake), 1);
  assert.deepEqual(await names(lake), []);
  const entries = await journal(lake);
  const fates = entries.flatMap(({ fate }) => fate?.became ?? []);
  assert.deepEqual(fates, ['noncurrent', 'softDeleted']);
  const told = entries.flatMap(({ state: _state, replaced: _replaced, ...entry }) =>
    eventsOf({ ...entry, generation: generation(1n) }),
  );
  assert.deepEqual(
    told.map(({ type }) => type),
    ['OBJECT_FINALIZE', 'OBJECT_ARCHIVE', 'OBJECT_DELETE'],
  );
  const deleted = await lake.namespace.listObjects({ bucket: LAKE, maxResults: 9, versions: 'softDeleted' });
  assert.equal(deleted.items[0]?.state.hardDeleteTimeMs, lake.deps.clock.nowMs() + 7 * DAY);
});

test('newer versions are counted, the live one among them, whatever the pages', async () => {
  const lake = await lakeFixture();
  await configure(lake, [remove({ numNewerVersions: 3 })], { versioning: { enabled: true } });
  for (let count = 0; count < 450; count += 1) await lake.put('a', `${count}`);
  for (let count = 0; count < 5; count += 1) await lake.put('b', `${count}`);
  await lake.remove('b');
  // Of both names the three newest versions stay: of one the live one is among them, the other has none.
  assert.equal(await pass(lake), 447 + 2);
  assert.deepEqual(await names(lake), [...Array(2).fill('a noncurrent'), 'a', ...Array(3).fill('b noncurrent')]);
  assert.equal(await lake.readText('a'), '449');
});

test('a version too few are newer than to go, and which could not go yet, gets its class all the same', async () => {
  const lake = await lakeFixture();
  const rules = [remove({ numNewerVersions: 2 }), move('ARCHIVE', { numNewerVersions: 1 })];
  await configure(lake, rules, { versioning: { enabled: true }, retentionPolicy: { retentionPeriod: '60' } });
  await lake.put('a', '1');
  await lake.put('a', '2');
  await lake.remove('a');
  assert.equal(await pass(lake), 1);
  const { items } = await lake.namespace.listObjects({ bucket: LAKE, maxResults: 9, versions: 'all' });
  assert.deepEqual(
    items.map(({ state }) => state.storageClass),
    ['ARCHIVE', 'STANDARD'],
  );
});

test('holds and retention keep a version; a class is set nevertheless', async () => {
  const lake = await lakeFixture();
  await lake.put('held', 'x', { attributes: { temporaryHold: true } });
  await lake.put('plain', 'x');
  await configure(lake, [remove({ age: 1 })], { retentionPolicy: { retentionPeriod: `${2 * 86_400}` } });
  lake.pass(DAY);
  assert.equal(await pass(lake), 0);
  lake.pass(DAY);
  assert.equal(await pass(lake), 1);
  assert.deepEqual(await names(lake), ['held']);
  await configure(lake, [move('ARCHIVE', { age: 1 })]);
  await pass(lake);
  assert.deepEqual(await classes(lake), { held: 'ARCHIVE' });
});

test('a bucket of more than 10,000 objects takes several turns and goes on where it was', async () => {
  const lake = await lakeFixture();
  const count = 10_100;
  for (let index = 0; index < count; index += 1) {
    await lake.put(`${index % 2 === 0 ? 'old' : 'keep'}/${String(index).padStart(6, '0')}`, '');
  }
  await configure(lake, [remove({ matchesPrefix: ['old/'] })]);
  let largest = 0;
  const metadata: MetadataStore = {
    ...bound(lake.deps.metadata),
    commit: (transaction) => {
      largest = Math.max(largest, transaction.writes.length);
      return lake.deps.metadata.commit(transaction);
    },
  };
  const turns: number[] = [];
  for (let left = count / 2; left > 0; left -= turns.at(-1) ?? 0) {
    // Each turn is another process: all it knows is the row.
    turns.push(await new ObjectLifecycle({ ...lake.deps, metadata }, DAY).turnOnce(signal));
    assert.ok(turns.length < 10, `${turns}`);
  }
  assert.ok(turns.length >= 2, `${turns}`);
  assert.ok(largest <= 1_000, `${largest}`);
  const { items } = await lake.namespace.listObjects({ bucket: LAKE, maxResults: 1_000, prefix: 'old/' });
  assert.deepEqual(items, []);
  const kept = await lake.namespace.listObjects({ bucket: LAKE, maxResults: 1_000, prefix: 'keep/' });
  assert.equal(kept.items.length, 1_000);
});

/** A store whose methods can be replaced one by one. */
function bound(store: MetadataStore): MetadataStore {
  return {
    get: (keys) => store.get(keys),
    scan: (range, options) => store.scan(range, options),
    snapshot: (read) => store.snapshot(read),
    commit: (transaction) => store.commit(transaction),
    tail: (name, after, until) => store.tail(name, after, until),
    head: (name) => store.head(name),
    close: () => store.close(),
  };
}

/** Runs `race` right before the first commit of a pass. */
async function passAgainst(lake: LakeFixture, race: () => Promise<unknown>): Promise<number> {
  let isDone = false;
  const metadata: MetadataStore = {
    ...bound(lake.deps.metadata),
    commit: async (transaction) => {
      if (!isDone) {
        isDone = true;
        await race();
      }
      return lake.deps.metadata.commit(transaction);
    },
  };
  return new ObjectLifecycle({ ...lake.deps, metadata }, 0).turnOnce(signal);
}

test('whoever gets in between wins: an overwrite, a hold, other rules', async () => {
  const lake = await lakeFixture();
  for (const name of ['a', 'b', 'c']) await lake.put(name, 'old');
  await configure(lake, [remove({ age: 1 })]);
  lake.pass(DAY);
  const changed = await passAgainst(lake, () => lake.put('b', 'new'));
  assert.equal(changed, 2, 'the others of the batch go all the same');
  assert.deepEqual(await names(lake), ['b']);
  assert.equal(await lake.readText('b'), 'new');

  lake.pass(DAY);
  const address = { bucket: LAKE, name: 'b' };
  const hold = { address, preconditions: {}, change: () => ({ eventBasedHold: true }) };
  assert.equal(await passAgainst(lake, () => lake.namespace.changeObject(hold)), 0);
  await lake.namespace.changeObject({ ...hold, change: () => ({}) });
  assert.equal(await passAgainst(lake, () => configure(lake, [])), 0);
  assert.deepEqual(await names(lake), ['b']);
});

test('a version is not taken for one with newer ones when the live one goes meanwhile', async () => {
  const lake = await lakeFixture();
  const old = await lake.put('a', 'old');
  await configure(lake, [remove({ numNewerVersions: 1 })], { versioning: { enabled: true } });
  const live = await lake.put('a', 'new');
  const goes = { address: { bucket: LAKE, name: 'a', generation: live.state.generation }, preconditions: {} };
  assert.equal(await passAgainst(lake, () => lake.namespace.deleteObject(goes)), 0);
  assert.deepEqual(await names(lake), ['a noncurrent']);
  assert.equal((await lake.read(old)).toString(), 'old');
});

test('a pass cut off at any crash point goes on, and does nothing twice', async () => {
  for (const point of ['lifecycle.after-batch', 'lifecycle.after-progress', 'metadata.after-commit'] as const) {
    for (let count = 1; count <= 6; count += 1) {
      const lake = await lakeFixture();
      await configure(lake, [remove({ age: 1 })], { versioning: { enabled: true } });
      for (let index = 0; index < 120; index += 1) await lake.put(`o${index}`, 'x');
      await lake.put('o7', 'y');
      lake.pass(DAY);
      await lake.put('young', 'x');
      let left = count;
      const crashPoints = {
        reach(reached: CrashPoint) {
          if (reached === point && --left === 0) throw new Error('killed');
        },
      };
      await new ObjectLifecycle({ ...lake.deps, crashPoints }, DAY).turnOnce(signal).catch(() => {});
      await new ObjectLifecycle(lake.deps, DAY).turnOnce(signal);
      const left120 = (await names(lake)).filter((name) => name !== 'young');
      assert.deepEqual(new Set(left120.map((name) => name.endsWith(' noncurrent'))), new Set([true]), point);
      assert.equal(left120.length, 120, 'o7 lost its first version for good, and each live one is noncurrent');
      const deletions = (await journal(lake)).filter(({ op }) => op === 'delete');
      assert.equal(deletions.length, 121, `${point} ${count}`);
    }
  }
});

test('a pass begins as often as it is set to, and its row goes with the rules or the bucket', async () => {
  const lake = await lakeFixture();
  const lifecycle = new ObjectLifecycle(lake.deps, DAY);
  const rows = () => lake.deps.metadata.scan(allLifecycles(), { limit: 9 });
  await configure(lake, [remove({ age: 0 })]);
  await lake.put('a', 'x');
  assert.equal(await lifecycle.turnOnce(signal), 1);
  assert.equal(decodeLifecycle((await rows())[0]?.value ?? new Uint8Array()).phase, 'ended');
  await lake.put('b', 'x');
  lake.pass(DAY - 1);
  assert.equal(await lifecycle.turnOnce(signal), 0);
  lake.pass(1);
  assert.equal(await lifecycle.turnOnce(signal), 0, 'it rests between rounds');
  lake.pass(30_000);
  assert.equal(await lifecycle.turnOnce(signal), 1);

  await configure(lake, []);
  lake.pass(30_000);
  await lifecycle.turnOnce(signal);
  assert.deepEqual(await rows(), []);
  await configure(lake, [remove({ age: 1 })]);
  lake.pass(30_000);
  await lifecycle.turnOnce(signal);
  assert.equal((await rows()).length, 1);
  await lake.namespace.deleteBucket({ name: LAKE, preconditions: {} });
  lake.pass(30_000);
  await lifecycle.turnOnce(signal);
  assert.deepEqual(await rows(), []);
});

test("a cloud's buckets are left to the cloud; rules that cannot be read are told of, and wait", async () => {
  const lake = await lakeFixture();
  await lake.put('a', 'x');
  await configure(lake, [remove({ age: 0 })]);
  const rewrite = async (change: object) => {
    const [row] = await lake.deps.metadata.get([bucketKey(LAKE)]);
    const bucket = decodeBucket(row?.value ?? new Uint8Array());
    const value = encodeBucket({ ...bucket, ...change });
    await lake.deps.metadata.commit({ checks: [], writes: [{ kind: 'put', key: bucketKey(LAKE), value }] });
    return bucket;
  };
  const { owner, settings } = await rewrite({ owner: 'cloud' });
  assert.equal(await pass(lake), 0);
  await rewrite({ owner, settings: { lifecycle: { rule: [remove({ matchesPattern: '(' })] } } });
  const lines: string[] = [];
  const logger = jsonLogger(lake.deps.clock, 'warn', (line) => lines.push(line));
  assert.equal(await new ObjectLifecycle({ ...lake.deps, logger }, 0).turnOnce(signal), 0);
  assert.match(lines.join(), /Invalid regular expression/);
  await rewrite({ settings });
  assert.equal(await pass(lake), 1);
});

test('names in folders are judged as whole names', async () => {
  const lake = await lakeFixture();
  const settings = {
    hierarchicalNamespace: { enabled: true },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
    lifecycle: { rule: [remove({ matchesSuffix: ['.tmp'], matchesPrefix: ['x/'] })] },
  };
  await lake.namespace.insertBucket({ name: 'tree', project: 'p', location: 'US', storageClass: 'STANDARD', settings });
  for (const name of ['a.tmp', 'x/y/b.tmp', 'x/y/c', 'x/d.tmp', 'z']) await lake.put(name, '1', { bucket: 'tree' });
  assert.equal(await pass(lake), 2);
  const { items } = await lake.namespace.listObjects({ bucket: 'tree', maxResults: 9 });
  assert.deepEqual(
    items.map(({ name }) => name),
    ['a.tmp', 'x/y/c', 'z'],
  );
});
