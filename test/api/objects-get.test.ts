import assert from 'node:assert/strict';
import { apiTest } from '../support/api-test.ts';

apiTest(
  { method: 'objects.get', parameters: ['bucket', 'object'] },
  'tells one object of one bucket',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'a/b', 'text');
    const { status, json } = await gateway.get(bucket, 'a/b');
    assert.deepEqual([status, json.bucket, json.name, json.size], [200, bucket, 'a/b', '4']);
    assert.equal((await gateway.get(bucket, 'a')).status, 404);
  },
);

apiTest(
  { method: 'objects.get', parameters: ['generation'] },
  'tells a generation that is gone from one that is there',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const { generation: first } = await gateway.put(bucket, 'x', '1');
    const { generation: second } = await gateway.put(bucket, 'x', '2');
    assert.equal((await gateway.get(bucket, 'x', `?generation=${second}`)).json.generation, second);
    assert.equal((await gateway.get(bucket, 'x', `?generation=${first}`)).status, 404);
  },
);

apiTest(
  {
    method: 'objects.get',
    parameters: ['ifGenerationMatch', 'ifGenerationNotMatch', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
  },
  'judges preconditions: 412 for a match, 304 for its opposite',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const { generation, metageneration } = await gateway.put(bucket, 'x');
    const status = async (query: string) => (await gateway.get(bucket, 'x', `?${query}`)).status;
    for (const [condition, value] of [
      ['Generation', generation],
      ['Metageneration', metageneration],
    ] as const) {
      assert.equal(await status(`if${condition}Match=${value}`), 200);
      assert.equal(await status(`if${condition}Match=7`), 412);
      assert.equal(await status(`if${condition}NotMatch=${value}`), 304);
      assert.equal(await status(`if${condition}NotMatch=7`), 200);
    }
  },
);

apiTest({ method: 'objects.get', headers: ['if-match', 'if-none-match'] }, 'judges entity tags', async (gateway) => {
  const bucket = await gateway.bucket();
  const { etag } = await gateway.put(bucket, 'x');
  const status = async (headers: Record<string, string>) => (await gateway.get(bucket, 'x', '', headers)).status;
  assert.equal(await status({ 'If-Match': etag }), 200);
  assert.equal(await status({ 'If-Match': '"other"' }), 412);
  assert.equal(await status({ 'If-None-Match': etag }), 304);
  assert.equal(await status({ 'If-None-Match': '"other"' }), 200);
});

apiTest({ method: 'objects.get', globals: ['alt'] }, 'sends the bytes for alt=media', async (gateway) => {
  const bucket = await gateway.bucket();
  await gateway.put(bucket, 'x', 'bytes');
  assert.equal((await gateway.media(bucket, 'x')).text, 'bytes');
});

apiTest(
  { method: 'objects.get', parameters: ['projection'] },
  'tells access lists only when asked for all',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.insert(bucket, { name: 'x', acl: [{ entity: 'allUsers', role: 'READER' }] });
    assert.equal((await gateway.get(bucket, 'x')).json.acl, undefined);
    assert.notEqual((await gateway.get(bucket, 'x', '?projection=full')).json.acl, undefined);
  },
);

apiTest({ method: 'objects.get', headers: ['range', 'if-range'] }, 'sends a range of the bytes', async (gateway) => {
  const bucket = await gateway.bucket();
  const { etag } = await gateway.put(bucket, 'x', 'abcdef');
  const part = await gateway.media(bucket, 'x', { Range: 'bytes=1-3' });
  assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, 'bcd', 'bytes 1-3/6']);
  assert.equal((await gateway.media(bucket, 'x', { Range: 'bytes=1-3', 'If-Range': etag })).status, 206);
  assert.equal((await gateway.media(bucket, 'x', { Range: 'bytes=1-3', 'If-Range': '"other"' })).text, 'abcdef');
});
