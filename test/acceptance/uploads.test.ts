/** Resumable uploads. Numbers are items of `reference/gcs-api.md` §5. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { gcsForTests } from '../support/gcs.ts';

const gcs = gcsForTests();
const UNIT = 256 * 1024;
const big = Buffer.from(Array.from({ length: 2 * UNIT + 1000 }, (_, index) => (index * 7 + (index >> 8)) % 251));
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('base64');

function crcBase64(bytes: Uint8Array): string {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(crc32c(bytes));
  return buffer.toString('base64');
}

async function* chunked(bytes: Buffer, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('6: 308 without Range says that nothing is persisted', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const status = await gcs.chunk(session, 'bytes */*');
  assert.equal(status.status, 308);
  assert.equal(status.headers['range'], undefined);
  assert.equal(status.text, '');
});

test('7: 308 to a chunk that was persisted says how far, inclusive', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const answer = await gcs.chunk(session, `bytes 0-${UNIT - 1}/*`, big.subarray(0, UNIT));
  assert.equal(answer.status, 308);
  assert.equal(answer.headers['range'], `bytes=0-${UNIT - 1}`);
  const status = await gcs.chunk(session, `bytes */${big.length}`);
  assert.deepEqual([status.status, status.headers['range']], [308, `bytes=0-${UNIT - 1}`]);
  const last = await gcs.chunk(session, `bytes ${UNIT}-${big.length - 1}/${big.length}`, big.subarray(UNIT));
  assert.equal(last.status, 200);
  assert.equal(last.json.md5Hash, md5(big));
  assert.equal(last.json.crc32c, crcBase64(big));
  assert.ok((await gcs.media(bucket, 'x')).bytes.equals(big));
});

test('8: a chunk may be persisted in part, and never more of it than came', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const answer = await gcs.chunk(session, `bytes 0-${UNIT + 99}/*`, big.subarray(0, UNIT + 100));
  assert.equal(answer.status, 308);
  assert.equal(answer.headers['range'], `bytes=0-${UNIT - 1}`);
  const rest = await gcs.chunk(session, `bytes ${UNIT}-${big.length - 1}/${big.length}`, big.subarray(UNIT));
  assert.equal(rest.json.md5Hash, md5(big));
});

test('9: bytes below the persisted offset are skipped, not compared', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  await gcs.chunk(session, `bytes 0-${UNIT - 1}/*`, big.subarray(0, UNIT));
  const other = Buffer.concat([Buffer.alloc(UNIT, 9), big.subarray(UNIT)]);
  const answer = await gcs.chunk(session, `bytes 0-${big.length - 1}/${big.length}`, other);
  assert.equal(answer.status, 200);
  assert.equal(answer.json.md5Hash, md5(big));
});

test('10: a chunk beyond the persisted offset is 503 in plain text about Content-Range', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const answer = await gcs.chunk(session, `bytes ${UNIT}-${2 * UNIT - 1}/*`, big.subarray(UNIT, 2 * UNIT));
  assert.equal(answer.status, 503);
  assert.match(answer.headers['content-type'] ?? '', /^text\/plain/);
  assert.match(answer.text, /content-range/i);
  assert.equal((await gcs.chunk(session, 'bytes */*')).headers['range'], undefined);
});

test('11: a finished session answers its object, to status queries and to the last chunk again', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const first = await gcs.chunk(session, 'bytes 0-4/5', 'hello');
  for (const range of ['bytes */*', 'bytes */5', 'bytes 0-4/5']) {
    const again = await gcs.chunk(session, range, range.startsWith('bytes 0') ? 'hello' : '');
    assert.equal(again.status, 200);
    assert.equal(again.json.generation, first.json.generation, range);
  }
  await gcs.put(bucket, 'x', 'newer');
  assert.equal((await gcs.chunk(session, 'bytes */*')).json.generation, first.json.generation);
  assert.equal((await gcs.media(bucket, 'x')).text, 'newer');
});

