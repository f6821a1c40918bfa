/** Customer-supplied keys, names of Cloud KMS keys, and rewrites that take several calls, over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../src/runtime/clock.ts';
import { jsonLogger } from '../../src/runtime/logger.ts';
import { TestKey } from '../support/customer-keys.ts';
import { Gcs, gcsForTests, objectPath } from '../support/gcs.ts';
import type { Answer } from '../support/http-call.ts';
import { startMemoryGateway } from '../support/memory-gateway.ts';
import { patterned } from '../support/patterned-bytes.ts';

const gcs = gcsForTests();
const MIB = 2 ** 20;
const KMS = 'projects/p/locations/us/keyRings/ring/cryptoKeys/key-1';

/** Small (kept beside the metadata) and of several blocks. */
const SIZES = [0, 1, 3_000, 200_000];

async function put(bucket: string, name: string, content: Uint8Array, key?: TestKey): Promise<Answer> {
  const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}`;
  const answer = await gcs.call('POST', path, { body: content, headers: key?.headers ?? {} });
  assert.equal(answer.status, 200, answer.text);
  return answer;
}

function refused(answer: Answer, reason: string): void {
  assert.equal(answer.status, 400, answer.text);
  const [error] = answer.json.error.errors;
  assert.equal(error?.reason, reason);
  assert.equal(error?.locationType, 'header');
  assert.equal(error?.domain, 'global');
}

const copyPath = (bucket: string, from: string, to: string, verb: 'copyTo' | 'rewriteTo') =>
  `${objectPath(bucket, from)}/${verb}/b/${bucket}/o/${encodeURIComponent(to)}`;

test('the three headers of a key: each missing or wrong one has its own reason, and nothing is made', async () => {
  const bucket = await gcs.bucket();
  const key = new TestKey();
  const { headers } = key;
  const short = Buffer.alloc(31).toString('base64');
  const cases: readonly (readonly [Record<string, string>, string])[] = [
    [{ 'x-goog-encryption-algorithm': 'AES128' }, 'customerEncryptionAlgorithmIsInvalid'],
    [{ 'x-goog-encryption-algorithm': '' }, 'customerEncryptionAlgorithmIsInvalid'],
    [{ 'x-goog-encryption-key': '' }, 'customerEncryptionKeyFormatIsInvalid'],
    [{ 'x-goog-encryption-key': 'not base64!' }, 'customerEncryptionKeyFormatIsInvalid'],
    [{ 'x-goog-encryption-key': short }, 'customerEncryptionKeyFormatIsInvalid'],
    [{ 'x-goog-encryption-key': Buffer.alloc(33).toString('base64') }, 'customerEncryptionKeyFormatIsInvalid'],
    [{ 'x-goog-encryption-key-sha256': '' }, 'customerEncryptionKeySha256IsInvalid'],
    [{ 'x-goog-encryption-key-sha256': new TestKey().sha256 }, 'customerEncryptionKeySha256IsInvalid'],
  ];
  for (const [change, reason] of cases) {
    for (const type of ['media', 'resumable']) {
      const path = `/upload/storage/v1/b/${bucket}/o?uploadType=${type}&name=x`;
      refused(await gcs.call('POST', path, { headers: { ...headers, ...change } }), reason);
    }
    refused(await gcs.get(bucket, 'x', '', { ...headers, ...change }), reason);
  }
  for (const missing of Object.keys(headers)) {
    const { [missing]: _, ...rest } = headers;
    const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=x`;
    assert.equal((await gcs.call('POST', path, { headers: rest, body: 'x' })).status, 400, missing);
  }
  assert.equal((await gcs.get(bucket, 'x')).status, 404);
});

