import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';

const UNIFORM = { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } };
const VIEWER = 'roles/storage.objectViewer';
const ALICE = 'user:alice@example.com';
const CONDITION = { title: 'one folder', description: 'd', expression: 'resource.name.startsWith("x")', location: 'l' };
const CACHE = { rapidCacheId: 'us-a', ingestOnWrite: 'enabled' };

const pathOf = (bucket: string, name = '', rest = '') =>
  `/storage/v1/b/${bucket}/managedFolders${name === '' ? '' : `/${encodeURIComponent(name)}`}${rest}`;

const insert = (gateway: ApiGateway, bucket: string, name: string, more: Record<string, unknown> = {}) =>
  gateway.call('POST', pathOf(bucket), { body: { name, ...more } });

const namesOf = async (gateway: ApiGateway, bucket: string, query = '') =>
  ((await gateway.call('GET', `${pathOf(bucket)}${query}`)).json.items ?? []).map(({ name }) => name);

apiTest(
  [
    {
      method: 'managedFolders.insert',
      parameters: ['bucket'],
      fields: ['name', 'rapidCacheConfig.policies'],
    },
    { method: 'managedFolders.get', parameters: ['bucket', 'managedFolder'] },
  ],
  'makes a folder and shows it whole',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(UNIFORM), await gateway.bucket(UNIFORM)];
    const made = await insert(gateway, bucket, 'a/b', { rapidCacheConfig: { policies: { 'us-a': CACHE } } });
    assert.equal(made.status, 200, made.text);
    const { selfLink, createTime, updateTime, ...shown } = JSON.parse(made.text);
    assert.ok(selfLink.endsWith(pathOf(bucket, 'a/b/')), selfLink);
    assert.ok(createTime !== undefined && createTime === updateTime);
    assert.deepEqual(shown, {
      kind: 'storage#managedFolder',
      id: `${bucket}/a/b/`,
      name: 'a/b/',
      bucket,
      metageneration: '1',
      rapidCacheConfig: { policies: { 'us-a': CACHE } },
    });
    for (const name of ['a/b/', 'a/b']) {
      assert.deepEqual((await gateway.call('GET', pathOf(bucket, name))).json, made.json);
    }
    for (const [where, name] of [
      [bucket, 'a/'],
      [bucket, 'a/b/c/'],
      [other, 'a/b/'],
      ['no-bucket', 'a/b/'],
    ] as const) {
      assert.equal((await gateway.call('GET', pathOf(where, name))).status, 404);
    }
  },
);

apiTest({ method: 'managedFolders.insert' }, 'refuses what cannot be a managed folder', async (gateway) => {
  const bucket = await gateway.bucket(UNIFORM);
  assert.equal((await insert(gateway, bucket, 'a/')).status, 200);
  const again = await insert(gateway, bucket, 'a');
  assert.deepEqual([again.status, again.json.error.errors[0]?.reason], [409, 'conflict']);
  const deep = 'd/'.repeat(15);
  for (const name of ['/', '//', 'a//b/', '..', './', 'a\nb', `${deep}d/`, 'x'.repeat(1_024)]) {
    const { status, json } = await insert(gateway, bucket, name);
    assert.deepEqual([status, json.error?.errors[0]?.location], [400, 'name'], name);
  }
  assert.equal((await gateway.call('POST', pathOf(bucket), { body: {} })).status, 400);
  const policies = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`cache-${index}`, CACHE]));
  assert.equal((await insert(gateway, bucket, 'b', { rapidCacheConfig: { policies } })).status, 400);
  assert.equal((await insert(gateway, 'no-bucket', 'b')).status, 404);
  assert.equal((await insert(gateway, bucket, deep)).status, 200);
  assert.deepEqual(await namesOf(gateway, bucket), ['a/', deep]);
});

apiTest(
  { method: 'managedFolders.insert' },
  'needs uniform access, which then stays, as the bucket does',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const path = `/storage/v1/b/${bucket}`;
    const refused = await insert(gateway, bucket, 'a/');
    assert.equal(refused.status, 400);
    assert.match(refused.json.error.message, /uniform bucket-level access/);
    assert.equal((await gateway.call('PATCH', path, { body: UNIFORM })).status, 200);
    assert.equal((await insert(gateway, bucket, 'a/')).status, 200);
    const off = { iamConfiguration: { uniformBucketLevelAccess: { enabled: false } } };
    assert.match((await gateway.call('PATCH', path, { body: off })).json.error.message, /managed folders/);
    assert.equal((await gateway.call('DELETE', path)).status, 409);
    assert.equal((await gateway.call('DELETE', pathOf(bucket, 'a/'))).status, 204);
    assert.equal((await gateway.call('PATCH', path, { body: off })).status, 200);
    assert.equal((await gateway.call('DELETE', path)).status, 204);
  },
);