test('11: two last chunks at once make one generation', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const answers = await Promise.all([1, 2, 3].map(() => gcs.chunk(session, 'bytes 0-4/5', 'hello')));
  const made = answers.filter((answer) => answer.status === 200);
  assert.ok(made.length >= 1);
  assert.equal(new Set(made.map((answer) => answer.json.generation)).size, 1);
  assert.ok(answers.every((answer) => answer.status === 200 || answer.status === 503));
});

test('12: a chunk that is not the last has 256 KiB or more', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const answer = await gcs.chunk(session, 'bytes 0-99/*', big.subarray(0, 100));
  assert.equal(answer.status, 400);
  assert.match(answer.text, /262144/);
  const known = await gcs.chunk(session, 'bytes 0-99/1000', big.subarray(0, 100));
  assert.equal(known.status, 400);
  assert.equal((await gcs.chunk(session, 'bytes */*')).headers['range'], undefined);
});

test('13: X-GUploader-No-308 turns 308 into 200 with an override header', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const answer = await gcs.chunk(session, `bytes 0-${UNIT - 1}/*`, big.subarray(0, UNIT), {
    'X-GUploader-No-308': 'yes',
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-http-status-code-override'], '308');
  assert.equal(answer.headers['range'], `bytes=0-${UNIT - 1}`);
});

test('14: DELETE of a session answers 499 with no body, and ends it', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  await gcs.chunk(session, `bytes 0-${UNIT - 1}/*`, big.subarray(0, UNIT));
  const cancelled = await gcs.call('DELETE', session);
  assert.deepEqual([cancelled.status, cancelled.text], [499, '']);
  const after = await gcs.chunk(session, `bytes ${UNIT}-${big.length - 1}/${big.length}`, big.subarray(UNIT));
  assert.equal(after.status, 410);
  assert.equal((await gcs.chunk(session, 'bytes */*')).status, 410);
  assert.equal((await gcs.get(bucket, 'x')).status, 404);
});

test('15: POST works on a session as PUT does', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const headers = { 'Content-Range': `bytes 0-${UNIT - 1}/*` };
  assert.equal((await gcs.call('POST', session, { headers, body: big.subarray(0, UNIT) })).status, 308);
  const last = { 'Content-Range': `bytes ${UNIT}-${big.length - 1}/${big.length}` };
  const answer = await gcs.call('POST', session, { headers: last, body: big.subarray(UNIT) });
  assert.equal(answer.status, 200);
  assert.equal(answer.json.md5Hash, md5(big));
});

test('17: a name parameter wins over the name in the resource; without it the resource names', async () => {
  const bucket = await gcs.bucket();
  const both = await gcs.startUpload(bucket, 'from-query', { resource: { name: 'from-body' } });
  assert.equal((await gcs.chunk(both, 'bytes 0-0/1', 'x')).json.name, 'from-query');
  const start = await gcs.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=resumable`, {
    body: { name: 'from-body', contentType: 'text/x' },
  });
  const { pathname, search } = new URL(start.headers.location ?? '');
  const made = await gcs.chunk(`${pathname}${search}`, 'bytes 0-0/1', 'x');
  assert.equal(made.json.name, 'from-body');
  assert.equal(made.json.contentType, 'text/x');
  const none = await gcs.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=resumable`, { body: {} });
  assert.equal(none.status, 400);
  assert.equal(none.json.error.errors[0]?.reason, 'required');
});

test('18: both upload paths are served, and a session stays on the one it was started on', async () => {
  const bucket = await gcs.bucket();
  for (const root of ['/upload/storage/v1', '/resumable/upload/storage/v1']) {
    const session = await gcs.startUpload(bucket, 'x', { root });
    assert.ok(session.startsWith(root));
    assert.equal((await gcs.chunk(session, 'bytes 0-4/5', 'hello')).status, 200);
  }
});

test('an upload of unknown size: chunks with /*, then its end', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  await gcs.chunk(session, `bytes 0-${2 * UNIT - 1}/*`, big.subarray(0, 2 * UNIT));
  const end = await gcs.chunk(session, `bytes */${2 * UNIT}`);
  assert.equal(end.status, 200);
  assert.equal(end.json.md5Hash, md5(big.subarray(0, 2 * UNIT)));
});

