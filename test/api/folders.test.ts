import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { objectPath } from '../support/gcs.ts';

const TREE = {
  hierarchicalNamespace: { enabled: true },
  iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
};

const pathOf = (bucket: string, name = '', rest = '') =>
  `/storage/v1/b/${bucket}/folders${name === '' ? '' : `/${encodeURIComponent(name)}`}${rest}`;

const insert = (gateway: ApiGateway, bucket: string, name: string, query = '') =>
  gateway.call('POST', `${pathOf(bucket)}${query}`, { body: { name } });

const namesOf = async (gateway: ApiGateway, bucket: string, query = '') =>
  ((await gateway.call('GET', `${pathOf(bucket)}${query}`)).json.items ?? []).map(({ name }) => name);

const statusOf = async (gateway: ApiGateway, path: string, method = 'GET') => (await gateway.call(method, path)).status;

apiTest(
  [
    { method: 'folders.insert', parameters: ['bucket', 'recursive'], fields: ['name'] },
    { method: 'folders.get', parameters: ['bucket', 'folder'] },
  ],
  'makes a folder, with those above it when asked to, and shows it whole',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(TREE), await gateway.bucket(TREE)];
    assert.equal((await insert(gateway, bucket, 'a/b/c/')).status, 409);
    assert.deepEqual(await namesOf(gateway, bucket), []);
    const made = await insert(gateway, bucket, 'a/b/c/', '?recursive=true');
    assert.equal(made.status, 200, made.text);
    const { selfLink, createTime, updateTime, ...shown } = JSON.parse(made.text);
    assert.ok(selfLink.endsWith(pathOf(bucket, 'a/b/c/')), selfLink);
    assert.ok(createTime !== undefined && createTime === updateTime);
    const id = `${bucket}/a/b/c/`;
    assert.deepEqual(shown, { kind: 'storage#folder', id, name: 'a/b/c/', bucket, metageneration: '1' });
    assert.deepEqual((await gateway.call('GET', pathOf(bucket, 'a/b/c/'))).json, made.json);
    assert.deepEqual(await namesOf(gateway, bucket), ['a/', 'a/b/', 'a/b/c/']);
    for (const path of [pathOf(bucket, 'a/c/'), pathOf(other, 'a/b/c/'), pathOf('no-bucket', 'a/b/c/')]) {
      assert.equal(await statusOf(gateway, path), 404);
    }
    const again = await insert(gateway, bucket, 'a/b/');
    assert.deepEqual([again.status, again.json.error.errors[0]?.reason], [409, 'conflict']);
    for (const name of ['d', 'a\n/', `${'x'.repeat(512)}/`, 'x/'.repeat(51)]) {
      assert.equal((await insert(gateway, bucket, name, '?recursive=true')).status, 400, name);
    }
    assert.equal((await gateway.call('POST', pathOf(bucket), { body: {} })).status, 400);
    const flat = await gateway.bucket();
    assert.equal((await insert(gateway, flat, 'a/')).status, 409);
  },
);

apiTest(
  [
    { method: 'folders.get', parameters: ['ifMetagenerationMatch', 'ifMetagenerationNotMatch'] },
    {
      method: 'folders.delete',
      parameters: ['bucket', 'folder', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
    },
  ],
  'shows on conditions, and deletes what is empty',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(TREE), await gateway.bucket(TREE)];
    for (const name of ['a/', 'a/b/', 'c/']) await insert(gateway, bucket, name);
    await insert(gateway, other, 'c/');
    await gateway.put(bucket, 'd/file');
    const call = (method: string, query: string, name = 'c/') =>
      statusOf(gateway, `${pathOf(bucket, name)}${query}`, method);
    assert.equal(await call('GET', '?ifMetagenerationMatch=1'), 200);
    assert.equal(await call('GET', '?ifMetagenerationMatch=2'), 412);
    assert.equal(await call('GET', '?ifMetagenerationNotMatch=2'), 200);
    assert.equal(await call('GET', '?ifMetagenerationNotMatch=1'), 304);
    for (const name of ['a/', 'd/']) assert.equal(await call('DELETE', '', name), 409);
    assert.equal(await call('DELETE', '?ifMetagenerationMatch=2'), 412);
    assert.equal(await call('DELETE', '?ifMetagenerationNotMatch=1'), 304);
    assert.equal(await call('DELETE', '?ifMetagenerationMatch=1&ifMetagenerationNotMatch=2'), 204);
    assert.equal(await call('DELETE', ''), 404);
    assert.deepEqual(await namesOf(gateway, bucket), ['a/', 'a/b/', 'd/']);
    assert.deepEqual(await namesOf(gateway, other), ['c/']);
  },
);

