/** Numbers are items of the list "behaviours a naive server gets wrong" in `reference/gcs-api.md` §5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gcsForTests, objectPath } from '../support/gcs.ts';

const gcs = gcsForTests();

test('1: ifGenerationMatch=0 asks for no live version', async () => {
  const bucket = await gcs.bucket();
  const first = await gcs.put(bucket, 'x', 'one', '&ifGenerationMatch=0');
  const again = await gcs.tryPut(bucket, 'x', 'two', '&ifGenerationMatch=0');
  assert.equal(again.status, 412);
  assert.equal(again.json.error.errors[0]?.reason, 'conditionNotMet');
  assert.equal((await gcs.media(bucket, 'x')).text, 'one');
  assert.equal((await gcs.tryPut(bucket, 'x', 'three', `&ifGenerationMatch=${first.generation}`)).status, 200);
  assert.equal((await gcs.tryPut(bucket, 'x', 'four', `&ifGenerationMatch=${first.generation}`)).status, 412);
  assert.equal((await gcs.media(bucket, 'x')).text, 'three');
});

test('1: of many that create the same name at once, one wins', async () => {
  const bucket = await gcs.bucket();
  const tries = Array.from({ length: 20 }, (_, index) => gcs.tryPut(bucket, 'x', `${index}`, '&ifGenerationMatch=0'));
  const answers = await Promise.all(tries);
  const winners = answers.filter((answer) => answer.status === 200);
  assert.equal(winners.length, 1);
  assert.ok(answers.every((answer) => answer.status === 200 || answer.status === 412));
  assert.equal((await gcs.get(bucket, 'x')).json.generation, winners[0]?.json.generation);
});

test('2: ifGenerationNotMatch fails without a live version, and 0 asks for one', async () => {
  const bucket = await gcs.bucket();
  assert.equal((await gcs.tryPut(bucket, 'x', 'a', '&ifGenerationNotMatch=0')).status, 304);
  assert.equal((await gcs.tryPut(bucket, 'x', 'a', '&ifGenerationNotMatch=5')).status, 304);
  await gcs.put(bucket, 'x', 'a');
  assert.equal((await gcs.tryPut(bucket, 'x', 'b', '&ifGenerationNotMatch=0')).status, 200);
  assert.equal((await gcs.tryPut(bucket, 'x', 'c', '&ifGenerationNotMatch=5')).status, 200);
});

test('3: a failed NotMatch is 304 without a body, a failed Match 412', async () => {
  const bucket = await gcs.bucket();
  const { generation } = await gcs.put(bucket, 'x');
  for (const alt of ['json', 'media']) {
    const notMatch = await gcs.get(bucket, 'x', `?alt=${alt}&ifGenerationNotMatch=${generation}`);
    assert.deepEqual([notMatch.status, notMatch.text], [304, '']);
    assert.equal((await gcs.get(bucket, 'x', `?alt=${alt}&ifMetagenerationNotMatch=1`)).status, 304);
    assert.equal((await gcs.get(bucket, 'x', `?alt=${alt}&ifGenerationMatch=1`)).status, 412);
    assert.equal((await gcs.get(bucket, 'x', `?alt=${alt}&ifMetagenerationMatch=2`)).status, 412);
    const good = `&ifGenerationMatch=${generation}&ifMetagenerationMatch=1&ifGenerationNotMatch=1`;
    assert.equal((await gcs.get(bucket, 'x', `?alt=${alt}${good}`)).status, 200);
  }
});

test('3: the headers of the XML API are heard on the JSON API too', async () => {
  const bucket = await gcs.bucket();
  const { generation } = await gcs.put(bucket, 'x');
  assert.equal((await gcs.media(bucket, 'x', { 'x-goog-if-generation-match': '1' })).status, 412);
  assert.equal((await gcs.media(bucket, 'x', { 'x-goog-if-generation-match': generation })).status, 200);
  assert.equal((await gcs.media(bucket, 'x', { 'x-goog-if-metageneration-match': '9' })).status, 412);
});

test('4: preconditions of a resumable upload are judged when it ends, not when it starts', async () => {
  const bucket = await gcs.bucket();
  const loser = await gcs.startUpload(bucket, 'x', { query: '&ifGenerationMatch=0' });
  await gcs.put(bucket, 'x', 'faster');
  const late = await gcs.chunk(loser, 'bytes 0-3/4', 'late');
  assert.equal(late.status, 412);
  assert.equal((await gcs.media(bucket, 'x')).text, 'faster');
  const winner = await gcs.startUpload(bucket, 'x', { query: '&ifGenerationMatch=0' });
  await gcs.call('DELETE', objectPath(bucket, 'x'));
  assert.equal((await gcs.chunk(winner, 'bytes 0-3/4', 'last')).status, 200);
});

test('preconditions are judged by every method that changes something', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  const wrong = 'ifGenerationMatch=1';
  const attempts: readonly (readonly [string, string, Record<string, unknown> | undefined])[] = [
    ['PATCH', `${objectPath(bucket, 'x')}?${wrong}`, {}],
    ['PUT', `${objectPath(bucket, 'x')}?${wrong}`, {}],
    ['PATCH', `${objectPath(bucket, 'x')}?ifMetagenerationMatch=7`, {}],
    ['DELETE', `${objectPath(bucket, 'x')}?${wrong}`, undefined],
    ['DELETE', `${objectPath(bucket, 'x')}?ifMetagenerationMatch=7`, undefined],
    ['POST', `${objectPath(bucket, 'x')}/copyTo/b/${bucket}/o/y?${wrong}`, {}],
    ['POST', `${objectPath(bucket, 'x')}/copyTo/b/${bucket}/o/y?ifSourceGenerationMatch=1`, {}],
    ['POST', `${objectPath(bucket, 'x')}/copyTo/b/${bucket}/o/y?ifSourceMetagenerationMatch=7`, {}],
    ['POST', `${objectPath(bucket, 'x')}/rewriteTo/b/${bucket}/o/y?${wrong}`, {}],
    ['POST', `${objectPath(bucket, 'x')}/rewriteTo/b/${bucket}/o/y?ifSourceGenerationMatch=1`, {}],
    ['POST', `${objectPath(bucket, 'x')}/moveTo/o/y?${wrong}`, undefined],
    ['POST', `${objectPath(bucket, 'x')}/moveTo/o/y?ifSourceGenerationMatch=1`, undefined],
    ['POST', `${objectPath(bucket, 'y')}/compose?${wrong}`, { sourceObjects: [{ name: 'x' }] }],
    [
      'POST',
      `${objectPath(bucket, 'y')}/compose`,
      { sourceObjects: [{ name: 'x', objectPreconditions: { ifGenerationMatch: '1' } }] },
    ],
    ['PATCH', `/storage/v1/b/${bucket}?ifMetagenerationMatch=7`, {}],
    ['PUT', `/storage/v1/b/${bucket}?ifMetagenerationMatch=7`, {}],
    ['DELETE', `/storage/v1/b/${bucket}?ifMetagenerationMatch=7`, undefined],
  ];
  for (const [method, path, body] of attempts) {
    const answer = await gcs.call(method, path, body === undefined ? {} : { body });
    assert.equal(answer.status, 412, `${method} ${path}: ${answer.text}`);
  }
  assert.deepEqual((await gcs.list(bucket)).json.items.length, 1);
});

test('If-Match and If-None-Match work by etag, on reads and on changes', async () => {
  const bucket = await gcs.bucket();
  const { etag } = await gcs.put(bucket, 'x');
  assert.equal((await gcs.media(bucket, 'x', { 'If-None-Match': etag })).status, 304);
  assert.equal((await gcs.get(bucket, 'x', '', { 'If-None-Match': `"${etag}"` })).status, 304);
  assert.equal((await gcs.get(bucket, 'x', '', { 'If-None-Match': '"other"' })).status, 200);
  assert.equal((await gcs.media(bucket, 'x', { 'If-Match': '"other"' })).status, 412);
  assert.equal((await gcs.media(bucket, 'x', { 'If-Match': etag })).status, 200);
  const path = objectPath(bucket, 'x');
  const patch = (ifMatch: string) =>
    gcs.call('PATCH', path, { headers: { 'If-Match': ifMatch }, body: { contentType: 'a/b' } });
  assert.equal((await patch('bogus')).status, 412);
  const patched = await patch(etag);
  assert.equal(patched.status, 200);
  assert.notEqual(patched.json.etag, etag);
  assert.equal((await patch(etag)).status, 412);
  const only = await gcs.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=x`, {
    headers: { 'If-None-Match': '*' },
    body: 'y',
  });
  assert.equal(only.status, 412);
});

test('malformed preconditions are 400 and named', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  for (const value of ['', 'abc', '-1', '1.5', '99999999999999999999', '0x1', '1 ']) {
    const answer = await gcs.get(bucket, 'x', `?ifGenerationMatch=${encodeURIComponent(value)}`);
    assert.equal(answer.status, 400, value);
    assert.equal(answer.json.error.errors[0]?.location, 'ifGenerationMatch');
    assert.equal(answer.json.error.errors[0]?.locationType, 'parameter');
  }
  const header = await gcs.get(bucket, 'x', '', { 'x-goog-if-generation-match': 'abc' });
  assert.equal(header.status, 400);
  assert.equal(header.json.error.errors[0]?.locationType, 'header');
});
