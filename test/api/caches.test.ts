/** Caches of both families: records with states, changed by operations. */
import assert from 'node:assert/strict';
import { type ApiGateway, apiTest, type Claim } from '../support/api-test.ts';

interface CacheJson {
  readonly kind: string;
  readonly id: string;
  readonly zone: string;
  readonly state: string;
  readonly ttl: string;
  readonly admissionPolicy: string;
  readonly ingestOnWrite: boolean;
  readonly pendingUpdate: boolean;
  readonly cacheType?: string;
  readonly anywhereCacheId?: string;
  readonly rapidCacheId?: string;
}

const FAMILIES = [
  { family: 'anywhere', resource: 'anywhereCaches', id: 'anywhereCacheId', more: {}, fields: [] },
  {
    family: 'rapid',
    resource: 'rapidCaches',
    id: 'rapidCacheId',
    more: { cacheType: 'rapid-cache-ultra' },
    fields: ['cacheType'],
  },
] as const;
const SETTINGS = { ttl: '7200s', admissionPolicy: 'admit-on-second-miss', ingestOnWrite: true };
const SETTING_FIELDS = ['ttl', 'admissionPolicy', 'ingestOnWrite'];
const [A, B] = ['us-east1-b', 'us-east1-c'];

/** The compiler cannot tell that a family's method and its parameters belong together. */
const claimOf = (claim: { readonly [Name in keyof Claim]?: unknown }) => claim as Claim;

