import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, lakeFixture, makeBucket } from '../../test/support/lake-fixture.ts';
import type { Cache, CacheState } from '../model/cache.ts';
import { StraitError } from '../model/errors.ts';
import { RPC_CODE } from '../model/operation.ts';
import { advanceOperationsOnce } from './advance-operations.ts';
import { expireCachesOnce } from './caches.ts';
import { OPERATION_WORKERS } from './operation-workers.ts';
import { DISABLED_KEPT_MS, disabledCache, judgeUpdate, newCache, pausedCache, resumedCache } from './rules/cache.ts';

const SIGNAL = new AbortController().signal;
const ZONE = 'us-central1-a';

async function cacheFixture(family: 'anywhere' | 'rapid' = 'anywhere') {
  const fixture = await lakeFixture();
  const { deps, namespace } = fixture;
  const address = { family, bucket: LAKE, id: ZONE };
  const advance = () => advanceOperationsOnce(deps, OPERATION_WORKERS, SIGNAL);
  const insert = (given = {}) => namespace.insertCache({ family, bucket: LAKE, given: { zone: ZONE, ...given } });
  const get = () => namespace.getCache(address);
  return { ...fixture, address, advance, insert, get };
}

test('a cache is made by its operation, and changed by another', async () => {
  const { namespace, address, advance, insert, get } = await cacheFixture();
  const { id } = await insert({ ttl: '7200s' });
  assert.deepEqual([(await get()).state, (await get()).ttlSeconds], ['creating', 7_200]);
  await assert.rejects(insert(), { code: 'conflict' });
  await assert.rejects(namespace.pauseCache(address), { code: 'conflict' });
  await advance();
  assert.equal((await get()).state, 'running');
  const { outcome } = await namespace.getOperation({ bucket: LAKE, id });
  assert.partialDeepStrictEqual(outcome, {
    kind: 'response',
    response: { state: 'running', zone: ZONE, ttl: '7200s' },
  });
  await namespace.updateCache({ address, given: { admissionPolicy: 'admit-on-second-miss', ingestOnWrite: true } });
  assert.deepEqual([(await get()).pendingUpdate !== undefined, (await get()).ingestOnWrite], [true, false]);
  await assert.rejects(namespace.updateCache({ address, given: {} }), { code: 'conflict' });
  await namespace.pauseCache(address);
  await advance();
  const changed = await get();
  assert.deepEqual([changed.pendingUpdate, changed.state, changed.ttlSeconds], [undefined, 'paused', 7_200]);
  assert.deepEqual([changed.admissionPolicy, changed.ingestOnWrite], ['admit-on-second-miss', true]);
});

test('cancelling takes a creation back, and leaves a cache that was to be changed as it was', async () => {
  const { namespace, address, advance, insert, get } = await cacheFixture('rapid');
  const { id } = await insert();
  await namespace.cancelOperation({ bucket: LAKE, id });
  await advance();
  await assert.rejects(get(), { code: 'notFound' });
  const { outcome } = await namespace.getOperation({ bucket: LAKE, id });
  assert.equal(outcome?.kind === 'error' && outcome.code, RPC_CODE.cancelled);
  await insert();
  await advance();
  const before = await get();
  for (const begin of [
    () => namespace.updateCache({ address, given: { ttl: '3600s' } }),
    () => namespace.disableRapidCache(address),
  ]) {
    const operation = await begin();
    await namespace.cancelOperation({ bucket: LAKE, id: operation.id });
    await advance();
    assert.deepEqual(await get(), before);
  }
});

test('a disabled cache can be resumed for an hour, then it is gone; caches go with their bucket', async () => {
  const { deps, namespace, address, advance, insert, get, pass } = await cacheFixture();
  await insert();
  await advance();
  await namespace.disableCache(address);
  pass(DISABLED_KEPT_MS - 1);
  assert.equal(await expireCachesOnce(deps, SIGNAL), 0);
  assert.equal((await namespace.resumeCache(address)).state, 'running');
  await namespace.disableCache(address);
  pass(DISABLED_KEPT_MS);
  assert.equal(await expireCachesOnce(deps, SIGNAL), 1);
  await assert.rejects(get(), { code: 'notFound' });
  await insert();
  await namespace.deleteBucket({ name: LAKE, preconditions: {} });
  await advance();
  assert.equal(await expireCachesOnce(deps, SIGNAL), 1);
  await makeBucket({ deps, namespace, pass }, LAKE);
  assert.deepEqual((await namespace.listCaches({ family: 'anywhere', bucket: LAKE, maxResults: 9 })).caches, []);
});

test('every state allows what is documented, and nothing else', async () => {
  const { namespace } = await cacheFixture();
  const bucket = await namespace.getBucket({ name: LAKE, preconditions: {} });
  const made = newCache({ zone: ZONE }, { family: 'anywhere', bucket, nowMs: 1 });
  const moves = { paused: pausedCache, running: resumedCache, disabled: disabledCache } as const;
  const allowed: Readonly<Record<CacheState, readonly string[]>> = {
    creating: [],
    running: ['disabled', 'paused', 'running', 'update'],
    paused: ['disabled', 'paused', 'running', 'update'],
    disabled: ['disabled', 'running'],
  };
  const isAllowed = (change: () => unknown): boolean => {
    try {
      change();
      return true;
    } catch (error) {
      assert.ok(error instanceof StraitError && error.code === 'conflict');
      return false;
    }
  };
  for (const [state, expected] of Object.entries(allowed) as [CacheState, readonly string[]][]) {
    const cache: Cache = { ...made, state, ...(state === 'disabled' ? { disabledMs: 2 } : {}) };
    const found = Object.entries(moves).filter(([to, move]) => {
      let after: Cache | undefined;
      const isPossible = isAllowed(() => {
        after = move(cache, 5);
      });
      if (isPossible) assert.equal(after?.state, to);
      return isPossible;
    });
    const names = [...found.map(([to]) => to), ...(isAllowed(() => judgeUpdate(cache, {})) ? ['update'] : [])];
    assert.deepEqual(names.toSorted(), expected, state);
  }
});

test('settings of caches have bounds', async () => {
  const { namespace, insert, advance, address } = await cacheFixture('rapid');
  const refused = [
    ...[{ ttl: '3599s' }, { ttl: '604801s' }, { ttl: '1.5s' }, { ttl: '1h' }, { admissionPolicy: 'never' }],
    ...[{ zone: '' }, { zone: 'a/b' }, { zone: 'A' }, { cacheType: 'other' }],
  ];
  for (const given of refused) await assert.rejects(insert(given), { code: 'invalidArgument' }, JSON.stringify(given));
  await insert({ ttl: '604800s', cacheType: 'rapid-cache-ultra' });
  await advance();
  for (const given of [{ zone: 'us-central1-b' }, { cacheType: 'rapid-cache' }, { ttl: '0s' }]) {
    await assert.rejects(namespace.updateCache({ address, given }), { code: 'invalidArgument' }, JSON.stringify(given));
  }
  const region = { name: 'region', project: 'p', location: 'US-EAST1', storageClass: 'STANDARD', settings: {} };
  await namespace.insertBucket(region);
  const elsewhere = { family: 'rapid' as const, bucket: 'region', given: { zone: ZONE } };
  await assert.rejects(namespace.insertCache(elsewhere), { code: 'invalidArgument' });
  await namespace.insertCache({ ...elsewhere, given: { zone: 'us-east1-b' } });
});