apiTest(
  { method: 'managedFolders.list', parameters: ['bucket', 'prefix', 'pageSize', 'pageToken'] },
  'lists by prefix and in pages, in the order of bytes',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(UNIFORM), await gateway.bucket(UNIFORM)];
    const empty = await gateway.call('GET', pathOf(bucket));
    assert.deepEqual([empty.status, empty.json], [200, { kind: 'storage#managedFolders' }]);
    for (const name of ['\u{1F600}/', '\uFF5E/', 'b/', 'a/b/', 'a.b/', 'a/']) await insert(gateway, bucket, name);
    await insert(gateway, other, 'elsewhere/');
    const all = ['a.b/', 'a/', 'a/b/', 'b/', '\uFF5E/', '\u{1F600}/'];
    assert.deepEqual(await namesOf(gateway, bucket), all);
    assert.deepEqual(await namesOf(gateway, bucket, '?prefix=a/'), ['a/', 'a/b/']);
    assert.deepEqual(await namesOf(gateway, bucket, '?prefix=c'), []);
    const seen: unknown[] = [];
    let token: string | undefined;
    for (let page = 0; page < 3; page += 1) {
      const query = `?pageSize=2${token === undefined ? '' : `&pageToken=${token}`}`;
      const { json } = await gateway.call('GET', `${pathOf(bucket)}${query}`);
      seen.push(...json.items.map(({ name }) => name));
      token = json.nextPageToken;
    }
    assert.equal(token, undefined);
    assert.deepEqual(seen, all);
    assert.equal((await gateway.call('GET', `${pathOf(bucket)}?pageToken=x`)).status, 400);
    assert.equal((await gateway.call('GET', pathOf('no-bucket'))).status, 404);
  },
);

apiTest(
  {
    method: 'managedFolders.update',
    parameters: ['bucket', 'managedFolder', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
    fields: ['rapidCacheConfig.policies'],
  },
  'merges cache policies',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(UNIFORM), await gateway.bucket(UNIFORM)];
    for (const name of ['a/', 'b/']) await insert(gateway, bucket, name);
    await insert(gateway, other, 'a/');
    const made = (await gateway.call('GET', pathOf(bucket, 'a/'))).json;
    const update = (policies: unknown, query = '') =>
      gateway.call('PATCH', `${pathOf(bucket, 'a/')}${query}`, { body: { rapidCacheConfig: { policies } } });
    await gateway.clock.advance(1_000);
    const first = await update({ 'us-a': CACHE, 'us-b': CACHE }, '?ifMetagenerationMatch=1');
    assert.deepEqual(first.json.rapidCacheConfig, { policies: { 'us-a': CACHE, 'us-b': CACHE } });
    assert.deepEqual([first.json.metageneration, first.json.createTime], ['2', made.createTime]);
    assert.notEqual(first.json.updateTime, made.updateTime);
    assert.equal((await update({ 'us-a': null }, '?ifMetagenerationMatch=1')).status, 412);
    assert.equal((await update({ 'us-a': null }, '?ifMetagenerationNotMatch=2')).status, 304);
    const ingest = { ingestOnWrite: 'unspecified' };
    const second = await update({ 'us-a': ingest, 'us-b': null }, '?ifMetagenerationNotMatch=1');
    assert.deepEqual(second.json.rapidCacheConfig, { policies: { 'us-a': { ...CACHE, ...ingest } } });
    assert.deepEqual((await gateway.call('GET', pathOf(bucket, 'a/'))).json, second.json);
    assert.equal((await update({ 'us-a': { ingestOnWrite: 'sometimes' } })).status, 400);
    const cleared = await gateway.call('PATCH', pathOf(bucket, 'a/'), { body: { rapidCacheConfig: null } });
    assert.deepEqual([cleared.json.metageneration, cleared.json.rapidCacheConfig], ['4', undefined]);
    for (const path of [pathOf(bucket, 'b/'), pathOf(other, 'a/')]) {
      assert.equal((await gateway.call('GET', path)).json.metageneration, '1');
    }
    assert.equal((await gateway.call('PATCH', pathOf(bucket, 'c/'), { body: {} })).status, 404);
  },
);