test('bytes need the key, metadata does not; checksums are told to who has it', async () => {
  const bucket = await gcs.bucket();
  const [key, other] = [new TestKey(), new TestKey()];
  for (const size of SIZES) {
    const name = `of ${size}`;
    const content = patterned(size);
    const made = (await put(bucket, name, content, key)).json;
    assert.deepEqual(made.customerEncryption, { encryptionAlgorithm: 'AES256', keySha256: key.sha256 });
    assert.ok(made.crc32c !== undefined && made.md5Hash !== undefined);
    const read = await gcs.media(bucket, name, key.headers);
    assert.equal(read.status, 200, read.text);
    assert.ok(read.bytes.equals(content));
    assert.equal(read.headers['x-goog-encryption-key-sha256'], key.sha256);
    if (size > 2) {
      const part = await gcs.media(bucket, name, { ...key.headers, Range: `bytes=1-${size - 2}` });
      assert.equal(part.status, 206);
      assert.ok(part.bytes.equals(content.subarray(1, size - 1)));
    }
    assert.equal((await gcs.media(bucket, name)).status, 400);
    assert.equal((await gcs.media(bucket, name, other.headers)).status, 400);
    refused(await gcs.get(bucket, name, '', other.headers), 'customerEncryptionKeyIsIncorrect');
    const keyed = (await gcs.get(bucket, name, '', key.headers)).json;
    assert.deepEqual([keyed.crc32c, keyed.md5Hash], [made.crc32c, made.md5Hash]);
    const bare = (await gcs.get(bucket, name)).json;
    assert.deepEqual([bare.crc32c, bare.md5Hash, bare.size], [undefined, undefined, String(size)]);
    assert.equal(bare.customerEncryption.keySha256, key.sha256);
  }
  const listed = (await gcs.list(bucket)).json.items;
  assert.equal(listed.length, SIZES.length);
  assert.ok(listed.every((item) => item.crc32c === undefined && item.customerEncryption.keySha256 === key.sha256));
  const path = objectPath(bucket, 'of 3000');
  const patched = (await gcs.call('PATCH', path, { body: { metadata: { a: '1' } } })).json;
  assert.deepEqual([patched.metadata, patched.customerEncryption?.keySha256], [{ a: '1' }, key.sha256]);
  assert.equal(patched.crc32c, undefined);
  assert.equal((await gcs.call('PUT', path, { body: { contentType: 'text/x' } })).status, 200);
  assert.ok((await gcs.media(bucket, 'of 3000', key.headers)).bytes.equals(patterned(3_000)));
  await put(bucket, 'plain', patterned(10));
  refused(await gcs.get(bucket, 'plain', '', key.headers), 'resourceNotEncryptedWithCustomerEncryptionKey');
  assert.equal((await gcs.call('DELETE', path)).status, 204);
});

test('a resumable upload: the key at its start alone, or with every request, but no other one', async () => {
  const bucket = await gcs.bucket();
  const [key, other] = [new TestKey(), new TestKey()];
  for (const [name, size] of [
    ['small', 5_000],
    ['large', 700_000],
  ] as const) {
    for (const headers of [{}, key.headers]) {
      const content = patterned(size);
      const session = await gcs.startUpload(bucket, name, { headers: key.headers });
      const first = Math.min(262_144, size);
      const range = (start: number, end: number) => `bytes ${start}-${end - 1}/${size}`;
      refused(await gcs.chunk(session, range(0, first), content.subarray(0, first), other.headers), WRONG);
      if (first < size) {
        const kept = await gcs.chunk(session, range(0, first), content.subarray(0, first), headers);
        assert.equal(kept.headers.range, `bytes=0-${first - 1}`);
        assert.equal((await gcs.chunk(session, `bytes */${size}`)).status, 308);
        const broken = await gcs.chunk(session, range(first, size), content.subarray(first), other.headers);
        refused(broken, WRONG);
      }
      const start = first < size ? first : 0;
      const done = await gcs.chunk(session, range(start, size), content.subarray(start), headers);
      assert.equal(done.status, 200, done.text);
      assert.equal(done.json.customerEncryption.keySha256, key.sha256);
      assert.ok(done.json.crc32c !== undefined);
      assert.ok((await gcs.media(bucket, name, key.headers)).bytes.equals(content));
      assert.equal((await gcs.media(bucket, name)).status, 400);
    }
  }
  const plain = await gcs.startUpload(bucket, 'plain');
  const chunk = await gcs.chunk(plain, 'bytes 0-2/3', 'abc', key.headers);
  refused(chunk, 'resourceNotEncryptedWithCustomerEncryptionKey');
});

