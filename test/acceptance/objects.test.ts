/** Objects: names, reads, changes. Numbers are items of `reference/gcs-api.md` §5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { gcsForTests, namesOf, objectPath } from '../support/gcs.ts';

const gcs = gcsForTests();

test('5: errors of downloads are plain text, the same call without alt is JSON', async () => {
  const bucket = await gcs.bucket();
  const media = await gcs.media(bucket, 'no/such');
  assert.equal(media.status, 404);
  assert.equal(media.headers['content-type'], 'text/html; charset=UTF-8');
  assert.equal(media.text, `No such object: ${bucket}/no/such`);
  const download = await gcs.call('GET', `/download${objectPath(bucket, 'no/such')}?alt=media`);
  assert.equal(download.text, media.text);
  const json = await gcs.get(bucket, 'no/such');
  assert.match(json.headers['content-type'] ?? '', /^application\/json/);
  assert.deepEqual(
    [json.status, json.json.error.code, json.json.error.errors[0]?.reason, json.json.error.errors[0]?.domain],
    [404, 404, 'notFound', 'global'],
  );
});

test('5: a name in an error page is text, not markup', async () => {
  const bucket = await gcs.bucket();
  const { text } = await gcs.media(bucket, '<script>alert(1)</script>');
  assert.ok(!text.includes('<script>'));
});

test('19: 64-bit numbers are strings', async () => {
  const bucket = await gcs.bucket();
  const object = await gcs.put(bucket, 'x', 'abc');
  for (const field of ['size', 'generation', 'metageneration'] as const) assert.equal(typeof object[field], 'string');
  const body = { sourceObjects: [{ name: 'x' }] };
  const { json } = await gcs.call('POST', `${objectPath(bucket, 'y')}/compose`, { body });
  assert.equal(typeof json.componentCount, 'number');
});

test('20, 21: overwriting makes a generation, at metageneration 1; patching raises the metageneration', async () => {
  const bucket = await gcs.bucket();
  const first = await gcs.put(bucket, 'x', 'one');
  const second = await gcs.put(bucket, 'x', 'two');
  assert.notEqual(second.generation, first.generation);
  assert.equal(second.metageneration, '1');
  const patched = (await gcs.call('PATCH', objectPath(bucket, 'x'), { body: { metadata: { a: '1' } } })).json;
  assert.deepEqual([patched.generation, patched.metageneration], [second.generation, '2']);
  assert.equal((await gcs.media(bucket, 'x')).text, 'two');
  assert.equal((await gcs.get(bucket, 'x', `?generation=${first.generation}`)).status, 404);
  assert.equal((await gcs.get(bucket, 'x', `?generation=${second.generation}`)).status, 200);
});

test('22: updated moves with the metadata, timeCreated does not', async () => {
  const bucket = await gcs.bucket();
  const made = await gcs.put(bucket, 'x');
  await new Promise((resolve) => setTimeout(resolve, 5));
  const patched = (await gcs.call('PATCH', objectPath(bucket, 'x'), { body: { contentType: 'a/b' } })).json;
  assert.equal(patched.timeCreated, made.timeCreated);
  assert.equal(patched.timeStorageClassUpdated, made.timeStorageClassUpdated);
  assert.ok(patched.updated > made.updated);
});

test('23: access lists are shown in projection full only, which is what changes answer with', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  const acl = [{ entity: 'allUsers', role: 'READER' }];
  const patched = await gcs.call('PATCH', objectPath(bucket, 'x'), { body: { acl } });
  assert.partialDeepStrictEqual(patched.json.acl, acl);
  assert.equal((await gcs.get(bucket, 'x')).json.acl, undefined);
  assert.partialDeepStrictEqual((await gcs.get(bucket, 'x', '?projection=full')).json.acl, acl);
  assert.equal((await gcs.list(bucket)).json.items[0]?.acl, undefined);
  assert.partialDeepStrictEqual((await gcs.list(bucket, '?projection=full')).json.items[0]?.acl, acl);
  assert.equal((await gcs.get(bucket, 'x', '?projection=most')).status, 400);
});

test('30: legal names are all distinct, whatever they look like as paths', async () => {
  const bucket = await gcs.bucket();
  const names = [
    'a',
    'a/b',
    'a//b',
    'a/',
    '/',
    '//',
    '/a',
    '..x',
    '../x',
    './x',
    'a/../b',
    'a b',
    'a+b',
    'a%2Fb',
    '%',
    '#?&=',
  ];
  names.push(
    'ünïcode/€',
    '\u{e000}',
    '\u{1f600}',
    'tab\there',
    'x'.repeat(1024),
    '.hidden',
    'a\\b',
    '%2e%2e',
    '\u0000nul',
  );
  for (const name of names) await gcs.put(bucket, name, `content of ${name}`);
  for (const name of names) {
    const { status, text } = await gcs.media(bucket, name);
    assert.deepEqual([status, text], [200, `content of ${name}`]);
    assert.equal((await gcs.get(bucket, name)).json.name, name);
  }
  const listed = namesOf((await gcs.list(bucket)).json);
  const byBytes = names.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  assert.deepEqual(listed, byBytes);
});

test('30: names that cannot be are 400 in every method that makes one', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  const bad = ['.', '..', 'a\rb', 'a\nb', '.well-known/acme-challenge/x', 'x'.repeat(1025), '€'.repeat(342)];
  for (const name of bad) {
    const encoded = encodeURIComponent(name);
    assert.equal((await gcs.tryPut(bucket, name)).status, 400, name);
    const start = `/upload/storage/v1/b/${bucket}/o?uploadType=resumable&name=${encoded}`;
    assert.equal((await gcs.call('POST', start, { body: {} })).status, 400, name);
    const copy = `${objectPath(bucket, 'x')}/copyTo/b/${bucket}/o/${encoded}`;
    assert.equal((await gcs.call('POST', copy, { body: {} })).status, 400, name);
    const compose = `/storage/v1/b/${bucket}/o/${encoded}/compose`;
    assert.equal((await gcs.call('POST', compose, { body: { sourceObjects: [{ name: 'x' }] } })).status, 400, name);
  }
  const surrogate = await gcs.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=resumable`, {
    body: '{"name":"\\ud800"}',
    headers: { 'Content-Type': 'application/json' },
  });
  assert.equal(surrogate.status, 400);
  const empty = await gcs.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=`, { body: 'x' });
  assert.equal(empty.status, 400);
});

test('33: sums are big-endian base64, told everywhere, and a declared one that differs is 400', async () => {
  const bucket = await gcs.bucket();
  const object = await gcs.put(bucket, 'x', '123456789');
  assert.deepEqual([object.crc32c, object.md5Hash], ['4waSgw==', 'JfnnlDI7RTiF9RgfG2JNCw==']);
  const media = await gcs.media(bucket, 'x', { Range: 'bytes=0-0' });
  assert.equal(media.headers['x-goog-hash'], 'crc32c=4waSgw==,md5=JfnnlDI7RTiF9RgfG2JNCw==');
  const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=y`;
  for (const headers of [
    { 'X-Goog-Hash': 'crc32c=AAAAAA==' },
    { 'X-Goog-Hash': 'md5=1B2M2Y8AsgTpgAmY7PhCfg==' },
    { 'Content-MD5': '1B2M2Y8AsgTpgAmY7PhCfg==' },
    { 'X-Goog-Hash': 'crc32c=nonsense' },
  ]) {
    assert.equal((await gcs.call('POST', path, { headers, body: '123456789' })).status, 400);
  }
  assert.equal((await gcs.get(bucket, 'y')).status, 404);
  const headers = { 'X-Goog-Hash': 'crc32c=4waSgw==' };
  assert.equal((await gcs.call('POST', path, { headers, body: '123456789' })).status, 200);
});

test('35: gzip at rest is unpacked for who does not take gzip, without length, encoding or ranges', async () => {
  const bucket = await gcs.bucket();
  const plain = Buffer.from('some text '.repeat(20_000));
  const packed = gzipSync(plain);
  await gcs.put(bucket, 'x', packed, '&contentEncoding=gzip');
  const unpacked = await gcs.media(bucket, 'x', { Range: 'bytes=0-9' });
  assert.equal(unpacked.status, 200);
  assert.ok(unpacked.bytes.equals(plain));
  assert.equal(unpacked.headers['content-encoding'], undefined);
  assert.equal(unpacked.headers['content-length'], undefined);
  assert.equal(unpacked.headers['x-goog-stored-content-encoding'], 'gzip');
  assert.equal(unpacked.headers['x-goog-stored-content-length'], `${packed.length}`);
  assert.equal(unpacked.headers['x-guploader-response-body-transformations'], 'gunzipped');
  assert.equal(unpacked.headers.warning, '214 UploadServer gunzipped');
  const asStored = await gcs.media(bucket, 'x', { 'Accept-Encoding': 'gzip, deflate' });
  assert.equal(asStored.headers['content-encoding'], 'gzip');
  assert.equal(asStored.headers['content-length'], `${packed.length}`);
  assert.equal(asStored.headers['x-guploader-response-body-transformations'], undefined);
  assert.ok(gunzipSync(asStored.bytes).equals(plain));
  const part = await gcs.media(bucket, 'x', { 'Accept-Encoding': 'gzip', Range: 'bytes=2-5' });
  assert.equal(part.status, 206);
  assert.ok(part.bytes.equals(packed.subarray(2, 6)));
  assert.ok((await gcs.media(bucket, 'x', { 'Cache-Control': 'no-transform' })).bytes.equals(packed));
  await gcs.call('PATCH', objectPath(bucket, 'x'), { body: { cacheControl: 'no-transform' } });
  assert.ok((await gcs.media(bucket, 'x')).bytes.equals(packed));
});

test('35: bytes that only claim to be gzip are served as they are', async () => {
  const bucket = await gcs.bucket();
  for (const content of ['not gzip at all', 'x', '']) {
    await gcs.put(bucket, 'x', content, '&contentEncoding=gzip');
    assert.equal((await gcs.media(bucket, 'x')).text, content);
  }
});

test('36: ranges', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x', '0123456789');
  await gcs.put(bucket, 'empty', '');
  const cases: readonly (readonly [string, number, string, string | undefined])[] = [
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=8-', 206, '89', 'bytes 8-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=5-2', 200, '0123456789', undefined],
    ['lines=1-2', 200, '0123456789', undefined],
  ];
  for (const [range, status, text, contentRange] of cases) {
    const answer = await gcs.media(bucket, 'x', { Range: range });
    assert.deepEqual(
      [answer.status, answer.text, answer.headers['content-range']],
      [status, text, contentRange],
      range,
    );
    assert.equal(answer.headers['content-length'], `${text.length}`);
  }
  for (const [name, range] of [
    ['x', 'bytes=10-'],
    ['x', 'bytes=99-100'],
    ['empty', 'bytes=0-'],
  ] as const) {
    const answer = await gcs.media(bucket, name, { Range: range });
    assert.equal(answer.status, 416);
    assert.equal(answer.headers['content-range'], `bytes */${name === 'x' ? 10 : 0}`);
  }
});

test('downloads tell what is stored, in headers', async () => {
  const bucket = await gcs.bucket();
  const session = await gcs.startUpload(bucket, 'x', {
    resource: {
      contentType: 'text/plain; charset=utf-8',
      contentLanguage: 'de',
      contentDisposition: 'attachment; filename="ü.txt"',
      cacheControl: 'public, max-age=60',
      metadata: { color: 'blue', greek: 'αβγ', 'not a token': 'x', lines: 'a\nb' },
    },
  });
  const object = (await gcs.chunk(session, 'bytes 0-4/5', 'hello')).json;
  const { headers } = await gcs.media(bucket, 'x');
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(headers['content-language'], 'de');
  assert.equal(headers['cache-control'], 'public, max-age=60');
  assert.equal(headers['x-goog-generation'], object.generation);
  assert.equal(headers['x-goog-metageneration'], '1');
  assert.equal(headers['x-goog-storage-class'], 'STANDARD');
  assert.equal(headers['x-goog-stored-content-encoding'], 'identity');
  assert.equal(headers['x-goog-stored-content-length'], '5');
  assert.equal(headers['x-goog-meta-color'], 'blue');
  assert.equal(Buffer.from(String(headers['x-goog-meta-greek']), 'latin1').toString(), 'αβγ');
  assert.equal(headers['x-goog-meta-lines'], 'a b');
  assert.equal(headers['etag'], object.etag);
  const head = await gcs.call('HEAD', `${objectPath(bucket, 'x')}?alt=media`);
  assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '5', '']);
});

test('an object without a type is served as application/octet-stream', async () => {
  const bucket = await gcs.bucket();
  const made = await gcs.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=x`, { body: 'x' });
  assert.equal(made.json.contentType, undefined);
  assert.equal((await gcs.media(bucket, 'x')).headers['content-type'], 'application/octet-stream');
});