apiTest(
  { method: 'managedFolders.get', parameters: ['ifMetagenerationMatch', 'ifMetagenerationNotMatch'] },
  'shows a folder on conditions',
  async (gateway) => {
    const bucket = await gateway.bucket(UNIFORM);
    await insert(gateway, bucket, 'a/');
    const get = async (query: string) => (await gateway.call('GET', `${pathOf(bucket, 'a/')}${query}`)).status;
    assert.deepEqual([await get('?ifMetagenerationMatch=1'), await get('?ifMetagenerationMatch=2')], [200, 412]);
    assert.deepEqual([await get('?ifMetagenerationNotMatch=2'), await get('?ifMetagenerationNotMatch=1')], [200, 304]);
  },
);

apiTest(
  {
    method: 'managedFolders.delete',
    parameters: ['bucket', 'managedFolder', 'allowNonEmpty', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
  },
  'deletes a folder that applies to nothing, or any when asked to, and never what is under it',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(UNIFORM), await gateway.bucket(UNIFORM)];
    for (const name of ['a/', 'a/b/', 'c/', 'd/']) await insert(gateway, bucket, name);
    await insert(gateway, other, 'a/');
    await gateway.put(bucket, 'a/b/file');
    await gateway.put(bucket, 'c.txt');
    await gateway.put(bucket, 'd/');
    const remove = async (name: string, query = '') =>
      (await gateway.call('DELETE', `${pathOf(bucket, name)}${query}`)).status;
    for (const name of ['a/', 'a/b/', 'd/']) assert.equal(await remove(name), 409);
    assert.equal(await remove('c/', '?ifMetagenerationMatch=2'), 412);
    assert.equal(await remove('c/', '?ifMetagenerationNotMatch=1'), 304);
    assert.deepEqual(await namesOf(gateway, bucket), ['a/', 'a/b/', 'c/', 'd/']);
    assert.equal(await remove('c/', '?ifMetagenerationMatch=1'), 204);
    assert.equal(await remove('c/'), 404);
    assert.equal(await remove('a/', '?allowNonEmpty=true&ifMetagenerationNotMatch=2'), 204);
    assert.deepEqual(await namesOf(gateway, bucket), ['a/b/', 'd/']);
    assert.deepEqual(await namesOf(gateway, other), ['a/']);
    assert.equal((await gateway.get(bucket, 'a/b/file')).status, 200);
    assert.equal((await gateway.call('DELETE', `/storage/v1/b/${bucket}/o/a%2Fb%2Ffile`)).status, 204);
    assert.equal(await remove('a/b/'), 204);
  },
);

apiTest(
  [
    {
      method: 'managedFolders.getIamPolicy',
      parameters: ['bucket', 'managedFolder', 'optionsRequestedPolicyVersion'],
    },
    {
      method: 'managedFolders.setIamPolicy',
      parameters: ['bucket', 'managedFolder'],
      fields: [
        ...['bindings.role', 'bindings.members', 'etag', 'version', 'bindings.condition.title'],
        ...['bindings.condition.description', 'bindings.condition.expression', 'bindings.condition.location'],
      ],
    },
  ],
  'a policy is its folder, as read or whatever is there, and goes with it',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(UNIFORM), await gateway.bucket(UNIFORM)];
    for (const name of ['a/', 'b/']) await insert(gateway, bucket, name);
    await insert(gateway, other, 'a/');
    const read = (query = '', of = pathOf(bucket, 'a/', '/iam')) => gateway.call('GET', `${of}${query}`);
    const set = (body: Record<string, unknown>) => gateway.call('PUT', pathOf(bucket, 'a/', '/iam'), { body });
    const first = (await read()).json;
    const resourceId = `projects/_/buckets/${bucket}/managedFolders/a/`;
    assert.deepEqual(first, { kind: 'storage#policy', resourceId, version: 1, bindings: [], etag: 'CAE=' });
    const bindings = [{ role: VIEWER, members: ['allUsers', ALICE] }];
    const changed = await set({ etag: first.etag, bindings });
    assert.deepEqual([changed.status, changed.json.bindings], [200, bindings]);
    assert.deepEqual((await read()).json, changed.json);
    assert.equal((await gateway.call('GET', pathOf(bucket, 'a/'))).json.metageneration, '2');
    assert.equal((await set({ etag: first.etag, bindings })).status, 412);
    const conditional = [{ role: VIEWER, members: [ALICE], condition: CONDITION }];
    assert.equal((await set({ bindings: conditional })).status, 400);
    const third = await set({ version: 3, bindings: conditional });
    assert.deepEqual([third.json.version, third.json.bindings], [3, conditional]);
    assert.equal((await read()).status, 400);
    assert.deepEqual((await read('?optionsRequestedPolicyVersion=3')).json, third.json);
    for (const role of ['roles/storage.legacyBucketReader', 'roles/storage.noSuchRole']) {
      assert.equal((await set({ version: 3, bindings: [{ role, members: [ALICE] }] })).status, 400);
    }
    for (const path of [pathOf(bucket, 'b/', '/iam'), pathOf(other, 'a/', '/iam')]) {
      assert.deepEqual((await read('', path)).json.bindings, []);
    }
    assert.equal((await read('', pathOf(bucket, 'c/', '/iam'))).status, 404);
    assert.equal((await gateway.call('DELETE', pathOf(bucket, 'a/'))).status, 204);
    assert.equal((await set({ bindings })).status, 404);
    await insert(gateway, bucket, 'a/');
    assert.deepEqual((await read()).json.bindings, []);
  },
);

