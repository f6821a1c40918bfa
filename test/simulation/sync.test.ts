/**
 * Sync on a clock that only the test moves. The toy table format makes every property visible: after each change at the
 * source, what readers see must be a whole version, and in the end it must be the source's.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListInput } from '../../src/namespace/list-objects.ts';
import { decodeBucket } from '../../src/namespace/rows/bucket-row.ts';
import { bucketKey } from '../../src/namespace/rows/keys.ts';
import { bindNamespace } from '../../src/namespace/service.ts';
import { type Random, seededRandom } from '../../src/runtime/random.ts';
import { namespaceFixture, streamOf } from '../support/namespace-fixture.ts';
import { BUCKET, createSyncWorld, type SyncWorld } from '../support/sync-world.ts';
import { logName, parseToyEntry, toyFormat } from '../support/toy-format.ts';

/** The newest version readers see, after checking that everything it reaches is there. */
async function checkTable(world: SyncWorld, prefix: string): Promise<number> {
  const seen = await world.published();
  let version = -1;
  const live = new Map<string, number>();
  while (seen.has(logName(prefix, version + 1))) {
    version += 1;
    const name = logName(prefix, version);
    const state = seen.get(name);
    assert.ok(state !== undefined);
    const entry = parseToyEntry(prefix, (await world.content(name, state)).toString());
    for (const child of entry.children) assert.ok(seen.has(child), `version ${version} lacks ${child}`);
    for (const removed of entry.removes) live.delete(removed);
    for (const { name: added, size } of entry.adds) live.set(added, size);
  }
  for (const [name, size] of live) {
    assert.equal(seen.get(name)?.size, size, `version ${version} reaches ${name}, which readers do not find`);
  }
  const hint = seen.get(`${prefix}_log/hint`);
  if (hint !== undefined) {
    const named = Number((await world.content('hint', hint)).toString());
    assert.ok(named <= version, `the hint names ${named}, readers see ${version}`);
  }
  return version;
}

async function assertEqual(world: SyncWorld): Promise<void> {
  const seen = await world.published();
  const names: string[] = [];
  let pageToken: string | undefined;
  do {
    const request = pageToken === undefined ? {} : { pageToken };
    const page = await world.remote.listObjects(BUCKET, request, new AbortController().signal);
    for (const { name, state } of page.objects.filter(({ name }) => !name.endsWith('.lock'))) {
      names.push(name);
      assert.equal(seen.get(name)?.generation, state.generation, name);
      assert.equal(seen.get(name)?.crc32c, state.crc32c, name);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  assert.deepEqual([...seen.keys()].toSorted(), names.toSorted());
}

test('plain names are mirrored, changed and retired after the grace period', async () => {
  const world = createSyncWorld([toyFormat]);
  world.put('a', 'one');
  world.put('a/b', 'x'.repeat(5000));
  world.put('empty', '');
  await world.settle();
  await assertEqual(world);
  world.put('a', 'two');
  world.remote.delete(BUCKET, 'a/b');
  await world.settle();
  assert.ok((await world.published()).has('a/b'), 'the grace period runs');
  await world.until(async () => !(await world.published()).has('a/b'));
  await assertEqual(world);
  await world.close();
});

test('a bucket made again at the cloud is told of as it is, though its metageneration is the same', async () => {
  const world = createSyncWorld([toyFormat]);
  const image = async () => {
    const [row] = await world.metadata.get([bucketKey(BUCKET)]);
    assert.ok(row !== undefined);
    const { location, generation, metageneration, etag } = decodeBucket(row.value);
    return { location, generation, metageneration, etag };
  };
  await world.settle();
  const before = await image();
  world.remote.createBucket(BUCKET, { location: 'EU', generation: '17' });
  await world.until(async () => (await image()).location === 'EU');
  assert.deepEqual(await image(), { ...before, location: 'EU', generation: 17n });
  await world.close();
});

test('a bucket that cannot be followed keeps none of the others, and is told of', async () => {
  const world = createSyncWorld([toyFormat], { buckets: ['a-missing', 'b-large', BUCKET] });
  world.remote.createBucket('b-large', { labels: { note: 'x'.repeat(33_000) } });
  world.put('t/_log/0', '');
  const alarms = async () => (await world.sync.report()).alarms.join();
  await world.until(async () => (await alarms()).includes('gs://a-missing does not exist'));
  await world.until(async () => (await world.published()).has('t/_log/0'));
  world.remote.createBucket('a-missing');
  await world.until(async () => (await alarms()).includes('gs://b-large: The bucket resource is too large'));
  world.remote.createBucket('b-large');
  await world.settle();
  assert.equal(await alarms(), '');
  await world.close();
});

test('objects whose resources are large are followed, and one that is too large holds up no other', async () => {
  const world = createSyncWorld([toyFormat]);
  const text = (seed: number, bytes: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: bytes }, () => String.fromCharCode(33 + Math.floor(random.unit() * 94))).join('');
  };
  const large = (seed: number) => ({ metadata: { k: text(seed, 18_000) } });
  world.remote.put(BUCKET, 'large', 'one', large(1));
  world.remote.put(BUCKET, 't/_log/0', '', large(2));
  await world.settle();
  world.remote.put(BUCKET, 'large', 'again', large(3));
  await world.settle();
  await assertEqual(world);
  world.remote.put(BUCKET, 'too large', 'one', { metadata: { k: text(5, 60_000) } });
  world.put('z', 'one');
  await world.until(async () => (await world.published()).has('z'));
  const trouble = () => world.sync.report().then(({ buckets }) => buckets[0]?.trouble['too large'] ?? '');
  await world.until(async () => (await trouble()).includes('too large to be followed'));
  world.remote.put(BUCKET, 'too large', 'two', {});
  await world.settle();
  await assertEqual(world);
  await world.close();
});

