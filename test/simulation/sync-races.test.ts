/** What goes wrong between two steps of sync: changes at the source, and failures here, at the worst moment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StraitError } from '../../src/model/errors.ts';
import { decodeSet } from '../../src/namespace/rows/sync-rows.ts';
import type { TableFormat } from '../../src/tables/port.ts';
import { createSyncWorld } from '../support/sync-world.ts';
import { toyFormat } from '../support/toy-format.ts';

test('a file that goes while a large version is brought is not taken for visible', async () => {
  const world = createSyncWorld([toyFormat]);
  const names = Array.from({ length: 500 }, (_, index) => `p${String(index).padStart(3, '0')}`);
  for (const name of names) world.put(`t/${name}`, 'd'.repeat(2_000));
  world.put('t/_log/0', names.map((name) => `+${name} 2000\n`).join(''));
  let isVacuumed = false;
  world.remote.hooks.beforeCall = async (call) => {
    if (isVacuumed || call.kind !== 'readRange' || call.request.name !== 't/p450') return;
    isVacuumed = true;
    world.remote.delete('lake', 't/p000');
    // The next listing sees that it is gone while the rest of the version is on its way.
    await world.clock.sleep(3_000);
  };
  await world.until((report) => report.buckets[0]?.tables[0]?.state === 'waiting' || isVacuumed, 10_000);
  await world.until((report) => report.buckets[0]?.tables[0]?.state === 'waiting');
  const seen = await world.published();
  assert.ok(!seen.has('t/_log/0'), 'version 0 is shown without t/p000');
  world.put('t/p000', 'd'.repeat(2_000));
  await world.settle();
  assert.ok((await world.published()).has('t/_log/0'));
  await world.close();
});

test('a table at the root of a bucket is published as a table', async () => {
  const world = createSyncWorld([toyFormat]);
  world.put('_log/0', '+p0 4\n');
  await world.clock.advance(3_000);
  await world.until(({ buckets }) => buckets[0]?.tables[0]?.state === 'waiting');
  await world.clock.advance(3_000);
  assert.ok(!(await world.published()).has('_log/0'), 'the version is shown without its file');
  world.put('p0', 'aaaa');
  await world.settle();
  assert.deepEqual([...(await world.published()).keys()], ['_log/0', 'p0']);
  await world.close();
});

test('new attributes of a published log entry are shown, and leave no work behind', async () => {
  const world = createSyncWorld([toyFormat]);
  world.put('t/p0', 'a');
  world.put('t/_log/0', '+p0 1\n');
  await world.settle();
  world.remote.patch('lake', 't/_log/0', { contentType: 'application/json' });
  await world.settle();
  assert.equal((await world.published()).get('t/_log/0')?.contentType, 'application/json');
  await world.close();
});

test('a publish whose end fails is ended by the same process', async () => {
  const world = createSyncWorld([toyFormat], { policies: { rules: [], fallback: 'read-through' } });
  const children = Array.from({ length: 400 }, (_, index) => `m${index}`);
  for (const name of children) world.put(`t/_log/${name}`, name);
  const { metadata } = world;
  const commit = metadata.commit.bind(metadata);
  let isFlipped = false;
  let failures = 1;
  metadata.commit = async (transaction) => {
    if (isFlipped && failures > 0) {
      failures -= 1;
      throw new StraitError('unavailable', 'the disk is slow', {});
    }
    const set = transaction.writes.find(({ key }) => Buffer.from(key).toString('latin1').startsWith('set/'));
    isFlipped = set?.kind === 'put' && decodeSet(set.value).state === 'flipped';
    return commit(transaction);
  };
  world.put('t/_log/0', children.map((name) => `@${name}\n`).join(''));
  await world.settle();
  assert.equal(failures, 0);
  assert.equal((await world.published()).size, 401);
  await world.close();
});

test('a table that stays held asks the cloud less and less', async () => {
  const world = createSyncWorld([toyFormat], { heldAfterMs: 3_000, reconcileMs: 30_000, tailPollMaxMs: 10_000 });
  world.put('t/_log/0', '+lost 9\n');
  await world.until((report) => report.buckets[0]?.tables[0]?.state === 'held');
  for (let minute = 0; minute < 60; minute += 1) await world.clock.advance(60_000);
  const before = world.remote.callCount();
  await world.clock.advance(60_000);
  assert.ok(world.remote.callCount() - before <= 30, `${world.remote.callCount() - before} calls a minute`);
  world.put('t/lost', 'x'.repeat(9));
  await world.settle();
  await world.close();
});

test('work behind many names that retire is still work', async () => {
  const world = createSyncWorld([toyFormat], {
    policies: { rules: [], fallback: 'read-through' },
    retireGraceMs: 1e9,
  });
  const names = Array.from({ length: 10_500 }, (_, index) => `a/${index}`);
  for (const name of names) world.put(name, 'x');
  await world.settle(300_000);
  for (const name of names) world.remote.delete('lake', name);
  world.put('t/_log/x', 'no version shows it');
  const report = await world.until(({ buckets }) => (buckets[0]?.retiring ?? 0) >= 10_000, 300_000);
  assert.equal(report.caughtUp, false);
  await world.close();
});

test('a bucket that can no longer be listed is not caught up, and says why', async () => {
  const world = createSyncWorld([toyFormat]);
  world.put('a', 'one');
  await world.settle();
  world.remote.hooks.beforeCall = (call) => {
    if (call.kind === 'listObjects') throw new StraitError('permissionDenied', 'no longer yours', { owner: 'cloud' });
  };
  await world.clock.advance(5_000);
  const report = await world.sync.report();
  assert.equal(report.caughtUp, false);
  assert.equal(report.buckets[0]?.trouble[''], 'no longer yours');
  world.remote.hooks.beforeCall = undefined;
  await world.settle();
  await world.close();
});

test('a crash between the seal of a large object and its record sends none of it again', async () => {
  const world = createSyncWorld([toyFormat]);
  let asked = 0;
  world.remote.hooks.beforeCall = (call) => {
    if (call.kind === 'readRange') asked += call.request.range.end - call.request.range.start;
  };
  world.restart({ point: 'sync.after-transfer', count: 1 });
  world.put('large', 'y'.repeat(300_000));
  for (let turn = 0; turn < 40 && !world.isDead; turn += 1) await world.clock.advance(100);
  assert.ok(world.isDead);
  world.restart();
  await world.settle();
  assert.equal(asked, 300_000);
  assert.equal(await world.read('large'), 'y'.repeat(300_000));
  await world.close();
});

test('what was staged of a large object goes when the object goes', async () => {
  const world = createSyncWorld([toyFormat]);
  world.remote.hooks.beforeCall = (call) => {
    if (call.kind === 'readRange' && call.request.range.start > 0) throw new Error('reset by peer');
  };
  const staged = async () => (await Array.fromAsync(world.blobs.listStaging())).length;
  world.put('large', 'y'.repeat(300_000));
  await world.until(async () => (await staged()) === 1);
  world.remote.delete('lake', 'large');
  await world.settle();
  assert.equal(await staged(), 0);
  await world.close();
});

test('the files of a late version are walked a few times a round, however many wait', async () => {
  let looks = 0;
  let walks = 0;
  const counting: TableFormat = {
    ...toyFormat,
    look: (...given) => {
      looks += 1;
      return toyFormat.look(...given);
    },
    async step(...given) {
      const step = await toyFormat.step(...given);
      const closure = () => {
        walks += 1;
        return step.closure();
      };
      return { ...step, closure };
    },
  };
  const world = createSyncWorld([counting], { policies: { rules: [], fallback: 'read-through' } });
  const names = Array.from({ length: 2_400 }, (_, index) => `p${index}`);
  for (const name of names) world.put(`t/${name}`, 'd');
  world.put('t/_log/0', ['lost', ...names].map((name) => `+${name} 1\n`).join(''));
  await world.until((report) => report.buckets[0]?.tables[0]?.state === 'waiting');
  await world.clock.advance(6_000);
  [looks, walks] = [0, 0];
  await world.until(() => looks >= 4);
  assert.ok(walks <= 3 * looks, `${walks} walks in ${looks} rounds`);
  await world.close();
});

test('a listing of names that do not pass through asks nobody', async () => {
  const rules = [{ bucket: 'lake', prefix: 'zz/cold/', policy: 'pass-through' as const }];
  const world = createSyncWorld([toyFormat], { policies: { rules, fallback: 'keep' } });
  for (const name of ['hot/1', 'hot/2', 'zz/cold/1', 'zz/hot']) world.put(name, name);
  await world.settle();
  const before = world.remote.callCount();
  const names = async (prefix: string) => {
    const { items } = await world.list({ prefix, maxResults: 100 });
    return items.map(({ name }) => name);
  };
  assert.deepEqual(await names('hot/'), ['hot/1', 'hot/2']);
  assert.equal(world.remote.callCount(), before);
  assert.deepEqual(await names('z'), ['zz/cold/1', 'zz/hot']);
  assert.deepEqual(await names('zz/cold/1'), ['zz/cold/1']);
  await world.close();
});

test('a cold partition that passes through holds up no version', async () => {
  const rules = [{ bucket: 'lake', prefix: 't/cold/', policy: 'pass-through' as const }];
  const world = createSyncWorld([toyFormat], { policies: { rules, fallback: 'keep' } });
  world.put('t/cold/p0', 'a');
  world.put('t/p1', 'b');
  world.put('t/_log/0', '+cold/p0 1\n+p1 1\n');
  await world.settle();
  assert.deepEqual([...(await world.published()).keys()], ['t/_log/0', 't/p1']);
  assert.equal(await world.read('t/cold/p0'), 'a');
  await world.close();
});

test('a table that is dropped and made again later is published from its beginning', async () => {
  const world = createSyncWorld([toyFormat]);
  const names = ['t/p0', 't/p1', 't/_log/0', 't/_log/1'];
  world.put('t/p0', 'a');
  world.put('t/p1', 'b');
  world.put('t/_log/0', '+p0 1\n');
  world.put('t/_log/1', '+p1 1\n');
  await world.settle();
  for (const name of names) world.remote.delete('lake', name);
  await world.until(async () => (await world.published()).size === 0);
  world.put('t/q0', 'new');
  world.put('t/_log/0', '+q0 3\n');
  await world.settle();
  assert.deepEqual([...(await world.published()).keys()], ['t/_log/0', 't/q0']);
  await world.close();
});

test('the log of a dropped table goes before its files', async () => {
  const world = createSyncWorld([toyFormat], { policies: { rules: [], fallback: 'read-through' } });
  const files = Array.from({ length: 600 }, (_, index) => `A${index}`);
  for (const name of files) world.put(`t/${name}`, 'd');
  world.put('t/_log/0', files.map((name) => `+${name} 1\n`).join(''));
  await world.settle();
  for (const name of [...files, '_log/0']) world.remote.delete('lake', `t/${name}`);
  const { metadata } = world;
  const commit = metadata.commit.bind(metadata);
  let fewest = Number.POSITIVE_INFINITY;
  metadata.commit = async (transaction) => {
    const outcome = await commit(transaction);
    const seen = await world.published();
    if (seen.has('t/_log/0')) fewest = Math.min(fewest, seen.size);
    return outcome;
  };
  await world.until(async () => (await world.published()).size === 0);
  assert.equal(fewest, 601);
  await world.close();
});