apiTest(
  { method: 'managedFolders.setIamPolicy', fields: ['bindings.members'] },
  'keeps the public out where it must',
  async (gateway) => {
    const iamConfiguration = { ...UNIFORM.iamConfiguration, publicAccessPrevention: 'enforced' };
    const bucket = await gateway.bucket({ iamConfiguration });
    await insert(gateway, bucket, 'a/');
    const set = (member: string) =>
      gateway.call('PUT', pathOf(bucket, 'a/', '/iam'), { body: { bindings: [{ role: VIEWER, members: [member] }] } });
    assert.equal((await set('allUsers')).status, 412);
    assert.equal((await set(ALICE)).status, 200);
  },
);

apiTest(
  { method: 'managedFolders.testIamPermissions', parameters: ['bucket', 'managedFolder', 'permissions'] },
  'tells which of the permissions asked for are held',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(UNIFORM), await gateway.bucket(UNIFORM)];
    await insert(gateway, bucket, 'a/');
    const ask = (query: string, of = pathOf(bucket, 'a/')) => gateway.call('GET', `${of}/iam/testPermissions?${query}`);
    const asked = 'permissions=storage.managedFolders.get&permissions=storage.objects.get';
    assert.deepEqual((await ask(asked)).json, {
      kind: 'storage#testIamPermissionsResponse',
      permissions: ['storage.managedFolders.get', 'storage.objects.get'],
    });
    assert.equal((await ask('permissions=x')).status, 400);
    assert.equal((await ask('')).status, 400);
    for (const path of [pathOf(bucket, 'b/'), pathOf(other, 'a/')]) assert.equal((await ask(asked, path)).status, 404);
  },
);

apiTest(
  { method: 'objects.list', parameters: ['includeFoldersAsPrefixes'] },
  'managed folders are among the prefixes of a listing that asks for folders',
  async (gateway) => {
    const bucket = await gateway.bucket(UNIFORM);
    for (const name of ['b/', 'c/d/', 'e/', 'f/']) await insert(gateway, bucket, name);
    for (const name of ['a/1', 'c/2', 'e/', 'g']) await gateway.put(bucket, name);
    const list = async (query: string) => {
      const { prefixes = [], items = [], nextPageToken } = (await gateway.list(bucket, query)).json;
      return { prefixes, items: items.map(({ name }) => name), nextPageToken };
    };
    const flag = 'includeFoldersAsPrefixes=true';
    const whole = { items: ['g'], nextPageToken: undefined };
    assert.deepEqual(await list('?delimiter=/'), { ...whole, prefixes: ['a/', 'c/', 'e/'] });
    assert.deepEqual(await list(`?delimiter=/&${flag}`), { ...whole, prefixes: ['a/', 'b/', 'c/', 'e/', 'f/'] });
    assert.deepEqual((await list(`?prefix=c/&delimiter=/&${flag}`)).prefixes, ['c/d/']);
    assert.deepEqual((await list(`?${flag}`)).prefixes, []);
    const seen: string[] = [];
    let token = '';
    for (let page = 0; page < 6; page += 1) {
      const query = `?delimiter=/&${flag}&maxResults=1${token === '' ? '' : `&pageToken=${token}`}`;
      const { prefixes, items, nextPageToken } = await list(query);
      seen.push(...prefixes, ...items);
      token = nextPageToken ?? '';
    }
    assert.deepEqual([seen, token], [['a/', 'b/', 'c/', 'e/', 'f/', 'g'], '']);
  },
);