apiTest(
  {
    method: 'folders.list',
    parameters: ['bucket', 'prefix', 'delimiter', 'startOffset', 'endOffset', 'pageSize', 'pageToken'],
  },
  'lists folders in the order of bytes, by prefix, level, offsets and page',
  async (gateway) => {
    const bucket = await gateway.bucket(TREE);
    for (const name of ['a/', 'a.b/', 'a/b/', 'a/b/c/', 'd/']) await insert(gateway, bucket, name);
    await gateway.put(bucket, 'a/file');
    assert.deepEqual(await namesOf(gateway, bucket), ['a.b/', 'a/', 'a/b/', 'a/b/c/', 'd/']);
    assert.deepEqual(await namesOf(gateway, bucket, '?prefix=a/'), ['a/', 'a/b/', 'a/b/c/']);
    assert.deepEqual(await namesOf(gateway, bucket, '?delimiter=/'), ['a.b/', 'a/', 'd/']);
    assert.deepEqual(await namesOf(gateway, bucket, '?prefix=a/&delimiter=/'), ['a/', 'a/b/']);
    assert.deepEqual(await namesOf(gateway, bucket, '?startOffset=a/b/'), ['a/b/', 'a/b/c/', 'd/']);
    assert.deepEqual(await namesOf(gateway, bucket, '?endOffset=a/b/'), ['a.b/', 'a/']);
    const first = await gateway.call('GET', `${pathOf(bucket)}?pageSize=3`);
    assert.deepEqual([first.json.kind, first.json.items.length], ['storage#folders', 3]);
    const rest = await namesOf(gateway, bucket, `?pageToken=${first.json.nextPageToken}`);
    assert.deepEqual(rest, ['a/b/c/', 'd/']);
    for (const query of ['?prefix=a', '?delimiter=x', '?pageToken=x']) {
      assert.equal(await statusOf(gateway, `${pathOf(bucket)}${query}`), 400);
    }
    assert.equal(await statusOf(gateway, pathOf('no-bucket')), 404);
  },
);

apiTest(
  {
    method: 'folders.rename',
    parameters: [
      ...(['bucket', 'sourceFolder', 'destinationFolder'] as const),
      ...(['ifSourceMetagenerationMatch', 'ifSourceMetagenerationNotMatch'] as const),
    ],
  },
  'gives a folder, and all in it, another name in one step',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(TREE), await gateway.bucket(TREE)];
    const before = await gateway.put(bucket, 'a/b/file', 'text');
    await insert(gateway, bucket, 'c/');
    await gateway.put(other, 'a/b/file');
    const rename = (from: string, to: string, query = '') =>
      gateway.call('POST', pathOf(bucket, from, `/renameTo/folders/${encodeURIComponent(to)}${query}`));
    const refused: readonly (readonly [string, string, string, number])[] = [
      ['x/', 'y/', '', 404],
      ['a/', 'c/', '', 409],
      ['a/', 'x/y/', '', 409],
      ['a/', 'a/', '', 400],
      ['a/', 'a/b/d/', '', 400],
      ['a/', `${'x'.repeat(510)}/`, '', 400],
      ['a/', 'c/a/', '?ifSourceMetagenerationMatch=2', 412],
      ['a/', 'c/a/', '?ifSourceMetagenerationNotMatch=1', 304],
    ];
    for (const [from, to, query, status] of refused) {
      assert.equal((await rename(from, to, query)).status, status, `${from} to ${to}${query}`);
    }
    const done = await rename('a/', 'c/a/', '?ifSourceMetagenerationMatch=1&ifSourceMetagenerationNotMatch=2');
    assert.equal(done.status, 200, done.text);
    const operation = JSON.parse(done.text);
    assert.equal(operation.done, true);
    assert.partialDeepStrictEqual(operation.metadata, {
      '@type': 'type.googleapis.com/google.storage.control.v2.RenameFolderMetadata',
      sourceFolderId: 'a/',
      destinationFolderId: 'c/a/',
    });
    assert.equal(operation.response.name, `projects/_/buckets/${bucket}/folders/c/a/`);
    assert.deepEqual(await namesOf(gateway, bucket), ['c/', 'c/a/', 'c/a/b/']);
    assert.equal((await gateway.call('GET', pathOf(bucket, 'c/a/'))).json.metageneration, '2');
    const { json } = await gateway.get(bucket, 'c/a/b/file');
    assert.deepEqual([json.generation, json.metageneration], [before.generation, before.metageneration]);
    assert.equal((await gateway.media(bucket, 'c/a/b/file')).text, 'text');
    assert.equal((await gateway.get(bucket, 'a/b/file')).status, 404);
    assert.deepEqual(await namesOf(gateway, other), ['a/', 'a/b/']);
    await insert(gateway, bucket, 'd/'.repeat(49), '?recursive=true');
    assert.equal((await rename('d/', 'c/d/')).status, 200);
    assert.equal((await rename('c/', 'e/f/')).status, 409);
    await insert(gateway, bucket, 'e/');
    assert.equal((await rename('c/', 'e/f/')).status, 400);
  },
);