test("a bucket of the site's own is not taken for the cloud's of the same name", async () => {
  const world = createSyncWorld([toyFormat]);
  const { metadata, blobs, clock } = world;
  const { deps } = namespaceFixture({ metadata, blobs, settings: { site: 'east' } });
  const namespace = bindNamespace({ ...deps, clock });
  const made = { project: 'p', location: 'US', storageClass: 'STANDARD', settings: {} };
  await namespace.insertBucket({ ...made, name: 'own', hasObjectRetention: true });
  const retention = { mode: 'Locked' as const, retainUntilMs: clock.nowMs() + 1e9 };
  const target = { bucket: 'own', name: 'a', attributes: { retention }, preconditions: {}, expected: {} };
  await namespace.insertObject({ target, body: streamOf('kept') });
  world.remote.createBucket('own');
  world.put('a', 'one');
  const alarms = async () => (await world.sync.report()).alarms;
  await world.until(async () => (await alarms()).some((alarm) => alarm.includes('gs://own')));
  await world.settle();
  await clock.advance(60_000);
  await assertEqual(world);
  const { state } = await namespace.getObject({ address: { bucket: 'own', name: 'a' }, preconditions: {} });
  assert.deepEqual(state.retention, retention);
  assert.equal((await namespace.getBucket({ name: 'own', preconditions: {} })).owner, 'east');
  await world.close();
});

test('reads and listings answer from the published view, never from what is only known', async () => {
  const world = createSyncWorld([toyFormat], { heldAfterMs: 1e9, retireGraceMs: 1e9 });
  const names = async () => (await world.list({ maxResults: 100 })).items.map(({ name }) => name);
  world.put('t/p0', 'a');
  world.put('t/_log/0', '+p0 1\n');
  world.put('gone', 'still here');
  await world.settle();
  world.put('t/_log/1', '+late 4\n');
  world.put('t/p0', 'new');
  world.remote.delete(BUCKET, 'gone');
  await world.clock.advance(3_000);
  assert.deepEqual(await names(), ['gone', 't/_log/0', 't/p0']);
  assert.equal(await world.read('gone'), 'still here');
  await assert.rejects(world.read('t/_log/1'), { code: 'objectNotFound' });
  assert.equal(await world.read('t/p0'), 'a');
  await world.close();
});

test('a large object comes in parts, and a part that fails is fetched again', async () => {
  const world = createSyncWorld([toyFormat]);
  let failures = 2;
  world.remote.hooks.beforeCall = (call) => {
    if (call.kind !== 'readRange' || call.request.range.start === 0 || failures === 0) return;
    failures -= 1;
    throw new Error('reset by peer');
  };
  world.put('large', 'y'.repeat(300_000));
  await world.settle();
  await assertEqual(world);
  const state = (await world.published()).get('large');
  assert.ok(state?.content.kind === 'local');
  assert.equal((await world.content('large', state)).toString(), 'y'.repeat(300_000));
  await world.close();
});

