/** The retry test API: plans are made, shown, used up and deleted; what they say happens to calls that ask for it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { httpCall } from '../support/http-call.ts';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts';

const KIB = 1024;
let gateway: MemoryGateway;
before(async () => {
  gateway = await startMemoryGateway({ testFaults: true });
  await call('POST', '/storage/v1/b?project=p', { body: { name: 'faulty-bucket' } });
});
after(() => gateway.close());

const call = (...args: Parameters<typeof httpCall> extends [string, ...infer Rest] ? Rest : never) =>
  httpCall(gateway.url, ...args);

async function plan(instructions: Record<string, readonly string[]>): Promise<Record<string, string>> {
  const made = await call('POST', '/retry_test', { body: { instructions } });
  assert.equal(made.status, 200, made.text);
  return { 'x-retry-test-id': made.json.id };
}

async function due(headers: Record<string, string>): Promise<unknown> {
  const { text } = await call('GET', `/retry_test/${headers['x-retry-test-id']}`);
  const { instructions, completed } = JSON.parse(text);
  return [instructions, completed];
}

test('a call fails as often as its plan says, and no other call does', async () => {
  const headers = await plan({ 'storage.buckets.get': ['return-503', 'return-408'] });
  const path = '/storage/v1/b/faulty-bucket';
  assert.equal((await call('GET', path)).status, 200);
  assert.equal((await call('GET', `${path}/o`, { headers })).status, 200);
  const failed = await call('GET', path, { headers });
  assert.equal(failed.status, 503);
  assert.equal(failed.json.error.code, 503);
  assert.deepEqual(await due(headers), [{ 'storage.buckets.get': ['return-408'] }, false]);
  assert.equal((await call('GET', path, { headers })).status, 408);
  assert.deepEqual(await due(headers), [{ 'storage.buckets.get': [] }, true]);
  assert.equal((await call('GET', path, { headers })).status, 200);
  const listed = await call('GET', '/retry_tests');
  assert.ok(listed.text.includes(headers['x-retry-test-id'] ?? 'no id'));
  const one = `/retry_test/${headers['x-retry-test-id']}`;
  assert.equal((await call('DELETE', one)).status, 200);
  assert.equal((await call('GET', one)).status, 404);
  assert.equal((await call('DELETE', one)).status, 404);
});

test('a failed mutation changed nothing', async () => {
  const headers = await plan({ 'storage.objects.insert': ['return-503'] });
  const path = '/upload/storage/v1/b/faulty-bucket/o?uploadType=media&name=unmade';
  assert.equal((await call('POST', path, { headers, body: Buffer.from('x') })).status, 503);
  assert.equal((await call('GET', '/storage/v1/b/faulty-bucket/o/unmade')).status, 404);
});

test('a connection is reset', async () => {
  const headers = await plan({ 'storage.buckets.list': ['return-reset-connection'] });
  await assert.rejects(call('GET', '/storage/v1/b?project=p', { headers }), { code: 'ECONNRESET' });
  assert.equal((await call('GET', '/storage/v1/b?project=p', { headers })).status, 200);
});

test('an upload fails after some bytes, which are kept', async () => {
  const headers = await plan({
    'storage.objects.insert': ['return-503-after-256K', 'return-reset-connection-after-512K'],
  });
  const bytes = Buffer.alloc(1024 * KIB, 7);
  const start = await call('POST', '/upload/storage/v1/b/faulty-bucket/o?uploadType=resumable&name=kept', {
    headers,
    body: {},
  });
  assert.equal(start.status, 200);
  const { pathname, search } = new URL(start.headers.location ?? '');
  const send = (from: number, to: number, verb = 'PUT') =>
    call(verb, pathname + search, {
      headers: { ...headers, 'Content-Range': `bytes ${from}-${to - 1}/${bytes.length}` },
      body: bytes.subarray(from, to),
    });
  assert.equal((await send(0, 512 * KIB)).status, 503);
  const asked = await call('PUT', pathname + search, { headers: { ...headers, 'Content-Range': 'bytes */*' } });
  assert.deepEqual([asked.status, asked.headers.range], [308, `bytes=0-${256 * KIB - 1}`]);
  assert.equal((await send(256 * KIB, 512 * KIB)).status, 308, 'the byte after 512 KiB has not come yet');
  await assert.rejects(send(512 * KIB, bytes.length, 'POST'), { code: /ECONNRESET|EPIPE/ });
  assert.equal((await send(512 * KIB, bytes.length)).status, 200);
  assert.deepEqual(await due(headers), [{ 'storage.objects.insert': [] }, true]);
});

test('a download breaks off, or stands still for a while', async () => {
  const bytes = Buffer.alloc(600 * KIB, 9);
  await call('POST', '/upload/storage/v1/b/faulty-bucket/o?uploadType=media&name=broken', { body: bytes });
  const headers = await plan({
    'storage.objects.get': ['return-broken-stream', 'return-broken-stream-after-256K', 'stall-for-1s-after-128K'],
  });
  const received = async () => {
    let count = 0;
    try {
      const response = await fetch(`${gateway.url}/storage/v1/b/faulty-bucket/o/broken?alt=media`, { headers });
      for await (const chunk of response.body ?? []) count += chunk.length;
    } catch {
      return { count, isWhole: false };
    }
    return { count, isWhole: true };
  };
  assert.equal((await received()).isWhole, false);
  const later = await received();
  assert.equal(later.isWhole, false);
  assert.ok(later.count <= 256 * KIB);
  const started = performance.now();
  assert.deepEqual(await received(), { count: bytes.length, isWhole: true });
  assert.ok(performance.now() - started >= 990);
  assert.deepEqual(await due(headers), [{ 'storage.objects.get': [] }, true]);
});

test('what is no plan is refused', async () => {
  for (const body of [{}, { instructions: { m: 'return-503' } }, { instructions: { m: ['return-200'] } }, 'x']) {
    assert.equal((await call('POST', '/retry_test', { body })).status, 400);
  }
});

test('without the flag there is no such API, and its header means nothing', async () => {
  const plain = await startMemoryGateway();
  try {
    const made = await httpCall(plain.url, 'POST', '/retry_test', { body: { instructions: {} } });
    assert.equal(made.status, 404);
    const headers = { 'x-retry-test-id': 'any' };
    assert.equal((await httpCall(plain.url, 'GET', '/storage/v1/b?project=p', { headers })).status, 200);
  } finally {
    await plain.close();
  }
});
