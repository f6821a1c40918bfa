/** Buckets. Numbers are items of `reference/gcs-api.md` §5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gcsForTests, namesOf } from '../support/gcs.ts';

const gcs = gcsForTests();
const insert = (body: Record<string, unknown>, query = 'project=test') =>
  gcs.call('POST', `/storage/v1/b?${query}`, { body });

test('a bucket is made, read, listed and deleted', async () => {
  const name = await gcs.bucket({ location: 'europe-west3', labels: { team: 'a' } });
  const { json, headers } = await gcs.call('GET', `/storage/v1/b/${name}`);
  assert.deepEqual(
    [json.kind, json.id, json.name, json.location, json.locationType, json.storageClass, json.metageneration],
    ['storage#bucket', name, name, 'EUROPE-WEST3', 'region', 'STANDARD', '1'],
  );
  assert.equal(headers['etag'], json.etag);
  assert.equal(json.selfLink, `${gcs.base}/storage/v1/b/${name}`);
  assert.deepEqual(json.labels, { team: 'a' });
  assert.ok(json.iamConfiguration);
  const listed = (await gcs.call('GET', `/storage/v1/b?project=test&prefix=${name}`)).json;
  assert.deepEqual(namesOf(listed), [name]);
  const deleted = await gcs.call('DELETE', `/storage/v1/b/${name}`);
  assert.deepEqual([deleted.status, deleted.text], [204, '']);
  const gone = await gcs.call('GET', `/storage/v1/b/${name}`);
  assert.equal(gone.status, 404);
  assert.equal(gone.json.error.message, 'The specified bucket does not exist.');
});

test('the same methods answer without /storage/v1, as Node asks, and with a slash behind', async () => {
  const name = await gcs.bucket();
  for (const path of [`/b/${name}`, `/b/${name}/`, `/storage/v1/b/${name}/`]) {
    assert.equal((await gcs.call('GET', path)).json.name, name, path);
  }
  await gcs.put(name, 'x');
  for (const path of [`/b/${name}/o`, `/b/${name}/o/`, `/storage/v1/b/${name}/o/`]) {
    assert.deepEqual(namesOf((await gcs.call('GET', path)).json), ['x'], path);
  }
  for (const path of ['/b?project=test', '/b/?project=test']) assert.equal((await gcs.call('GET', path)).status, 200);
  assert.equal((await gcs.call('GET', `/b/${name}/o/x?alt=media`)).text, 'x');
});

test('31: bucket names', async () => {
  const bad = [
    '',
    'ab',
    'UPPER',
    'a_',
    '-ab',
    'has space',
    'a/b',
    'x'.repeat(64),
    '192.168.5.4',
    'goog-x',
    'my-g00gle-x',
    'a..b',
  ];
  for (const name of bad) assert.equal((await insert({ name })).status, 400, name);
  const run = Date.now().toString(36);
  for (const name of [`a_b-${run}`, `a.b.${run}`, `${run}${'x'.repeat(63 - run.length)}`]) {
    assert.equal((await insert({ name })).status, 200, name);
  }
});

test('32: a taken name is 409, and so is deleting a bucket that is not empty', async () => {
  const name = await gcs.bucket();
  const taken = await insert({ name });
  assert.deepEqual([taken.status, taken.json.error.errors[0]?.reason], [409, 'conflict']);
  await gcs.put(name, 'x');
  const full = await gcs.call('DELETE', `/storage/v1/b/${name}`);
  assert.deepEqual([full.status, full.json.error.errors[0]?.reason], [409, 'conflict']);
  assert.equal((await gcs.media(name, 'x')).text, 'x');
});

test('project is required', async () => {
  for (const answer of [await insert({ name: 'some-bucket' }, ''), await gcs.call('GET', '/storage/v1/b')]) {
    assert.equal(answer.status, 400);
    assert.deepEqual(
      [answer.json.error.errors[0]?.reason, answer.json.error.errors[0]?.location],
      ['required', 'project'],
    );
  }
});

test('buckets are listed by project, in pages', async () => {
  const project = `p${Date.now().toString(36)}`;
  const names = ['one', 'two', 'zzz'].map((word) => `strait-${project}-${word}`);
  for (const name of names) assert.equal((await insert({ name }, `project=${project}`)).status, 200);
  const first = (await gcs.call('GET', `/storage/v1/b?project=${project}&maxResults=2`)).json;
  assert.deepEqual(namesOf(first), names.slice(0, 2));
  const second = await gcs.call(
    'GET',
    `/storage/v1/b?project=${project}&maxResults=2&pageToken=${first.nextPageToken}`,
  );
  assert.deepEqual([namesOf(second.json), second.json.nextPageToken], [names.slice(2), undefined]);
  assert.equal((await gcs.call('GET', `/storage/v1/b?project=${project}&pageToken=x`)).status, 400);
  const cut = await gcs.call('GET', `/storage/v1/b?project=${project}&maxResults=1&fields=items/name`);
  assert.deepEqual(cut.json, { items: [{ name: names[0] }] });
});

test('40: a patch of a bucket merges labels and nested objects, and keeps the rest word for word', async () => {
  const lifecycle = { rule: [{ action: { type: 'Delete' }, condition: { age: 30 } }] };
  const name = await gcs.bucket({ labels: { a: '1', b: '2' }, lifecycle });
  const patch = async (body: Record<string, unknown>) =>
    (await gcs.call('PATCH', `/storage/v1/b/${name}`, { body })).json;
  const merged = await patch({ labels: { b: null, c: '3' }, iamConfiguration: { publicAccessPrevention: 'enforced' } });
  assert.deepEqual(merged.labels, { a: '1', c: '3' });
  assert.equal(merged.iamConfiguration['publicAccessPrevention'], 'enforced');
  assert.deepEqual(merged.iamConfiguration['uniformBucketLevelAccess'], { enabled: false });
  assert.deepEqual(merged.lifecycle, lifecycle);
  assert.equal(merged.metageneration, '2');
  const cleared = await patch({ labels: null, lifecycle: {}, storageClass: 'NEARLINE' });
  assert.deepEqual([cleared.labels, cleared.lifecycle, cleared.storageClass], [undefined, lifecycle, 'NEARLINE']);
  assert.equal((await patch({ storageClass: 'SHINY' })).error.code, 400);
  assert.equal((await patch({ labels: 'x' })).error.code, 400);
  assert.equal((await patch({ cors: {} })).error.code, 400);
});

test('update of a bucket replaces', async () => {
  const name = await gcs.bucket({ labels: { a: '1' } });
  const { json } = await gcs.call('PUT', `/storage/v1/b/${name}`, { body: { website: { mainPageSuffix: 'i.html' } } });
  assert.deepEqual([json.labels, json.location, json.metageneration], [undefined, 'US', '2']);
});

test('metageneration preconditions and etags of buckets', async () => {
  const name = await gcs.bucket();
  const path = `/storage/v1/b/${name}`;
  const { etag } = (await gcs.call('GET', path)).json;
  assert.equal((await gcs.call('GET', `${path}?ifMetagenerationNotMatch=1`)).status, 304);
  assert.equal((await gcs.call('GET', `${path}?ifMetagenerationMatch=2`)).status, 412);
  assert.equal((await gcs.call('GET', path, { headers: { 'If-None-Match': etag } })).status, 304);
  const headers = { 'If-Match': etag };
  assert.equal((await gcs.call('PATCH', path, { headers, body: { labels: { a: '1' } } })).status, 200);
  assert.equal((await gcs.call('PATCH', path, { headers, body: { labels: { a: '2' } } })).status, 412);
});

test('objects take the storage class of their bucket', async () => {
  const name = await gcs.bucket({ storageClass: 'coldline' });
  assert.equal((await gcs.put(name, 'x')).storageClass, 'COLDLINE');
});

test('getStorageLayout says that a bucket is flat unless it was made hierarchical', async () => {
  const name = await gcs.bucket({ location: 'us' });
  const { json } = await gcs.call('GET', `/storage/v1/b/${name}/storageLayout`);
  assert.deepEqual(json, {
    kind: 'storage#storageLayout',
    bucket: name,
    location: 'US',
    locationType: 'multi-region',
    hierarchicalNamespace: { enabled: false },
  });
  const iamConfiguration = { uniformBucketLevelAccess: { enabled: true } };
  const tree = await gcs.bucket({ hierarchicalNamespace: { enabled: true }, iamConfiguration });
  const layout = await gcs.call('GET', `/storage/v1/b/${tree}/storageLayout`);
  assert.deepEqual(layout.json.hierarchicalNamespace, { enabled: true });
});