for (const { family, resource, id, more, fields } of FAMILIES) {
  const path = (bucket: string, rest = '') => `/storage/v1/b/${bucket}/${resource}${rest}`;
  const insert = async (gateway: ApiGateway, bucket: string, body: object = {}) => {
    const made = await gateway.call('POST', path(bucket), { body: { zone: A, ...body } });
    assert.equal(made.status, 200, made.text);
    assert.deepEqual([made.json.kind, made.json.done], ['storage#operation', false]);
    await gateway.runChores();
  };
  const get = async (gateway: ApiGateway, bucket: string, zone = A) => {
    const found = await gateway.call('GET', path(bucket, `/${zone}`));
    assert.equal(found.status, 200, found.text);
    return JSON.parse(found.text) as CacheJson;
  };
  const status = async (gateway: ApiGateway, verb: string, target: string) => (await gateway.call(verb, target)).status;

  apiTest(
    [
      claimOf({ method: `${resource}.insert`, parameters: ['bucket'], fields: ['zone', ...SETTING_FIELDS, ...fields] }),
      claimOf({ method: `${resource}.get`, parameters: ['bucket', id] }),
    ],
    `${family}: makes a cache as asked for`,
    async (gateway) => {
      const [bucket, other] = [await gateway.bucket(), await gateway.bucket()];
      await insert(gateway, bucket, { ...SETTINGS, ...more });
      const cache = await get(gateway, bucket);
      assert.partialDeepStrictEqual(cache, { ...SETTINGS, ...more, zone: A, state: 'running', pendingUpdate: false });
      assert.deepEqual([cache.kind, cache[id]], [`storage#${family}Cache`, A]);
      assert.ok(cache.id.endsWith(`/${bucket}/${A}`));
      assert.equal(await status(gateway, 'GET', path(other, `/${A}`)), 404);
      assert.equal(await status(gateway, 'GET', path(bucket, `/${B}`)), 404);
      await insert(gateway, bucket, { zone: B });
      const plain = { ttl: '86400s', admissionPolicy: 'admit-on-first-miss', ingestOnWrite: false };
      assert.partialDeepStrictEqual(await get(gateway, bucket, B), plain);
      assert.equal((await gateway.call('POST', path(bucket), { body: { zone: A } })).status, 409);
      assert.equal((await gateway.call('POST', path(bucket), { body: {} })).status, 400);
    },
  );

  apiTest(
    { method: `${resource}.list`, parameters: ['bucket', 'pageSize', 'pageToken'] },
    `${family}: lists the caches of a bucket, page by page`,
    async (gateway) => {
      const [bucket, other] = [await gateway.bucket(), await gateway.bucket()];
      for (const zone of [B, A]) await insert(gateway, bucket, { zone });
      const list = async (query = '', of = bucket) => {
        const { text } = await gateway.call('GET', path(of, query));
        const page = JSON.parse(text) as { kind: string; items?: CacheJson[]; nextPageToken?: string };
        return { ...page, zones: (page.items ?? []).map(({ zone }) => zone) };
      };
      assert.deepEqual([(await list()).zones, (await list()).kind], [[A, B], `storage#${family}Caches`]);
      assert.deepEqual((await list('', other)).zones, []);
      const first = await list('?pageSize=1');
      assert.deepEqual(first.zones, [A]);
      const rest = await list(`?pageSize=1&pageToken=${first.nextPageToken}`);
      assert.deepEqual([rest.zones, rest.nextPageToken], [[B], undefined]);
    },
  );

  apiTest(
    claimOf({
      method: `${resource}.update`,
      parameters: ['bucket', id],
      fields: ['zone', ...SETTING_FIELDS, ...fields],
    }),
    `${family}: changes a cache by an operation`,
    async (gateway) => {
      const [bucket, other] = [await gateway.bucket(), await gateway.bucket()];
      for (const zone of [A, B]) await insert(gateway, bucket, { zone });
      await insert(gateway, other);
      const update = (body: object) => gateway.call('PATCH', path(bucket, `/${A}`), { body: { ...body } });
      const begun = await update({ ...SETTINGS, zone: A });
      assert.equal(begun.status, 200, begun.text);
      assert.equal((await get(gateway, bucket)).pendingUpdate, true);
      assert.equal((await update({ ttl: '3600s' })).status, 409);
      await gateway.runChores();
      assert.partialDeepStrictEqual(await get(gateway, bucket), { ...SETTINGS, pendingUpdate: false });
      for (const untouched of [await get(gateway, bucket, B), await get(gateway, other)]) {
        assert.equal(untouched.ttl, '86400s');
      }
      assert.equal((await update({ zone: B })).status, 400);
      for (const field of fields) assert.equal((await update({ [field]: 'other' })).status, 400);
    },
  );

  apiTest(
    claimOf({ method: `${resource}.disable`, parameters: ['bucket', id] }),
    `${family}: disables a cache, which goes an hour later`,
    async (gateway) => {
      const [bucket, other] = [await gateway.bucket(), await gateway.bucket()];
      for (const zone of [A, B]) await insert(gateway, bucket, { zone });
      await insert(gateway, other);
      assert.equal(await status(gateway, 'POST', path(bucket, `/${A}/disable`)), 200);
      await gateway.runChores();
      assert.equal((await get(gateway, bucket)).state, 'disabled');
      await gateway.clock.advance(3_600_000);
      await gateway.runChores();
      assert.equal(await status(gateway, 'GET', path(bucket, `/${A}`)), 404);
      for (const untouched of [await get(gateway, bucket, B), await get(gateway, other)]) {
        assert.equal(untouched.state, 'running');
      }
    },
  );
}

for (const [method, call, before, after] of [
  ['anywhereCaches.pause', 'pause', 'running', 'paused'],
  ['anywhereCaches.resume', 'resume', 'paused', 'running'],
] as const) {
  apiTest({ method, parameters: ['bucket', 'anywhereCacheId'] }, `a cache is ${after} again`, async (gateway) => {
    const buckets = [await gateway.bucket(), await gateway.bucket()] as const;
    const path = (bucket: string, zone: string, rest = '') => `/storage/v1/b/${bucket}/anywhereCaches/${zone}${rest}`;
    const places = [
      [buckets[0], A],
      [buckets[0], B],
      [buckets[1], A],
    ] as const;
    for (const [bucket, zone] of places) {
      await gateway.call('POST', `/storage/v1/b/${bucket}/anywhereCaches`, { body: { zone } });
      await gateway.runChores();
      if (before === 'paused') await gateway.call('POST', path(bucket, zone, '/pause'));
    }
    const changed = await gateway.call('POST', path(buckets[0], A, `/${call}`));
    assert.equal(changed.status, 200, changed.text);
    const states: unknown[] = [];
    for (const [bucket, zone] of places)
      states.push(JSON.parse((await gateway.call('GET', path(bucket, zone))).text).state);
    assert.deepEqual(states, [after, before, before]);
  });
}