test('links lead back to the host that was asked', async () => {
  const bucket = await gcs.bucket();
  const name = 'a/b c';
  await gcs.put(bucket, name, 'linked');
  const { json } = await gcs.get(bucket, name);
  const media = new URL(json.mediaLink);
  assert.equal(media.origin, gcs.base);
  assert.equal((await gcs.call('GET', `${media.pathname}${media.search}`)).text, 'linked');
  assert.equal((await gcs.call('GET', new URL(json.selfLink).pathname)).json.id, json.id);
  const elsewhere = await gcs.get(bucket, name, '', { Host: 'site.example:9000', 'X-Forwarded-Proto': 'https' });
  assert.ok(elsewhere.json.mediaLink.startsWith('https://site.example:9000/download/storage/v1/b/'));
});

test('40: a patch merges: null removes, an empty map changes nothing, the rest stays', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  const patch = async (body: Record<string, unknown>) =>
    (await gcs.call('PATCH', objectPath(bucket, 'x'), { body })).json;
  await patch({ contentLanguage: 'en', metadata: { a: '1', b: '2' } });
  assert.deepEqual((await patch({ metadata: { b: null, c: '3' } })).metadata, { a: '1', c: '3' });
  assert.deepEqual((await patch({ metadata: {} })).metadata, { a: '1', c: '3' });
  const cleared = await patch({ metadata: null, contentLanguage: null });
  assert.deepEqual(
    [cleared.metadata, cleared.contentLanguage, cleared.contentType],
    [undefined, undefined, 'text/plain'],
  );
});