test('a commit appears whole, in order, whatever the order of its uploads', async () => {
  const world = createSyncWorld([toyFormat]);
  world.put('t/_log/0', '+p0 4\n');
  await world.clock.advance(3_000);
  assert.equal(await checkTable(world, 't/'), -1, 'the data file is late');
  assert.equal((await world.sync.report()).buckets[0]?.tables[0]?.state, 'waiting');
  world.put('t/p0', 'aaaa');
  await world.until(async () => (await checkTable(world, 't/')) === 0);
  world.put('t/_log/2', '+p2 1\n-p0\n');
  world.put('t/p2', 'c');
  await world.clock.advance(2_000);
  assert.equal(await checkTable(world, 't/'), 0, 'version 1 is missing');
  world.put('t/_log/1', '+p1 2\n');
  world.put('t/p1', 'bb');
  world.put('t/_log/hint', '2');
  await world.settle();
  assert.equal(await checkTable(world, 't/'), 2);
  await assertEqual(world);
  await world.close();
});

test('a file that never comes holds the table, until a newer whole version releases it', async () => {
  const world = createSyncWorld([toyFormat], { heldAfterMs: 3_000 });
  world.put('t/p0', 'a');
  world.put('t/_log/0', '+p0 1\n');
  await world.settle();
  world.put('t/_log/1', '+lost 9\n');
  const held = await world.until((report) => report.buckets[0]?.tables[0]?.state === 'held');
  assert.deepEqual(held.buckets[0]?.tables[0]?.missing, ['t/lost']);
  assert.equal(held.alarms.length, 1);
  assert.equal(await checkTable(world, 't/'), 0);
  world.put('t/p2', 'cc');
  world.put('t/_log/2', '-lost\n+p2 2\n');
  await world.settle();
  assert.equal(await checkTable(world, 't/'), 2);
  await world.close();
});

test('a source whose bytes are not what it says is held, and nobody else waits for it', async () => {
  const world = createSyncWorld([toyFormat], { heldAfterMs: 3_000 });
  world.remote.hooks.alterChunk = (request, chunk) =>
    request.name === 't/bad' ? chunk.map((byte) => byte ^ 1) : chunk;
  world.put('t/bad', 'zzzz');
  world.put('t/_log/0', '+bad 4\n');
  world.put('u/good', 'gg');
  world.put('u/_log/0', '+good 2\n');
  const report = await world.until((now) => now.buckets[0]?.tables.some(({ state }) => state === 'held') === true);
  assert.equal(await checkTable(world, 't/'), -1);
  await world.until(async () => (await checkTable(world, 'u/')) === 0);
  assert.equal(report.caughtUp, false);
  world.remote.hooks.alterChunk = undefined;
  await world.settle();
  assert.equal(await checkTable(world, 't/'), 0);
  await world.close();
});

test('a name the source deletes stays while the published version reaches it', async () => {
  const world = createSyncWorld([toyFormat], { heldAfterMs: 1e9 });
  world.put('t/p0', 'a');
  world.put('t/p1', 'b');
  world.put('t/_log/0', '+p0 1\n+p1 1\n');
  await world.settle();
  world.remote.delete(BUCKET, 't/p0');
  await world.clock.advance(20_000);
  assert.equal(await checkTable(world, 't/'), 0, 'p0 is still reached');
  world.put('t/_log/1', '-p0\n');
  await world.until(async () => (await checkTable(world, 't/')) === 1);
  assert.ok((await world.published()).has('t/p0'), 'the grace period runs');
  await world.until(async () => !(await world.published()).has('t/p0'));
  await assertEqual(world);
  await world.close();
});

test('loose names and strays follow; locks never do', async () => {
  const world = createSyncWorld([toyFormat]);
  world.put('t/p0', 'a');
  world.put('t/orphan', 'o');
  world.put('t/_log/0', '+p0 1\n');
  world.put('t/_log/0.crc', 'check');
  world.put('t/_log/x.lock', '');
  await world.until(async () => (await checkTable(world, 't/')) === 0);
  assert.ok(!(await world.published()).has('t/orphan'), 'an orphan is not shown at once');
  await world.settle();
  await assertEqual(world);
  await world.close();
});