const WRONG = 'customerEncryptionKeyIsIncorrect';

test('copies: under the same key, another, or none; the source key is asked for in its own headers', async () => {
  const bucket = await gcs.bucket();
  const [key, other] = [new TestKey(), new TestKey()];
  for (const size of SIZES) {
    const content = patterned(size);
    await put(bucket, 'source', content, key);
    const bare = await gcs.call('POST', copyPath(bucket, 'source', 'x', 'copyTo'));
    refused(bare, 'resourceIsEncryptedWithCustomerEncryptionKey');
    assert.equal(bare.json.error.errors[0]?.location, 'X-Goog-Copy-Source-Encryption-Key');
    refused(await gcs.call('POST', copyPath(bucket, 'source', 'x', 'copyTo'), { headers: other.sourceHeaders }), WRONG);
    for (const verb of ['copyTo', 'rewriteTo'] as const) {
      for (const target of [key, other, undefined]) {
        const headers = { ...key.sourceHeaders, ...target?.headers };
        const answer = await gcs.call('POST', copyPath(bucket, 'source', 'copy', verb), { headers });
        assert.equal(answer.status, 200, answer.text);
        const made = verb === 'copyTo' ? answer.json : answer.json.resource;
        assert.equal(made.customerEncryption?.keySha256, target?.sha256);
        assert.ok(made.crc32c !== undefined);
        assert.ok((await gcs.media(bucket, 'copy', target?.headers ?? {})).bytes.equals(content));
        if (target !== undefined) assert.equal((await gcs.media(bucket, 'copy')).status, 400);
      }
    }
  }
  await put(bucket, 'plain', patterned(70_000));
  const sealed = await gcs.call('POST', copyPath(bucket, 'plain', 'sealed', 'copyTo'), { headers: key.headers });
  assert.equal(sealed.json.customerEncryption.keySha256, key.sha256);
  assert.ok((await gcs.media(bucket, 'sealed', key.headers)).bytes.equals(patterned(70_000)));
  const needless = await gcs.call('POST', copyPath(bucket, 'plain', 'x', 'copyTo'), { headers: key.sourceHeaders });
  refused(needless, 'resourceNotEncryptedWithCustomerEncryptionKey');
  const move = await gcs.call('POST', `${objectPath(bucket, 'sealed')}/moveTo/o/moved`);
  assert.equal(move.json.customerEncryption.keySha256, key.sha256);
  assert.ok((await gcs.media(bucket, 'moved', key.headers)).bytes.equals(patterned(70_000)));
});

test('compose: one key for all sources and for what they make', async () => {
  const bucket = await gcs.bucket();
  const [key, other] = [new TestKey(), new TestKey()];
  const parts = [patterned(1_000, 1), patterned(70_000, 2), patterned(140_000, 3)];
  for (const [index, part] of parts.entries()) await put(bucket, `part ${index}`, part, key);
  await put(bucket, 'plain', patterned(10));
  await put(bucket, 'foreign', patterned(10), other);
  const compose = (names: readonly string[], headers: Record<string, string>) =>
    gcs.call('POST', `${objectPath(bucket, 'whole')}/compose`, {
      headers,
      body: { sourceObjects: names.map((name) => ({ name })) },
    });
  const names = parts.map((_, index) => `part ${index}`);
  refused(await compose(names, {}), 'resourceIsEncryptedWithCustomerEncryptionKey');
  refused(await compose([...names, 'foreign'], key.headers), WRONG);
  refused(await compose([...names, 'plain'], key.headers), 'resourceNotEncryptedWithCustomerEncryptionKey');
  assert.equal((await gcs.get(bucket, 'whole')).status, 404);
  const made = await compose(names, key.headers);
  assert.equal(made.status, 200, made.text);
  assert.equal(made.json.customerEncryption.keySha256, key.sha256);
  const whole = Buffer.concat(parts);
  assert.ok((await gcs.media(bucket, 'whole', key.headers)).bytes.equals(whole));
  for (let round = 0; round < 2; round += 1) {
    const again = await compose(Array<string>(8).fill('whole'), key.headers);
    assert.equal(again.status, 200, again.text);
  }
  const read = await gcs.media(bucket, 'whole', { ...key.headers, Range: `bytes=-${whole.length}` });
  assert.ok(read.bytes.equals(whole), 'over segments on a page too');
});