apiTest(
  [
    { method: 'folders.rename', parameters: ['sourceFolder', 'destinationFolder'] },
    { method: 'folders.delete', parameters: ['folder'] },
    { method: 'folders.deleteRecursive', parameters: ['folder'] },
  ],
  'takes the managed folders of a folder along, with their policies',
  async (gateway) => {
    const bucket = await gateway.bucket(TREE);
    const managed = (name: string, rest = '') =>
      `/storage/v1/b/${bucket}/managedFolders${name === '' ? '' : `/${encodeURIComponent(name)}`}${rest}`;
    const managedNames = async () =>
      ((await gateway.call('GET', managed(''))).json.items ?? []).map(({ name }) => name);
    const rename = (from: string, to: string) =>
      gateway.call('POST', pathOf(bucket, from, `/renameTo/folders/${encodeURIComponent(to)}`));
    const manage = async (name: string) =>
      assert.equal((await gateway.call('POST', managed(''), { body: { name } })).status, 200);
    for (const name of ['a/b/', 'a/c/', 'ab/']) await insert(gateway, bucket, name, '?recursive=true');
    for (const name of ['a/', 'a/b/', 'a/only-managed/', 'ab/', 'x/y/']) await manage(name);
    const bindings = [{ role: 'roles/storage.objectViewer', members: ['user:alice@example.com'] }];
    await gateway.call('PUT', managed('a/b/', '/iam'), { body: { bindings } });

    assert.equal((await rename('a/', 'x/')).status, 409, 'a managed folder is in the way');
    assert.equal((await gateway.call('DELETE', managed('x/y/'))).status, 204);
    assert.equal((await rename('a/', 'x/')).status, 200);
    assert.deepEqual(await managedNames(), ['ab/', 'x/', 'x/b/', 'x/only-managed/']);
    const { json: policy } = await gateway.call('GET', managed('x/b/', '/iam'));
    assert.partialDeepStrictEqual(policy, { bindings });
    assert.equal((await rename('x/', `${'e/'.repeat(15)}`)).status, 409, 'the folder above is not there');
    await insert(gateway, bucket, 'e/'.repeat(14), '?recursive=true');
    assert.equal((await rename('x/', 'e/'.repeat(15))).status, 400, 'a managed folder would lie too deep');

    assert.equal((await gateway.call('DELETE', pathOf(bucket, 'x/b/'))).status, 204);
    assert.deepEqual(await managedNames(), ['ab/', 'x/', 'x/only-managed/']);
    await manage('x/b/');
    assert.deepEqual((await gateway.call('GET', managed('x/b/', '/iam'))).json.bindings, [], 'a folder of its own');
    assert.equal((await gateway.call('DELETE', pathOf(bucket, 'x/c/'))).status, 204);
    const held = await gateway.call('DELETE', pathOf(bucket, 'x/'));
    assert.deepEqual([held.status, held.json.error?.message.includes('x/b/')], [409, true], held.text);
    await gateway.put(bucket, 'x/object');
    assert.equal((await gateway.call('POST', pathOf(bucket, 'x/', '/deleteRecursive'))).status, 200);
    await gateway.runChores();
    assert.deepEqual(await managedNames(), ['ab/']);
    assert.deepEqual(
      (await namesOf(gateway, bucket)).filter((name) => !`${name}`.startsWith('e/')),
      ['ab/'],
    );
  },
);

apiTest(
  {
    method: 'folders.deleteRecursive',
    parameters: ['bucket', 'folder', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
  },
  'deletes a folder with all in it, in an operation',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(TREE), await gateway.bucket(TREE)];
    for (const name of ['a/b/c/1', 'a/2', 'a.txt', 'd/3']) await gateway.put(bucket, name);
    await gateway.put(other, 'a/2');
    const remove = (name: string, query = '') => gateway.call('POST', pathOf(bucket, name, `/deleteRecursive${query}`));
    assert.equal((await remove('x/')).status, 404);
    assert.equal((await remove('a/', '?ifMetagenerationMatch=2')).status, 412);
    assert.equal((await remove('a/', '?ifMetagenerationNotMatch=1')).status, 304);
    assert.equal((await gateway.get(bucket, 'a/2')).status, 200);
    const begun = JSON.parse((await remove('a/', '?ifMetagenerationMatch=1&ifMetagenerationNotMatch=2')).text);
    assert.deepEqual([begun.done, begun.metadata.folderId], [false, 'a/']);
    await gateway.runChores();
    assert.deepEqual(await namesOf(gateway, bucket), ['d/']);
    const { items } = (await gateway.list(bucket)).json;
    assert.deepEqual(
      items.map(({ name }) => name),
      ['a.txt', 'd/3'],
    );
    assert.deepEqual(await namesOf(gateway, other), ['a/']);
  },
);