test('40: POST with X-HTTP-Method-Override: PATCH is a patch', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  const headers = { 'X-HTTP-Method-Override': 'PATCH' };
  const answer = await gcs.call('POST', objectPath(bucket, 'x'), { headers, body: { contentType: 'a/b' } });
  assert.deepEqual([answer.status, answer.json.contentType, answer.json.metageneration], [200, 'a/b', '2']);
});

test('update replaces: what the body does not say is gone', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  await gcs.call('PATCH', objectPath(bucket, 'x'), { body: { contentLanguage: 'en', metadata: { a: '1' } } });
  const { json } = await gcs.call('PUT', objectPath(bucket, 'x'), {
    body: { contentType: 'a/b', metadata: { b: '2' } },
  });
  assert.deepEqual([json.contentType, json.contentLanguage, json.metadata], ['a/b', undefined, { b: '2' }]);
});

test('a custom time only moves forward', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  const patch = (customTime: unknown) => gcs.call('PATCH', objectPath(bucket, 'x'), { body: { customTime } });
  assert.equal((await patch('2026-05-01T00:00:00Z')).json.customTime, '2026-05-01T00:00:00.000Z');
  assert.equal((await patch('2026-06-01T00:00:00Z')).status, 200);
  for (const bad of ['2026-01-01T00:00:00Z', null, 'yesterday', 5, '2026-13-01T00:00:00Z']) {
    assert.equal((await patch(bad)).status, 400, String(bad));
  }
});