test('a rewrite across keys takes as many calls as its bound asks for, tied by a token', async () => {
  const bucket = await gcs.bucket();
  const [key, other] = [new TestKey(), new TestKey()];
  const content = patterned(3 * MIB + 100);
  const source = (await put(bucket, 'source', content, key)).json;
  const headers = { ...key.sourceHeaders, ...other.headers };
  const path = `${copyPath(bucket, 'source', 'target', 'rewriteTo')}?maxBytesRewrittenPerCall=${MIB}`;
  const body = { contentType: 'text/x', metadata: { a: 'b' } };
  const calls: Answer['json'][] = [];
  let token = '';
  do {
    const query = token === '' ? '' : `&rewriteToken=${token}`;
    const isRepeated = calls.length % 2 === 0;
    const answer = await gcs.call('POST', path + query, { headers, ...(isRepeated ? { body } : {}) });
    assert.equal(answer.status, 200, answer.text);
    calls.push(answer.json);
    token = answer.json.rewriteToken ?? token;
    if (!answer.json.done)
      assert.equal((await gcs.get(bucket, 'target')).status, 404, 'nothing is seen before the end');
  } while (calls.at(-1)?.done !== true && calls.length < 10);
  const seen = calls.map(({ totalBytesRewritten, done }) => [Number(totalBytesRewritten), done]);
  assert.deepEqual(seen, [
    [MIB, false],
    [2 * MIB, false],
    [3 * MIB, false],
    [content.length, true],
  ]);
  assert.ok(calls.every(({ objectSize }) => objectSize === String(content.length)));
  const made = calls.at(-1)?.resource;
  assert.deepEqual([made?.contentType, made?.metadata, made?.crc32c], ['text/x', { a: 'b' }, source.crc32c]);
  assert.ok((await gcs.media(bucket, 'target', other.headers)).bytes.equals(content));
  assert.equal((await gcs.media(bucket, 'target', key.headers)).status, 400);
  const again = await gcs.call('POST', `${path}&rewriteToken=${token}`, { headers });
  assert.equal(again.json.resource.generation, made?.generation, 'the last call again answers the same object');
});

test('a token is good for its own rewrite alone', async () => {
  const bucket = await gcs.bucket();
  const [key, other] = [new TestKey(), new TestKey()];
  await put(bucket, 'source', patterned(2 * MIB), key);
  await put(bucket, 'second', patterned(2 * MIB), key);
  const headers = { ...key.sourceHeaders, ...other.headers };
  const call = (from: string, to: string, query: string, sent: Record<string, string> = headers) =>
    gcs.call('POST', `${copyPath(bucket, from, to, 'rewriteTo')}?${query}`, { headers: sent });
  const begun = await call('source', 'target', `maxBytesRewrittenPerCall=${MIB}&ifGenerationMatch=0`);
  const token = `rewriteToken=${begun.json.rewriteToken}`;
  assert.equal(begun.json.done, false);
  const misused = [
    call('source', 'elsewhere', token),
    call('second', 'target', token),
    call('source', 'target', `${token}&maxBytesRewrittenPerCall=${2 * MIB}`),
    call('source', 'target', `${token}&ifGenerationMatch=7`),
    call('source', 'target', `${token}&sourceGeneration=7`),
    call('source', 'target', token, { ...key.sourceHeaders, ...new TestKey().headers }),
    call('source', 'target', token, key.sourceHeaders),
    call('source', 'target', token, other.headers),
    call('source', 'target', 'rewriteToken=abc'),
    call('source', 'target', `rewriteToken=${'0'.repeat(64)}`),
  ];
  for (const [index, answer] of (await Promise.all(misused)).entries()) {
    assert.equal(answer.status, 400, `${index}: ${answer.text}`);
  }
  const asUpload = `/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${begun.json.rewriteToken}`;
  assert.equal((await gcs.call('PUT', asUpload, { body: 'x' })).status, 404, 'a token is no upload session');
  assert.equal((await gcs.call('DELETE', asUpload)).status, 404);
  await put(bucket, 'target', patterned(5));
  const late = await call('source', 'target', token);
  assert.equal(late.status, 412, 'the preconditions of the first call hold when the object is made');
  assert.ok((await gcs.media(bucket, 'target')).bytes.equals(patterned(5)));
});