apiTest(
  [
    { method: 'objects.insert', parameters: ['name'] },
    { method: 'objects.list', parameters: ['includeFoldersAsPrefixes'] },
  ],
  'objects make the folders of their names, which listings show when asked to',
  async (gateway) => {
    const bucket = await gateway.bucket(TREE);
    await gateway.put(bucket, 'a/b/file');
    await insert(gateway, bucket, 'a/empty/');
    assert.deepEqual(await namesOf(gateway, bucket), ['a/', 'a/b/', 'a/empty/']);
    for (const name of ['..', `a/${'x'.repeat(513)}`, `${'x'.repeat(512)}/a`, `${'x/'.repeat(51)}a`]) {
      assert.equal((await gateway.tryPut(bucket, name)).status, 400, name);
    }
    const prefixes = async (query: string) => (await gateway.list(bucket, query)).json.prefixes;
    assert.deepEqual(await prefixes('?prefix=a/&delimiter=/'), ['a/b/']);
    assert.deepEqual(await prefixes('?prefix=a/&delimiter=/&includeFoldersAsPrefixes=true'), ['a/b/', 'a/empty/']);
    assert.equal(await statusOf(gateway, objectPath(bucket, 'a/b/file'), 'DELETE'), 204);
    assert.deepEqual(await namesOf(gateway, bucket), ['a/', 'a/b/', 'a/empty/']);
    for (const name of ['a//b', '/c', 'a/../d', '//']) await gateway.put(bucket, name, name);
    assert.deepEqual(await namesOf(gateway, bucket), ['/', '//', 'a/', 'a/../', 'a//', 'a/b/', 'a/empty/']);
    assert.equal((await gateway.media(bucket, '//')).text, '//');
    assert.deepEqual(await prefixes('?delimiter=/'), ['/', 'a/']);
    assert.equal(await statusOf(gateway, `/storage/v1/b/${bucket}`, 'DELETE'), 409);
  },
);

apiTest(
  [
    { method: 'buckets.insert', fields: ['hierarchicalNamespace.enabled'] },
    { method: 'buckets.patch', fields: ['hierarchicalNamespace.enabled'] },
    { method: 'buckets.update', fields: ['hierarchicalNamespace.enabled'] },
    { method: 'buckets.getStorageLayout', parameters: ['bucket'] },
  ],
  'a hierarchical namespace is chosen when the bucket is made, with uniform access and without versioning',
  async (gateway) => {
    const bucket = await gateway.bucket(TREE);
    const layout = await gateway.call('GET', `/storage/v1/b/${bucket}/storageLayout`);
    assert.deepEqual(layout.json.hierarchicalNamespace, { enabled: true });
    const make = async (name: string, more: Record<string, unknown>) =>
      (await gateway.call('POST', '/storage/v1/b?project=test', { body: { name, ...more } })).status;
    assert.equal(await make('tree-one', { hierarchicalNamespace: { enabled: true } }), 400);
    assert.equal(await make('tree-two', { ...TREE, versioning: { enabled: true } }), 400);
    const change = async (body: Record<string, unknown>, of = bucket, verb = 'PATCH') =>
      (await gateway.call(verb, `/storage/v1/b/${of}`, { body })).status;
    assert.equal(await change({ versioning: { enabled: true } }), 400);
    assert.equal(await change({ hierarchicalNamespace: { enabled: false } }), 400);
    const open = { iamConfiguration: { uniformBucketLevelAccess: { enabled: false } } };
    assert.equal(await change(open), 400);
    assert.equal(await change({ labels: { a: 'b' } }), 200);
    assert.equal(await change({ iamConfiguration: TREE.iamConfiguration }, bucket, 'PUT'), 200);
    assert.equal((await insert(gateway, bucket, 'a/')).status, 200);
    assert.equal(await change(TREE, await gateway.bucket()), 400);
    assert.equal(await change(TREE, await gateway.bucket(), 'PUT'), 400);
  },
);
