/**
 * Bad input: each is told by a clear error that names what is wrong, and nothing of it becomes visible.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { gcsForTests, objectPath } from '../support/gcs.ts';

const gcs = gcsForTests();

const RESOURCE = '--b\r\nContent-Type: application/json\r\n\r\n{"name":"x","contentType":"text/plain"}\r\n';
const MEDIA = '--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n';

function multipart(bucket: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
  return gcs.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=multipart`, {
    headers: { 'Content-Type': 'multipart/related; boundary=b', ...headers },
    body,
  });
}

test('multipart uploads, with the boundaries clients write', async () => {
  const bucket = await gcs.bucket();
  const good = await multipart(bucket, `${RESOURCE}${MEDIA}--b--`);
  assert.equal(good.status, 200, good.text);
  assert.deepEqual([good.json.name, good.json.contentType, good.json.size], ['x', 'text/plain', '5']);
  const single = `${RESOURCE}${MEDIA}--b--`.replaceAll('--b', '--====b =').replaceAll('\r\n', '\n');
  const gsutil = await multipart(bucket, single, { 'Content-Type': "multipart/related; boundary='====b ='" });
  assert.equal(gsutil.status, 200, gsutil.text);
  assert.equal((await gcs.media(bucket, 'x')).text, 'hello');
  const typed = await multipart(bucket, `${RESOURCE.replace(',"contentType":"text/plain"', '')}${MEDIA}--b--`);
  assert.equal(typed.json.contentType, 'text/plain');
});

test('malformed multipart bodies are 400 and make nothing', async () => {
  const bucket = await gcs.bucket();
  const bodies = [
    '',
    'no delimiter at all',
    '--b--',
    `${RESOURCE}--b--`,
    `${RESOURCE}${MEDIA}`,
    `${RESOURCE}${MEDIA}--b`,
    `${RESOURCE}${MEDIA}--b-`,
    `${RESOURCE}${MEDIA}${MEDIA}--b--`,
    `--b\r\n\r\nnot json\r\n${MEDIA}--b--`,
    `--b\r\n\r\n[1]\r\n${MEDIA}--b--`,
    `--b\r\n\r\n{}\r\n${MEDIA}--b--`,
    `--b\r\nno colon\r\n\r\n{"name":"x"}\r\n${MEDIA}--b--`,
    `--b\r\n\r\n{"name":"x","crc32c":"AAAAAA=="}\r\n${MEDIA}--b--`,
    `--b\r\n\r\n{"name":"x","md5Hash":"short"}\r\n${MEDIA}--b--`,
    `${RESOURCE}--b\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--`,
  ];
  for (const body of bodies) {
    const answer = await multipart(bucket, body);
    assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${answer.status}`);
    assert.ok(answer.json.error.message.length > 5);
  }
  for (const type of [
    'multipart/related',
    'application/json',
    'multipart/mixed; boundary=b',
    'multipart/related; boundary=""',
  ]) {
    assert.equal((await multipart(bucket, `${RESOURCE}${MEDIA}--b--`, { 'Content-Type': type })).status, 400, type);
  }
  assert.equal((await gcs.get(bucket, 'x')).status, 404);
});

test('malformed JSON bodies are 400', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  const headers = { 'Content-Type': 'application/json' };
  const bodies: readonly (string | Uint8Array)[] = [
    '{',
    '[]',
    '"x"',
    '5',
    '{"metadata":[]}',
    '{"metadata":{"a":{}}}',
    '{"metadata":{"a":[]}}',
    '{"contentType":5}',
    '{"temporaryHold":"perhaps"}',
    '{"customTime":"soon"}',
    '{"acl":{}}',
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    `{"metadata":{"a":"${'x'.repeat(9000)}"}}`,
    '{"metadata":{"__proto__":"x"}}',
  ];
  for (const body of bodies) {
    const answer = await gcs.call('PATCH', objectPath(bucket, 'x'), { headers, body });
    assert.equal(answer.status, 400, `${body}: ${answer.text}`);
  }
  const nested = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  assert.equal(
    (await gcs.call('PATCH', `/storage/v1/b/${bucket}`, { headers, body: `{"website":${nested}}` })).status,
    400,
  );
  const huge = `{"metadata":{"a":"${'x'.repeat(2_000_000)}"}}`;
  assert.equal((await gcs.call('PATCH', objectPath(bucket, 'x'), { headers, body: huge })).status, 413);
  assert.equal((await gcs.get(bucket, 'x')).json.metageneration, '1');
});

test('gzip bodies are unpacked; what is not gzip, or unpacks to too much, is refused', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
  const patch = (body: Uint8Array, encoding = 'gzip') =>
    gcs.call('PATCH', objectPath(bucket, 'x'), { headers: { ...headers, 'Content-Encoding': encoding }, body });
  assert.equal((await patch(gzipSync('{"contentType":"a/b"}'))).json.contentType, 'a/b');
  assert.equal((await patch(Buffer.from('{"contentType":"a/b"}'))).status, 400);
  assert.equal((await patch(gzipSync('{"contentType":"a/b"}').subarray(0, 20))).status, 400);
  assert.equal((await patch(gzipSync(Buffer.alloc(200_000_000, ' ')))).status, 413);
  assert.equal((await patch(gzipSync('{}'), 'br')).status, 400);
  const media = await gcs.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=y`, {
    headers: { 'Content-Encoding': 'gzip' },
    body: gzipSync('unpacked'),
  });
  assert.equal(media.status, 200, media.text);
  assert.equal((await gcs.media(bucket, 'y')).text, 'unpacked');
});

test('an upload that breaks off makes nothing, by length and by chunks', async () => {
  const bucket = await gcs.bucket();
  const { hostname, port } = new URL(gcs.base);
  const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=`;
  for (const [name, head, body] of [
    ['by-length', 'Content-Length: 100000', 'only a part'],
    ['by-chunks', 'Transfer-Encoding: chunked', '5\r\nhello\r\n'],
    ['bad-chunk', 'Transfer-Encoding: chunked', '5\r\nhello\r\nzz\r\n'],
  ] as const) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write(`POST ${path}${name} HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n${body}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await gcs.get(bucket, name)).status, 404, name);
  }
});

test('paths and methods that are not there', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  const unknown = [
    '/',
    '/storage',
    '/storage/v1',
    '/storage/v2/b',
    `/storage/v1/b/${bucket}/x`,
    `/storage/v1/b/${bucket}/o/a/b`,
  ];
  for (const path of unknown) {
    const answer = await gcs.call('GET', path);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.json.error.code, 404);
  }
  const wrong = await gcs.call('POST', objectPath(bucket, 'x'));
  assert.equal(wrong.status, 405);
  assert.match(wrong.headers['allow'] ?? '', /GET/);
  for (const path of [`/storage/v1/b/${bucket}/o/%`, `/storage/v1/b/${bucket}/o/%ff`, '/storage/v1/b/%c0%80']) {
    assert.equal((await gcs.call('GET', path)).status, 400, path);
  }
  assert.equal((await gcs.call('GET', `/storage/v1/b/${bucket}/o/x?alt=xml`)).status, 400);
  assert.equal((await gcs.get(bucket, 'x', '?generation=abc')).status, 400);
});

test('uploads that do not say what they are', async () => {
  const bucket = await gcs.bucket();
  const root = `/upload/storage/v1/b/${bucket}/o`;
  const none = await gcs.call('POST', `${root}?name=x`, { body: 'x' });
  assert.deepEqual([none.status, none.json.error.errors[0]?.location], [400, 'uploadType']);
  assert.equal((await gcs.call('POST', `${root}?name=x&uploadType=carrier-pigeon`, { body: 'x' })).status, 400);
  assert.equal((await gcs.call('POST', `${root}?uploadType=media`, { body: 'x' })).status, 400);
  assert.equal((await gcs.call('POST', `/storage/v1/b/${bucket}/o?name=x`, { body: {} })).status, 400);
  assert.equal((await gcs.tryPut('no-such-bucket-here', 'x')).status, 404);
  const start = await gcs.call('POST', `${root}?uploadType=resumable&name=x`, {
    headers: { 'X-Upload-Content-Length': 'many' },
    body: {},
  });
  assert.equal(start.status, 400);
  const tooLong = await gcs.call('POST', `${root}?uploadType=resumable&name=x`, {
    headers: { 'X-Upload-Content-Length': `${6 * 1024 ** 4}` },
    body: {},
  });
  assert.equal(tooLong.status, 413);
});