test('calls with one token at the same time: one goes on, the object comes out whole', async () => {
  const bucket = await gcs.bucket();
  const [key, other] = [new TestKey(), new TestKey()];
  const content = patterned(4 * MIB + 3);
  await put(bucket, 'source', content, key);
  const path = `${copyPath(bucket, 'source', 'target', 'rewriteTo')}?maxBytesRewrittenPerCall=${MIB}`;
  const headers = { ...key.sourceHeaders, ...other.headers };
  const begun = await gcs.call('POST', path, { headers });
  const call = () => gcs.call('POST', `${path}&rewriteToken=${begun.json.rewriteToken}`, { headers });
  const generations = new Set<string>();
  for (let round = 0; round < 10; round += 1) {
    for (const { status, text, json } of await Promise.all([call(), call(), call()])) {
      assert.ok(status === 200 || status === 503, text);
      if (status === 200 && json.done) generations.add(json.resource.generation);
    }
  }
  assert.equal(generations.size, 1);
  assert.ok((await gcs.media(bucket, 'target', other.headers)).bytes.equals(content));
});

test('a source that is replaced while it is rewritten ends the rewrite', async () => {
  const bucket = await gcs.bucket();
  const [key, other] = [new TestKey(), new TestKey()];
  await put(bucket, 'source', patterned(2 * MIB), key);
  const headers = { ...key.sourceHeaders, ...other.headers };
  const path = `${copyPath(bucket, 'source', 'target', 'rewriteTo')}?maxBytesRewrittenPerCall=${MIB}`;
  const begun = await gcs.call('POST', path, { headers });
  await put(bucket, 'source', patterned(2 * MIB, 9), key);
  const next = await gcs.call('POST', `${path}&rewriteToken=${begun.json.rewriteToken}`, { headers });
  assert.equal(next.status, 404, next.text);
  assert.equal((await gcs.get(bucket, 'target')).status, 404);
});

test('across locations and projects bytes are rewritten, within them they are shared', async () => {
  const [here, there] = [await gcs.bucket(), await gcs.bucket({ location: 'EU' })];
  await put(here, 'source', patterned(2 * MIB));
  const query = `?maxBytesRewrittenPerCall=${MIB}`;
  const near = await gcs.call('POST', copyPath(here, 'source', 'near', 'rewriteTo') + query);
  assert.equal(near.json.done, true);
  const path = `${objectPath(here, 'source')}/rewriteTo/b/${there}/o/far`;
  const far = await gcs.call('POST', path + query);
  assert.deepEqual([far.json.done, far.json.totalBytesRewritten], [false, String(MIB)]);
  const rest = await gcs.call('POST', `${path}?rewriteToken=${far.json.rewriteToken}`);
  assert.equal(rest.json.done, true);
  assert.ok((await gcs.media(there, 'far')).bytes.equals(patterned(2 * MIB)));
});