test('delete answers 204 and is final', async () => {
  const bucket = await gcs.bucket();
  const { generation } = await gcs.put(bucket, 'x');
  assert.equal((await gcs.call('DELETE', `${objectPath(bucket, 'x')}?generation=1`)).status, 404);
  const deleted = await gcs.call('DELETE', `${objectPath(bucket, 'x')}?generation=${generation}`);
  assert.deepEqual([deleted.status, deleted.text], [204, '']);
  assert.equal((await gcs.get(bucket, 'x')).status, 404);
  assert.equal((await gcs.call('DELETE', objectPath(bucket, 'x'))).status, 404);
});

test('a download under way is not disturbed by an overwrite or a delete', async () => {
  const bucket = await gcs.bucket();
  const content = Buffer.alloc(8 * 1024 * 1024, 'one ');
  await gcs.put(bucket, 'x', content);
  const reading = gcs.media(bucket, 'x');
  await gcs.put(bucket, 'x', 'two');
  await gcs.call('DELETE', objectPath(bucket, 'x'));
  const { status, bytes } = await reading;
  if (status === 200) assert.ok(bytes.equals(content) || bytes.equals(Buffer.from('two')));
  else assert.equal(status, 404);
});

test('fields cuts answers down; unknown fields are 400 and change nothing', async () => {
  const bucket = await gcs.bucket();
  const made = await gcs.put(bucket, 'x', 'abc', '&fields=name,size');
  assert.deepEqual(made, { name: 'x', size: '3' });
  assert.deepEqual((await gcs.get(bucket, 'x', '?fields=bucket%2CcontentType')).json, {
    bucket,
    contentType: 'text/plain',
  });
  const bad = await gcs.tryPut(bucket, 'y', 'abc', '&fields=nam');
  assert.equal(bad.status, 400);
  assert.equal(bad.json.error.errors[0]?.location, 'fields');
  assert.equal((await gcs.get(bucket, 'y')).status, 404);
});

test('prettyPrint=false gives one line; unknown parameters are ignored', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x');
  assert.ok((await gcs.get(bucket, 'x')).text.includes('\n  "name": "x"'));
  assert.ok(!(await gcs.get(bucket, 'x', '?prettyPrint=false&key=AIza&quotaUser=me&whatever=1')).text.includes('\n'));
  assert.deepEqual((await gcs.list(bucket, '?prettyPrint=false')).json, (await gcs.list(bucket)).json);
});
