/** `--as-gcs`: the stand-in cloud has the manners of GCS, and clients that do as GCS asks get along with it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Gcs, objectPath } from '../support/gcs.ts';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts';

const gcs = new Gcs();
let gateway: MemoryGateway | undefined;

before(async () => {
  gateway = await startMemoryGateway({ manners: { profile: 'plain', generationKey: Buffer.from('a key') } });
  gcs.connect(gateway.url);
});
after(() => gateway?.close());

test('generations are in no order, and every one that is told works', async () => {
  const bucket = await gcs.bucket();
  const told: bigint[] = [];
  for (let index = 0; index < 20; index += 1) {
    const { generation, etag } = await gcs.put(bucket, `n${index}`, 'x', '&ifGenerationMatch=0');
    told.push(BigInt(generation));
    const path = `?alt=media&generation=${generation}&ifGenerationMatch=${generation}`;
    const media = await gcs.get(bucket, `n${index}`, path, { 'If-Match': etag });
    assert.equal(media.status, 200);
    assert.equal(media.headers['x-goog-generation'], generation);
  }
  assert.equal(new Set(told).size, 20);
  assert.notDeepEqual(
    told,
    told.toSorted((one, other) => (one < other ? -1 : 1)),
  );
  const listed = (await gcs.list(bucket)).json.items.map((item) => BigInt(item.generation));
  assert.deepEqual(new Set(listed), new Set(told));
});

test('a wrong generation is wrong, 0 is no live version', async () => {
  const bucket = await gcs.bucket();
  const { generation } = await gcs.put(bucket, 'x');
  assert.equal((await gcs.get(bucket, 'x', `?generation=${BigInt(generation) + 1n}`)).status, 404);
  assert.equal((await gcs.get(bucket, 'x', '?ifGenerationMatch=0')).status, 412);
  assert.equal((await gcs.get(bucket, 'x', `?ifGenerationNotMatch=${generation}`)).status, 304);
});

test('a name takes one mutation a second, other names are not held up', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'x', 'one');
  const refused = await gcs.tryPut(bucket, 'x', 'two');
  assert.deepEqual([refused.status, refused.json.error.errors[0]?.reason], [429, 'rateLimitExceeded']);
  assert.equal(refused.headers['retry-after'], '1');
  for (const answer of [
    await gcs.call('PATCH', objectPath(bucket, 'x'), { body: {} }),
    await gcs.call('DELETE', objectPath(bucket, 'x')),
    await gcs.call('POST', `${objectPath(bucket, 'x')}/moveTo/o/y`),
    await gcs.call('POST', `${objectPath(bucket, 'x')}/rewriteTo/b/${bucket}/o/x`),
    await gcs.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=resumable&name=x`, { body: {} }),
  ]) {
    assert.equal(answer.status, 429);
  }
  await gcs.put(bucket, 'y');
  await new Promise((resolve) => setTimeout(resolve, 1_020));
  await gcs.put(bucket, 'x', 'three');
});

test('a mutation that was refused does not count', async () => {
  const bucket = await gcs.bucket();
  assert.equal((await gcs.tryPut(bucket, 'x', 'a', '&ifGenerationMatch=5')).status, 412);
  await gcs.put(bucket, 'x', 'b');
});

test('the rough profile refuses some calls with 429 and 503, and takes its time', async () => {
  const rough = await startMemoryGateway({ manners: { profile: 'rough', generationKey: Buffer.from('k') } });
  const client = new Gcs();
  client.connect(rough.url);
  const started = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 600 }, () => client.call('GET', '/storage/v1/b?project=test')),
  );
  const elapsed = performance.now() - started;
  const statuses = new Set(answers.map((answer) => answer.status));
  assert.deepEqual(statuses, new Set([200, 429, 503]));
  assert.ok(elapsed > 20, `${elapsed} ms`);
  const refused = answers.filter((answer) => answer.status !== 200);
  assert.ok(refused.every((answer) => answer.headers['retry-after'] !== undefined));
  assert.equal((await client.call('GET', '/readyz')).status, 200);
  await rough.close();
});