test('names of Cloud KMS keys: checked, kept and told; the bucket has a default; never beside a key', async () => {
  const bucket = await gcs.bucket({ encryption: { defaultKmsKeyName: KMS } });
  const own = KMS.replace('key-1', 'key-2');
  const key = new TestKey();
  assert.equal((await put(bucket, 'default', patterned(5))).json.kmsKeyName, KMS);
  assert.equal((await gcs.put(bucket, 'own', 'x', `&kmsKeyName=${own}`)).kmsKeyName, own);
  assert.equal((await put(bucket, 'customer', patterned(5), key)).json.kmsKeyName, undefined);
  const session = await gcs.startUpload(bucket, 'resumable', { resource: { kmsKeyName: own } });
  assert.equal((await gcs.chunk(session, 'bytes 0-2/3', 'abc')).json.kmsKeyName, own);
  const copied = await gcs.call('POST', `${copyPath(bucket, 'own', 'a', 'copyTo')}?destinationKmsKeyName=${own}`);
  assert.equal(copied.json.kmsKeyName, own);
  assert.equal((await gcs.call('POST', copyPath(bucket, 'own', 'b', 'copyTo'))).json.kmsKeyName, KMS);
  assert.equal((await gcs.get(bucket, 'own')).json.kmsKeyName, own);
  assert.ok((await gcs.get(bucket, 'own')).json.crc32c !== undefined);
  for (const name of ['k', 'projects/p/locations/us/keyRings/r', `${KMS}/cryptoKeyVersions/1`, `${KMS}?`]) {
    const answer = await gcs.tryPut(bucket, 'x', 'x', `&kmsKeyName=${encodeURIComponent(name)}`);
    assert.equal(answer.status, 400, name);
    const made = await gcs.call('PATCH', `/storage/v1/b/${bucket}`, {
      body: { encryption: { defaultKmsKeyName: name } },
    });
    assert.equal(made.status, 400, name);
  }
  const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=x&kmsKeyName=${KMS}`;
  assert.equal((await gcs.call('POST', path, { headers: key.headers, body: 'x' })).status, 400);
  assert.equal((await gcs.get(bucket, 'x')).status, 404);
});

test('an encrypted gzip object is unpacked for who asks, like any other', async () => {
  const bucket = await gcs.bucket();
  const key = new TestKey();
  const packed = gzipSync(patterned(100_000));
  const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=z&contentEncoding=gzip`;
  assert.equal((await gcs.call('POST', path, { body: packed, headers: key.headers })).status, 200);
  const plain = await gcs.media(bucket, 'z', key.headers);
  assert.ok(plain.bytes.equals(patterned(100_000)));
  assert.deepEqual([plain.headers['content-length'], plain.headers['content-encoding']], [undefined, undefined]);
  assert.ok((await gcs.media(bucket, 'z', { ...key.headers, 'Accept-Encoding': 'gzip' })).bytes.equals(packed));
  assert.equal((await gcs.media(bucket, 'z')).status, 400);
});

test('no key is ever logged, nor any session that could give one away', async () => {
  const lines: string[] = [];
  const gateway = await startMemoryGateway({ logger: jsonLogger(systemClock, 'debug', (line) => lines.push(line)) });
  const own = new Gcs();
  own.connect(gateway.url);
  try {
    const bucket = await own.bucket();
    const [key, other] = [new TestKey(), new TestKey()];
    const session = await own.startUpload(bucket, 'x', { headers: key.headers });
    await own.chunk(session, 'bytes 0-2/3', 'abc', other.headers);
    const begun = await own.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=resumable&name=y`, {
      headers: key.headers,
    });
    assert.equal(String(begun.headers['x-guploader-uploadid']).length, 64, 'clients log this header');
    await own.chunk(session, 'bytes 0-2/3', 'abc');
    await own.media(bucket, 'x', other.headers);
    await own.media(bucket, 'x', key.headers);
    await own.media(bucket, 'x', { ...key.headers, 'x-goog-encryption-key-sha256': 'a' });
    await own.call('DELETE', session.replace(/.$/, 'g'));
    const secrets = [key, other].flatMap(({ bytes, base64 }) => [bytes.toString('hex'), base64]);
    secrets.push(new URLSearchParams(session.split('?')[1]).get('upload_id')?.slice(64) ?? '');
    const all = lines.join('\n');
    assert.ok(lines.length > 0, 'requests are logged');
    for (const secret of secrets) assert.ok(secret.length > 0 && !all.includes(secret));
  } finally {
    await gateway.close();
  }
});

test('a move with a malformed key is refused, and moves nothing', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'from', 'x');
  const headers = { 'X-Goog-Encryption-Key': Buffer.alloc(32, 1).toString('base64') };
  const refused = await gcs.call('POST', `/storage/v1/b/${bucket}/o/from/moveTo/o/to`, { headers });
  assert.equal(refused.status, 400, refused.text);
  assert.equal((await gcs.call('GET', `/storage/v1/b/${bucket}/o/from`)).status, 200);
  assert.equal((await gcs.call('GET', `/storage/v1/b/${bucket}/o/to`)).status, 404);
});
