import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { namesOf } from '../support/gcs.ts';

const insert = (gateway: ApiGateway, name: string, query = '', resource = {}) =>
  gateway.call('POST', `/storage/v1/b?project=test${query}`, { body: { name, ...resource } });
const bucketCall = (gateway: ApiGateway, method: string, path: string, body?: Record<string, unknown>) =>
  gateway.call(method, `/storage/v1/b/${path}`, body === undefined ? {} : { body });

apiTest(
  [
    { method: 'buckets.insert', parameters: ['project'], fields: ['name', 'location', 'storageClass', 'labels'] },
    { method: 'buckets.get', parameters: ['bucket'] },
  ],
  'makes a bucket as asked for',
  async (gateway) => {
    const resource = { location: 'europe-west1', storageClass: 'nearline', labels: { team: 'a' } };
    const made = await insert(gateway, 'some-bucket', '', resource);
    assert.equal(made.status, 200, made.text);
    const { json } = await bucketCall(gateway, 'GET', 'some-bucket');
    assert.deepEqual(
      [json.name, json.location, json.storageClass, json.labels, json.metageneration],
      ['some-bucket', 'EUROPE-WEST1', 'NEARLINE', { team: 'a' }, '1'],
    );
    const listed = await gateway.call('GET', '/storage/v1/b?project=test');
    assert.deepEqual(namesOf(listed.json), ['some-bucket']);
    assert.equal((await insert(gateway, 'some-bucket')).status, 409);
  },
);

apiTest(
  { method: 'buckets.insert', parameters: ['projection'], fields: ['acl.entity', 'acl.role'] },
  'tells access lists when the request sets them or asks for them',
  async (gateway) => {
    const acl = [{ entity: 'allUsers', role: 'READER' }];
    const made = await insert(gateway, 'bucket-1', '', { acl });
    assert.partialDeepStrictEqual(made.json.acl, acl);
    assert.equal((await insert(gateway, 'bucket-2', '&projection=noAcl', { acl })).json.acl, undefined);
  },
);