test('an upload in one request, whatever it says of its length', async () => {
  const bucket = await gcs.bucket();
  const forms: readonly (readonly [string | undefined, boolean])[] = [
    ['bytes 0-*/*', true],
    [`bytes 0-*/${big.length}`, true],
    [`bytes 0-${big.length - 1}/${big.length}`, true],
    [undefined, true],
    [undefined, false],
  ];
  for (const [range, isChunked] of forms) {
    const session = await gcs.startUpload(bucket, 'x');
    const answer = await gcs.call('PUT', session, {
      headers: range === undefined ? {} : { 'Content-Range': range },
      body: isChunked ? chunked(big) : big,
    });
    assert.equal(answer.status, 200, `${range}: ${answer.text}`);
    assert.equal(answer.json.md5Hash, md5(big), range);
  }
});

test('empty objects by every form', async () => {
  const bucket = await gcs.bucket();
  for (const range of ['bytes */0', 'bytes 0-*/0', 'bytes 0-*/*', undefined]) {
    const session = await gcs.startUpload(bucket, 'x');
    const answer = await gcs.call('PUT', session, {
      headers: { 'Content-Length': '0', ...(range === undefined ? {} : { 'Content-Range': range }) },
    });
    assert.equal(answer.status, 200, `${range}: ${answer.text}`);
    assert.equal(answer.json.size, '0');
    assert.equal(answer.json.crc32c, 'AAAAAA==');
  }
});

test('what the start says is kept: type, metadata, declared size and sums', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x', {
    resource: { metadata: { a: 'b' }, cacheControl: 'no-store' },
    headers: { 'X-Upload-Content-Type': 'image/png', 'X-Upload-Content-Length': '5' },
  });
  const contradicted = await gcs.chunk(session, 'bytes 0-5/6', 'hello!');
  assert.equal(contradicted.status, 400);
  const made = await gcs.chunk(session, 'bytes 0-4/5', 'hello');
  assert.equal(made.status, 200, made.text);
  assert.deepEqual(
    [made.json.contentType, made.json.metadata, made.json.cacheControl],
    ['image/png', { a: 'b' }, 'no-store'],
  );
});

test('wrong sums are 400 and make nothing, wherever they are declared', async () => {
  const bucket = await gcs.bucket();
  const wrong = 'AAAAAA==';
  const declared = await gcs.startUpload(bucket, 'x', { resource: { crc32c: wrong } });
  assert.equal((await gcs.chunk(declared, 'bytes 0-4/5', 'hello')).status, 400);
  const late = await gcs.startUpload(bucket, 'x');
  const answer = await gcs.chunk(late, 'bytes 0-4/5', 'hello', { 'X-Goog-Hash': `crc32c=${wrong}` });
  assert.equal(answer.status, 400);
  const badMd5 = await gcs.startUpload(bucket, 'x', { resource: { md5Hash: md5(Buffer.from('other')) } });
  assert.equal((await gcs.chunk(badMd5, 'bytes 0-4/5', 'hello')).status, 400);
  assert.equal((await gcs.get(bucket, 'x')).status, 404);
  const right = await gcs.startUpload(bucket, 'x');
  const sums = `crc32c=${crcBase64(Buffer.from('hello'))},md5=${md5(Buffer.from('hello'))}`;
  assert.equal((await gcs.chunk(right, 'bytes 0-4/5', 'hello', { 'X-Goog-Hash': sums })).status, 200);
});