test('a version larger than a transaction is published at one instant', async () => {
  const world = createSyncWorld([toyFormat], { policies: { rules: [], fallback: 'read-through' } });
  const names = Array.from({ length: 2_000 }, (_, index) => `p${String(index).padStart(5, '0')}`);
  for (const name of names) world.put(`t/${name}`, 'd');
  world.put('t/_log/0', names.map((name) => `+${name} 1\n`).join(''));
  await world.until(async () => (await checkTable(world, 't/')) === 0);
  await world.settle();
  await assertEqual(world);
  await world.close();
});

/** 400 control files of version 1, as new as the version, and an overwrite of 200 files readers know. */
function putLargeVersion(world: SyncWorld): void {
  const children = Array.from({ length: 400 }, (_, index) => `m${index}`);
  const files = Array.from({ length: 200 }, (_, index) => `f${index}`);
  for (const name of files) world.put(`t/${name}`, 'new!');
  for (const name of children) world.put(`t/_log/${name}`, name);
  const lines = [...children.map((name) => `@${name}\n`), ...files.map((name) => `+${name} 4\n`), '-p0\n'];
  world.put('t/_log/1', lines.join(''));
}

/** Version 1 shows all of its control files and all of its overwritten files, or none of them. */
async function checkAllOrNothing(world: SyncWorld): Promise<number> {
  const version = await checkTable(world, 't/');
  const seen = await world.published();
  const children = [...seen.keys()].filter((name) => name.startsWith('t/_log/m')).length;
  assert.equal(children, version === 1 ? 400 : 0);
  const overwritten = [...seen].filter(([name, { size }]) => name.startsWith('t/f') && size === 4).length;
  assert.equal(overwritten, version === 1 ? 200 : 0, `overwritten at version ${version}`);
  return version;
}

async function startLargeVersion(): Promise<SyncWorld> {
  const world = createSyncWorld([toyFormat], { policies: { rules: [], fallback: 'read-through' } });
  const lines = Array.from({ length: 200 }, (_, index) => `+f${index} 3\n`);
  for (let index = 0; index < 200; index += 1) world.put(`t/f${index}`, 'old');
  world.put('t/p0', 'a');
  world.put('t/_log/0', `+p0 1\n${lines.join('')}`);
  await world.settle();
  return world;
}

test('control names and overwrites past the limit change at one instant', async () => {
  const world = await startLargeVersion();
  const { metadata } = world;
  const commit = metadata.commit.bind(metadata);
  const halves: unknown[] = [];
  metadata.commit = async (transaction) => {
    const outcome = await commit(transaction);
    await checkAllOrNothing(world).catch((half: unknown) => halves.push(half));
    return outcome;
  };
  putLargeVersion(world);
  await world.until(async () => (await checkAllOrNothing(world)) === 1);
  assert.deepEqual(halves, []);
  await world.settle();
  await assertEqual(world);
  await world.close();
});

const LARGE_PUBLISH_POINTS = [
  'sync.after-applied',
  'sync.after-transfer',
  'sync.after-bytes-recorded',
  'sync.after-stage-batch',
  'sync.before-publish',
  'sync.after-flip',
  'sync.after-fold-batch',
] as const;

for (const point of LARGE_PUBLISH_POINTS) {
  test(`a crash at ${point} leaves all or nothing, and the next start ends the work`, async () => {
    const world = await startLargeVersion();
    for (let count = 1; count <= 4; count += 1) {
      world.restart({ point, count });
      if (count === 1) putLargeVersion(world);
      for (let turn = 0; turn < 40 && !world.isDead; turn += 1) {
        await world.clock.advance(100);
        await checkAllOrNothing(world);
      }
    }
    world.restart();
    await world.until(async () => (await checkAllOrNothing(world)) === 1);
    await world.settle();
    await assertEqual(world);
    await world.close();
  });
}

test('read-through keeps what it fetched, and never answers with another generation', async () => {
  const world = createSyncWorld([toyFormat], { policies: { rules: [], fallback: 'read-through' } });
  world.put('a', 'x'.repeat(2_000));
  await world.settle();
  const state = (await world.published()).get('a');
  assert.ok(state?.content.kind === 'remote');
  assert.equal((await world.content('a', state)).length, 2_000);
  assert.equal((await world.published()).get('a')?.content.kind, 'local');
  world.put('b', 'old');
  await world.settle();
  const before = (await world.published()).get('b');
  assert.ok(before !== undefined);
  world.put('b', 'new');
  await assert.rejects(world.content('b', before), { code: 'unavailable' });
  await world.close();
});

