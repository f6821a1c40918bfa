/** A call that is sent again with its token is not carried out again. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type ApiGateway, apiTest } from '../support/api-test.ts';

const TOKEN = 'x-goog-gcs-idempotency-token';

const put = (gateway: ApiGateway, bucket: string, token: string, { query = '', body = 'bytes' } = {}) =>
  gateway.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=a${query}`, {
    headers: { [TOKEN]: token },
    body,
  });

apiTest(
  { method: 'objects.insert', headers: [TOKEN] },
  'an insert whose answer was lost is told again, though its precondition no longer holds',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const query = '&ifGenerationMatch=0';
    const first = await put(gateway, bucket, 'one', { query });
    assert.equal(first.status, 200, first.text);
    const again = await put(gateway, bucket, 'one', { query });
    assert.deepEqual([again.status, again.text], [200, first.text]);
    assert.equal((await put(gateway, bucket, 'two', { query })).status, 412);
    assert.equal((await put(gateway, bucket, 'two', { query })).status, 412);
    const other = await put(gateway, bucket, 'one', { query, body: 'other' });
    assert.deepEqual([other.status, other.json.error.errors[0]?.location], [400, TOKEN], other.text);
    const parts = (content: string, boundary = 'x') =>
      gateway.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=multipart`, {
        headers: { [TOKEN]: 'three', 'Content-Type': `multipart/related; boundary="${boundary}"` },
        body: `--${boundary}\r\n\r\n{"name":"b"}\r\n--${boundary}\r\n\r\n${content}\r\n--${boundary}--`,
      });
    const [made, same, differs] = [await parts('1'), await parts('1'), await parts('2')];
    assert.deepEqual([made.status, same.text, differs.status], [200, made.text, 400]);
    // Clients choose a boundary for each try.
    const [another, neither] = [await parts('1', 'another boundary'), await parts('2', 'another')];
    assert.deepEqual([another.text, neither.status], [made.text, 400]);
    await gateway.clock.advance(10 * 60_000);
    assert.equal((await put(gateway, bucket, 'one', { query })).status, 412);
  },
);

apiTest(
  { method: 'objects.insert', headers: [TOKEN] },
  'two tries at once are one insert; a failed one is tried again',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const tries = await Promise.all(Array.from({ length: 5 }, () => put(gateway, bucket, 'one')));
    assert.equal(new Set(tries.map(({ json }) => json.generation)).size, 1);
    const query = `&ifGenerationMatch=${tries[0]?.json.generation}1`;
    assert.equal((await put(gateway, bucket, 'two', { query })).status, 412);
    assert.notEqual((await put(gateway, bucket, 'two')).json.generation, tries[0]?.json.generation);
  },
);

apiTest(
  { method: 'objects.insert', headers: [TOKEN] },
  'a call with another key of a customer is another call',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const keyed = (byte: number) => {
      const key = Buffer.alloc(32, byte);
      return {
        'X-Goog-Encryption-Algorithm': 'AES256',
        'X-Goog-Encryption-Key': key.toString('base64'),
        'X-Goog-Encryption-Key-Sha256': createHash('sha256').update(key).digest('base64'),
      };
    };
    const putKeyed = async (headers: object) => {
      const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=a`;
      const { json } = await gateway.call('POST', path, { headers: { [TOKEN]: 'one', ...headers }, body: 'bytes' });
      return json;
    };
    const [first, again, other, plain] = [
      await putKeyed(keyed(1)),
      await putKeyed(keyed(1)),
      await putKeyed(keyed(2)),
      await putKeyed({}),
    ];
    assert.equal(again.generation, first.generation);
    assert.notEqual(other.customerEncryption.keySha256, first.customerEncryption.keySha256);
    assert.equal(plain.customerEncryption, undefined);
  },
);

apiTest(
  [
    { method: 'objects.delete', headers: [TOKEN] },
    { method: 'objects.patch', headers: [TOKEN] },
  ],
  'a deletion is told again, and a patch moves the metageneration once',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'a');
    const headers = { [TOKEN]: 'one' };
    const path = `/storage/v1/b/${bucket}/o/a`;
    const patch = (options: object) => gateway.call('PATCH', path, { body: { contentType: 'text/css' }, ...options });
    assert.equal((await patch({ headers })).json.metageneration, '2');
    assert.equal((await patch({ headers })).json.metageneration, '2');
    assert.equal((await patch({})).json.metageneration, '3');
    assert.equal((await gateway.call('DELETE', path, { headers })).status, 204);
    assert.equal((await gateway.call('DELETE', path, { headers })).status, 204);
    assert.equal((await gateway.call('DELETE', path)).status, 404);
    const copy = `${path}/copyTo/b/${bucket}/o/b`;
    assert.equal((await gateway.call('POST', copy, { headers, body: {} })).status, 404);
    await gateway.put(bucket, 'a');
    const copied = await gateway.call('POST', copy, { headers, body: {} });
    assert.equal(copied.status, 200);
    assert.equal((await gateway.call('POST', copy, { headers, body: {} })).text, copied.text);
  },
);

apiTest(
  { method: 'objects.insert', headers: [TOKEN] },
  'the start of an upload is told again, its parts are not',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const headers = { [TOKEN]: 'one' };
    const start = () =>
      gateway.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=resumable&name=a`, { headers, body: {} });
    const session = new URL(String((await start()).headers.location));
    assert.equal((await start()).headers.location, session.href);
    const send = (range: string, body: Uint8Array | string) =>
      gateway.call('PUT', `${session.pathname}${session.search}`, {
        headers: { ...headers, 'Content-Range': range },
        body,
      });
    const part = Buffer.alloc(256 * 1024);
    assert.equal((await send(`bytes 0-${part.length - 1}/*`, part)).status, 308);
    const total = part.length + 1;
    assert.equal((await send(`bytes ${part.length}-${part.length}/${total}`, 'x')).json.size, String(total));
  },
);

apiTest({ method: 'objects.get', headers: [] }, 'reads and calls of a batch have no part in it', async (gateway) => {
  const bucket = await gateway.bucket();
  await gateway.put(bucket, 'a');
  const headers = { [TOKEN]: 'one' };
  const path = `/storage/v1/b/${bucket}/o/a`;
  const first = await gateway.call('GET', path, { headers });
  await gateway.call('PATCH', path, { body: { contentType: 'text/css' } });
  assert.notEqual((await gateway.call('GET', path, { headers })).text, first.text);
  const call = `--x\r\nContent-Type: application/http\r\n\r\nPATCH ${path} HTTP/1.1\r\n\r\n{"contentType":"a/b"}\r\n`;
  const batch = await gateway.call('POST', '/batch/storage/v1', {
    headers: { ...headers, 'Content-Type': 'multipart/mixed; boundary=x' },
    body: `${call}${call}--x--`,
  });
  assert.deepEqual(batch.text.match(/"metageneration": "\d"/g)?.toSorted(), [
    '"metageneration": "3"',
    '"metageneration": "4"',
  ]);
});