test('chunks that contradict themselves or the session are 400, and the session lives on', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  await gcs.chunk(session, `bytes 0-${UNIT - 1}/*`, big.subarray(0, UNIT));
  const bad: readonly (readonly [string, Buffer | string])[] = [
    ['nonsense', ''],
    ['bytes 5-4/10', 'x'],
    ['bytes 0-9/5', 'hello12345'],
    [`bytes ${UNIT}-${big.length - 1}/${big.length}`, big.subarray(UNIT, big.length - 1)],
    [`bytes ${UNIT}-${big.length - 1}/${big.length}`, Buffer.concat([big.subarray(UNIT), Buffer.from('more')])],
    ['bytes */5', ''],
  ];
  for (const [range, body] of bad) {
    const answer = await gcs.chunk(session, range, body);
    assert.equal(answer.status, 400, `${range}: ${answer.status} ${answer.text}`);
  }
  assert.equal((await gcs.get(bucket, 'x')).status, 404);
  const rest = await gcs.chunk(session, `bytes ${UNIT}-${big.length - 1}/${big.length}`, big.subarray(UNIT));
  assert.equal(rest.status, 200, rest.text);
  assert.equal(rest.json.md5Hash, md5(big));
});

test('a chunked body longer than its range is 400 and does not end the upload', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const answer = await gcs.call('PUT', session, {
    headers: { 'Content-Range': 'bytes 0-4/5' },
    body: chunked(Buffer.from('hello, and more'), 3),
  });
  assert.equal(answer.status, 400);
  assert.equal((await gcs.get(bucket, 'x')).status, 404);
});

test('unknown sessions are 404, in every method', async () => {
  const bucket = await gcs.bucket();
  for (const id of ['nope', '0'.repeat(64), '../../x', '']) {
    const session = `/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${encodeURIComponent(id)}`;
    const expected = id === '' ? 400 : 404;
    assert.equal((await gcs.chunk(session, 'bytes */*')).status, expected);
    assert.equal((await gcs.call('DELETE', session)).status, expected);
  }
});

test('the protocol of X-Goog-Upload-Command headers', async () => {
  const bucket = await gcs.bucket();
  const start = await gcs.call('POST', `/upload/storage/v1/b/${bucket}/o?name=x&upload_protocol=resumable`, {
    headers: { 'X-Goog-Upload-Command': 'start', 'X-Goog-Upload-Header-Content-Type': 'text/plain' },
    body: {},
  });
  assert.deepEqual([start.status, start.headers['x-goog-upload-status']], [200, 'active']);
  const { pathname, search } = new URL(String(start.headers['x-goog-upload-url']));
  const send = (command: string, offset: number, body: Uint8Array | string = '') =>
    gcs.call('POST', `${pathname}${search}`, {
      headers: { 'X-Goog-Upload-Command': command, 'X-Goog-Upload-Offset': `${offset}` },
      body,
    });
  const first = await send('upload', 0, big.subarray(0, UNIT));
  assert.deepEqual([first.status, first.headers['x-goog-upload-size-received']], [200, `${UNIT}`]);
  assert.equal((await send('query', 0)).headers['x-goog-upload-size-received'], `${UNIT}`);
  assert.equal((await send('dance', 0)).status, 400);
  const last = await send('upload, finalize', UNIT, big.subarray(UNIT));
  assert.deepEqual([last.status, last.headers['x-goog-upload-status']], [200, 'final']);
  assert.equal(last.json.md5Hash, md5(big));
  assert.equal(last.json.contentType, 'text/plain');
});

test('a session survives a client that breaks off: what was persisted is told and kept', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x');
  const broken = async function* () {
    yield big.subarray(0, UNIT + 5000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new Error('the client gives up');
  };
  const headers = { 'Content-Range': `bytes 0-${big.length - 1}/${big.length}`, 'Content-Length': `${big.length}` };
  const controller = gcs.call('PUT', session, { headers, body: broken() });
  await assert.rejects(controller);
  let persisted = 0;
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const status = await gcs.chunk(session, 'bytes */*');
    assert.equal(status.status, 308);
    const range = status.headers['range'];
    persisted = range === undefined ? 0 : Number(String(range).split('-')[1]) + 1;
    if (persisted > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(persisted % UNIT, 0);
  const answer = await gcs.chunk(
    session,
    `bytes ${persisted}-${big.length - 1}/${big.length}`,
    big.subarray(persisted),
  );
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.md5Hash, md5(big));
});