test("names that pass through cost no rows and are the owner's in every answer", async () => {
  const rules = [{ bucket: BUCKET, prefix: 'cold/', policy: 'pass-through' as const }];
  const world = createSyncWorld([toyFormat], { policies: { rules, fallback: 'keep' } });
  for (const name of ['a', 'cold/x', 'cold/y/1', 'cold/y/2', 'cold/é/3', 'hot/1', 'z']) world.put(name, name);
  await world.settle();
  assert.deepEqual([...(await world.published()).keys()], ['a', 'hot/1', 'z']);
  const names = async (input: Partial<ListInput>) => {
    const seen: string[] = [];
    let after: ListInput['after'];
    do {
      const page = await world.list({ maxResults: 2, ...(after === undefined ? {} : { after }), ...input });
      seen.push(...[...page.items.map(({ name }) => name), ...page.prefixes].toSorted());
      after = page.nextAfter;
    } while (after !== undefined);
    return seen;
  };
  assert.deepEqual(await names({}), ['a', 'cold/x', 'cold/y/1', 'cold/y/2', 'cold/é/3', 'hot/1', 'z']);
  assert.deepEqual(await names({ delimiter: '/' }), ['a', 'cold/', 'hot/', 'z']);
  assert.deepEqual(await names({ delimiter: '/', prefix: 'cold/' }), ['cold/x', 'cold/y/', 'cold/é/']);
  assert.equal(await world.read('cold/y/2'), 'cold/y/2');
  await assert.rejects(world.read('cold/none'), { code: 'objectNotFound' });
  world.remote.hooks.beforeCall = () => {
    throw new Error('no route to host');
  };
  await assert.rejects(world.read('cold/y/2'), { code: 'unavailable' });
  assert.equal(await world.read('hot/1'), 'hot/1');
  world.remote.hooks.beforeCall = undefined;
  await world.close();
});

/** Random histories: adds, removes, overwrites of the hint, uploads in any order, deletes as a vacuum does. */
async function randomHistory(world: SyncWorld, random: Random): Promise<void> {
  const pick = (count: number) => Math.floor(random.unit() * count);
  const live = new Set<string>();
  const waiting: (() => void)[] = [];
  const dead: string[] = [];
  let version = -1;
  for (let step = 0; step < 25; step += 1) {
    if (random.unit() < 0.6) {
      version += 1;
      const adds = Array.from({ length: pick(4) }, (_, index) => `p${version}-${index}`);
      const removes = [...live].filter(() => random.unit() < 0.2);
      for (const name of removes) live.delete(name);
      for (const name of adds) live.add(name);
      dead.push(...removes);
      const entry = [...adds.map((name) => `+${name} ${name.length}\n`), ...removes.map((name) => `-${name}\n`)].join(
        '',
      );
      const named = version;
      waiting.push(() => world.put(logName('t/', named), entry));
      for (const name of adds) waiting.push(() => world.put(`t/${name}`, name));
      if (random.unit() < 0.3) waiting.push(() => world.put('t/_log/hint', String(named)));
    }
    while (waiting.length > 0 && random.unit() < 0.7) waiting.splice(pick(waiting.length), 1)[0]?.();
    if (random.unit() < 0.1 && waiting.length === 0)
      for (const name of dead.splice(0)) world.remote.delete(BUCKET, `t/${name}`);
    await world.clock.advance(pick(1_500));
    await checkTable(world, 't/');
  }
  for (const upload of waiting) upload();
  world.put('t/_log/hint', String(version));
  await world.settle(120_000);
  await world.until(async (report) => (report.buckets[0]?.retiring ?? 0) === 0);
  assert.equal(await checkTable(world, 't/'), version);
  await assertEqual(world);
}

for (let seed = 1; seed <= 8; seed += 1) {
  test(`random history, seed ${seed}: never a broken version, in the end equal`, async () => {
    const world = createSyncWorld([toyFormat]);
    await randomHistory(world, seededRandom(seed));
    await world.close();
  });
}
