/** Copy, rewrite, move, compose. Numbers are items of `reference/gcs-api.md` §5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gcsForTests, objectPath } from '../support/gcs.ts';

const gcs = gcsForTests();

async function sourceBucket(): Promise<string> {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x', { resource: { contentType: 'text/x', metadata: { a: '1' } } });
  await gcs.chunk(session, 'bytes 0-4/5', 'hello');
  return bucket;
}

test('copy: within a bucket, across buckets, over itself', async () => {
  const bucket = await sourceBucket();
  const other = await gcs.bucket();
  for (const [to, name] of [
    [bucket, 'y/z'],
    [other, 'x'],
    [bucket, 'x'],
  ] as const) {
    const path = `${objectPath(bucket, 'x')}/copyTo/b/${to}/o/${encodeURIComponent(name)}`;
    const { status, json, text } = await gcs.call('POST', path);
    assert.equal(status, 200, text);
    assert.deepEqual([json.bucket, json.name, json.contentType, json.metadata], [to, name, 'text/x', { a: '1' }]);
    assert.equal((await gcs.media(to, name)).text, 'hello');
  }
});

test('copy: a body of null, as Go writes it, is none', async () => {
  const bucket = await sourceBucket();
  for (const method of ['copyTo', 'rewriteTo']) {
    const path = `${objectPath(bucket, 'x')}/${method}/b/${bucket}/o/y`;
    const headers = { 'Content-Type': 'application/json' };
    assert.equal((await gcs.call('POST', path, { headers, body: 'null\n' })).status, 200);
    assert.deepEqual((await gcs.get(bucket, 'y')).json.metadata, { a: '1' });
  }
});

test('copy: metadata in the body replaces all of the source, a storage class alone does not', async () => {
  const bucket = await sourceBucket();
  const path = `${objectPath(bucket, 'x')}/copyTo/b/${bucket}/o/y`;
  const replaced = (await gcs.call('POST', path, { body: { contentType: 'a/b' } })).json;
  assert.deepEqual([replaced.contentType, replaced.metadata], ['a/b', undefined]);
  const nearline = (await gcs.call('POST', path, { body: { storageClass: 'NEARLINE' } })).json;
  assert.deepEqual(
    [nearline.storageClass, nearline.contentType, nearline.metadata],
    ['NEARLINE', 'text/x', { a: '1' }],
  );
});

test('38: a rewrite is done in its first call; maxBytesRewrittenPerCall is a multiple of 1 MiB', async () => {
  const bucket = await sourceBucket();
  const path = `${objectPath(bucket, 'x')}/rewriteTo/b/${bucket}/o/y`;
  const { json } = await gcs.call('POST', `${path}?maxBytesRewrittenPerCall=1048576`);
  assert.deepEqual(
    [json.kind, json.done, json.objectSize, json.totalBytesRewritten],
    ['storage#rewriteResponse', true, '5', '5'],
  );
  assert.equal(json.resource.name, 'y');
  assert.equal((await gcs.call('POST', `${path}?maxBytesRewrittenPerCall=5`)).status, 400);
  assert.deepEqual((await gcs.call('POST', `${path}?fields=done,resource/name`)).json, {
    done: true,
    resource: { name: 'y' },
  });
});

test('copies of a missing object, or of another generation, are 404', async () => {
  const bucket = await sourceBucket();
  assert.equal((await gcs.call('POST', `${objectPath(bucket, 'no')}/copyTo/b/${bucket}/o/y`)).status, 404);
  const old = `${objectPath(bucket, 'x')}/copyTo/b/${bucket}/o/y?sourceGeneration=1`;
  assert.equal((await gcs.call('POST', old)).status, 404);
  assert.equal((await gcs.call('POST', `${objectPath(bucket, 'x')}/copyTo/b/no-such-bucket-here/o/y`)).status, 404);
});

test('move: the source is gone, the destination there, with a new generation', async () => {
  const bucket = await sourceBucket();
  const before = (await gcs.get(bucket, 'x')).json;
  const { status, json } = await gcs.call('POST', `${objectPath(bucket, 'x')}/moveTo/o/a%2Fy`);
  assert.equal(status, 200);
  assert.deepEqual([json.name, json.contentType, json.metadata], ['a/y', 'text/x', { a: '1' }]);
  assert.notEqual(json.generation, before.generation);
  assert.equal((await gcs.get(bucket, 'x')).status, 404);
  assert.equal((await gcs.media(bucket, 'a/y')).text, 'hello');
  assert.equal((await gcs.call('POST', `${objectPath(bucket, 'x')}/moveTo/o/z`)).status, 404);
});

test('34: a composed object has no MD5 and counts its components', async () => {
  const bucket = await gcs.bucket();
  for (const part of ['one,', 'two,', 'three']) await gcs.put(bucket, part);
  const sources = ['one,', 'two,', 'three'].map((name) => ({ name }));
  const { status, json, text } = await gcs.call('POST', `${objectPath(bucket, 'all')}/compose`, {
    body: { sourceObjects: sources, destination: { contentType: 'text/plain', metadata: { a: '1' } } },
  });
  assert.equal(status, 200, text);
  assert.deepEqual(
    [json.componentCount, json.md5Hash, json.size, json.contentType],
    [3, undefined, '13', 'text/plain'],
  );
  const media = await gcs.media(bucket, 'all');
  assert.equal(media.text, 'one,two,three');
  assert.equal(media.headers['x-goog-hash'], `crc32c=${json.crc32c}`);
  assert.equal((await gcs.put(bucket, 'plain', 'one,two,three')).crc32c, json.crc32c);
  const twice = await gcs.call('POST', `${objectPath(bucket, 'all')}/compose`, {
    body: { sourceObjects: [{ name: 'all' }, { name: 'one,' }] },
  });
  assert.equal(twice.json.componentCount, 4);
  assert.equal((await gcs.media(bucket, 'all')).text, 'one,two,threeone,');
});

test('34: 1 to 32 sources, which must be there', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  const compose = (sourceObjects: unknown) =>
    gcs.call('POST', `${objectPath(bucket, 'y')}/compose`, { body: { sourceObjects } });
  const many = (count: number) => Array.from({ length: count }, () => ({ name: 'x' }));
  assert.equal((await compose(many(32))).status, 200);
  for (const bad of [many(33), [], undefined, 'x', [{}], [{ name: 5 }], [null], [{ name: 'x', generation: 'abc' }]]) {
    assert.equal((await compose(bad)).status, 400, JSON.stringify(bad));
  }
  assert.equal((await compose([{ name: 'x' }, { name: 'missing' }])).status, 404);
  assert.equal((await compose([{ name: 'x', generation: '1' }])).status, 404);
});

test('compose can delete its sources', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'a');
  await gcs.put(bucket, 'b');
  const body = { sourceObjects: [{ name: 'a' }, { name: 'b' }], deleteSourceObjects: true };
  assert.equal((await gcs.call('POST', `${objectPath(bucket, 'c')}/compose`, { body })).status, 200);
  assert.equal((await gcs.media(bucket, 'c')).text, 'ab');
  assert.equal((await gcs.get(bucket, 'a')).status, 404);
  assert.equal((await gcs.get(bucket, 'b')).status, 404);
});