apiTest(
  {
    method: 'buckets.get',
    parameters: ['ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
    headers: ['if-none-match'],
  },
  'judges preconditions on reads',
  async (gateway) => {
    await insert(gateway, 'some-bucket');
    const status = async (query: string) => (await bucketCall(gateway, 'GET', `some-bucket${query}`)).status;
    assert.equal(await status('?ifMetagenerationMatch=1'), 200);
    assert.equal(await status('?ifMetagenerationMatch=2'), 412);
    assert.equal(await status('?ifMetagenerationNotMatch=1'), 304);
    assert.equal(await status('?ifMetagenerationNotMatch=2'), 200);
    const { etag } = (await bucketCall(gateway, 'GET', 'some-bucket')).json;
    const headers = { 'If-None-Match': etag };
    assert.equal((await gateway.call('GET', '/storage/v1/b/some-bucket', { headers })).status, 304);
  },
);

apiTest(
  { method: 'buckets.get', parameters: ['projection'] },
  'tells access lists only when asked for all',
  async (gateway) => {
    await insert(gateway, 'some-bucket', '', { acl: [{ entity: 'allUsers', role: 'READER' }] });
    assert.equal((await bucketCall(gateway, 'GET', 'some-bucket')).json.acl, undefined);
    assert.notEqual((await bucketCall(gateway, 'GET', 'some-bucket?projection=full')).json.acl, undefined);
  },
);

apiTest(
  { method: 'buckets.list', parameters: ['project', 'prefix', 'maxResults', 'pageToken', 'projection'] },
  'lists the buckets of a project, page by page',
  async (gateway) => {
    for (const name of ['aaa', 'aab', 'bbb'])
      await insert(gateway, name, '', { acl: [{ entity: 'allUsers', role: 'READER' }] });
    const list = async (query: string) => (await gateway.call('GET', `/storage/v1/b?${query}`)).json;
    assert.deepEqual(namesOf(await list('project=test')), ['aaa', 'aab', 'bbb']);
    assert.deepEqual(namesOf(await list('project=other')), []);
    assert.deepEqual(namesOf(await list('project=test&prefix=aa')), ['aaa', 'aab']);
    const first = await list('project=test&maxResults=2');
    assert.deepEqual(namesOf(first), ['aaa', 'aab']);
    assert.deepEqual(namesOf(await list(`project=test&maxResults=2&pageToken=${first.nextPageToken}`)), ['bbb']);
    assert.equal(first.items[0]?.acl, undefined);
    assert.notEqual((await list('project=test&projection=full')).items[0]?.acl, undefined);
  },
);

apiTest(
  {
    method: 'buckets.patch',
    parameters: ['bucket', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch', 'projection'],
    fields: ['labels', 'acl.entity', 'versioning.enabled'],
  },
  'changes what it names',
  async (gateway) => {
    await insert(gateway, 'some-bucket', '', {
      labels: { a: '1', b: '2' },
      acl: [{ entity: 'allUsers', role: 'READER' }],
    });
    const patch = (query: string, body: Record<string, unknown>) =>
      bucketCall(gateway, 'PATCH', `some-bucket${query}`, body);
    const changed = await patch('?projection=noAcl', { labels: { a: null, c: '3' }, versioning: { enabled: true } });
    assert.deepEqual([changed.json.labels, changed.json.metageneration], [{ b: '2', c: '3' }, '2']);
    assert.deepEqual([changed.json.versioning, changed.json.acl], [{ enabled: true }, undefined]);
    assert.equal((await patch('?ifMetagenerationMatch=1', {})).status, 412);
    assert.equal((await patch('?ifMetagenerationMatch=2', {})).status, 200);
    assert.equal((await patch('?ifMetagenerationNotMatch=2', {})).status, 304);
    const same = await patch('?ifMetagenerationNotMatch=3', {});
    assert.deepEqual([same.status, same.json.metageneration], [200, '2'], 'an empty patch changes nothing');
    const acl = [{ entity: 'user-a@example.com', role: 'OWNER' }];
    assert.partialDeepStrictEqual((await patch('', { acl })).json.acl, acl);
  },
);

apiTest(
  {
    method: 'buckets.update',
    parameters: ['bucket', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
    fields: ['labels'],
  },
  'replaces what was set',
  async (gateway) => {
    await insert(gateway, 'some-bucket', '', { labels: { a: '1' }, versioning: { enabled: true } });
    const update = (query: string, body: Record<string, unknown>) =>
      bucketCall(gateway, 'PUT', `some-bucket${query}`, body);
    const changed = await update('', { labels: { b: '2' } });
    assert.deepEqual([changed.json.labels, changed.json.versioning], [{ b: '2' }, undefined]);
    assert.equal((await update('?ifMetagenerationMatch=1', {})).status, 412);
    assert.equal((await update('?ifMetagenerationMatch=2', {})).status, 200);
    assert.equal((await update('?ifMetagenerationNotMatch=3', {})).status, 304);
    assert.equal((await update('?ifMetagenerationNotMatch=2', {})).status, 200);
  },
);

apiTest(
  { method: 'buckets.delete', parameters: ['bucket', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'] },
  'deletes an empty bucket',
  async (gateway) => {
    for (const name of ['bucket-1', 'bucket-2', 'bucket-3']) await insert(gateway, name);
    const remove = async (name: string, query = '') => (await bucketCall(gateway, 'DELETE', `${name}${query}`)).status;
    assert.equal(await remove('bucket-1', '?ifMetagenerationMatch=2'), 412);
    assert.equal(await remove('bucket-1', '?ifMetagenerationMatch=1'), 204);
    assert.equal(await remove('bucket-2', '?ifMetagenerationNotMatch=1'), 304);
    assert.equal(await remove('bucket-2', '?ifMetagenerationNotMatch=2'), 204);
    await gateway.put('bucket-3', 'x');
    assert.equal(await remove('bucket-3'), 409);
    assert.deepEqual(namesOf((await gateway.call('GET', '/storage/v1/b?project=test')).json), ['bucket-3']);
  },
);

apiTest({ method: 'buckets.getStorageLayout', parameters: ['bucket'] }, 'tells where a bucket is', async (gateway) => {
  await insert(gateway, 'some-bucket', '', { location: 'eu' });
  const { json } = await bucketCall(gateway, 'GET', 'some-bucket/storageLayout');
  assert.deepEqual(
    [json.kind, json.bucket, json.location, json.locationType],
    ['storage#storageLayout', 'some-bucket', 'EU', 'multi-region'],
  );
});

for (const [method, verb] of [
  ['buckets.patch', 'PATCH'],
  ['buckets.update', 'PUT'],
] as const) {
  apiTest({ method, fields: ['storageClass'] }, `${verb} changes the class of objects to come`, async (gateway) => {
    await insert(gateway, 'some-bucket');
    const { json } = await gateway.call(verb, '/storage/v1/b/some-bucket', { body: { storageClass: 'nearline' } });
    assert.equal(json.storageClass, 'NEARLINE');
  });
}

apiTest(
  { method: 'buckets.update', parameters: ['projection'] },
  'tells access lists unless asked not to',
  async (gateway) => {
    await insert(gateway, 'some-bucket');
    const body = { acl: [{ entity: 'allUsers', role: 'READER' }] };
    assert.notEqual((await bucketCall(gateway, 'PUT', 'some-bucket', body)).json.acl, undefined);
    assert.equal((await bucketCall(gateway, 'PUT', 'some-bucket?projection=noAcl', body)).json.acl, undefined);
  },
);

apiTest(
  { method: 'buckets.insert', parameters: ['enableObjectRetention'] },
  'lets objects have a retention of their own when the bucket is made for it, and never later',
  async (gateway) => {
    const made = await insert(gateway, 'bucket-1', '&enableObjectRetention=true');
    assert.deepEqual(made.json.objectRetention, { mode: 'Enabled' });
    for (const [verb, body] of [
      ['PATCH', { objectRetention: null }],
      ['PUT', {}],
    ] as const) {
      const changed = await bucketCall(gateway, verb, 'bucket-1', body);
      assert.deepEqual([changed.status, changed.json.objectRetention], [200, { mode: 'Enabled' }]);
    }
    const plain = await insert(gateway, 'bucket-2', '', { objectRetention: { mode: 'Enabled' } });
    assert.deepEqual([plain.status, plain.json.objectRetention], [200, undefined]);
  },
);

apiTest(
  [
    { method: 'buckets.insert', fields: ['labels', 'softDeletePolicy.retentionDurationSeconds'] },
    { method: 'buckets.patch', fields: ['labels', 'autoclass.enabled'] },
  ],
  'refuses what a bucket cannot have, and is unchanged',
  async (gateway) => {
    const refused = await insert(gateway, 'some-bucket', '', { labels: { Team: 'a' } });
    assert.deepEqual([refused.status, refused.json.error.errors[0]?.location], [400, 'labels']);
    const short = { softDeletePolicy: { retentionDurationSeconds: '1' } };
    assert.equal((await insert(gateway, 'some-bucket', '', short)).status, 400);
    const made = await insert(gateway, 'some-bucket', '', { labels: { team: 'a' }, storageClass: 'NEARLINE' });
    assert.equal(made.json.autoclass, undefined);
    assert.equal((await bucketCall(gateway, 'PATCH', 'some-bucket', { labels: { 'a b': 'c' } })).status, 400);
    assert.deepEqual((await bucketCall(gateway, 'GET', 'some-bucket')).json, made.json);
    const body = { autoclass: { enabled: true }, storageClass: 'COLDLINE' };
    assert.equal((await bucketCall(gateway, 'PATCH', 'some-bucket', body)).status, 400);
  },
);
