/** What the lifecycle rules of a bucket do to its objects: each condition and action by its effect. */
import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';

const DAY = 86_400_000;
const remove = { type: 'Delete' };
const toNearline = { type: 'SetStorageClass', storageClass: 'NEARLINE' };

const condition = (...names: readonly string[]) => names.map((name) => `lifecycle.rule.condition.${name}`);
const ACTION = ['lifecycle.rule.action.type', 'lifecycle.rule.action.storageClass'];

/** Sets rules in each way there is, one bucket each. */
const WAYS = [
  { method: 'buckets.insert', verb: 'POST' },
  { method: 'buckets.patch', verb: 'PATCH' },
  { method: 'buckets.update', verb: 'PUT' },
] as const;
type Way = (typeof WAYS)[number];

async function bucketWith(gateway: ApiGateway, { verb }: Way, rule: readonly object[], more: object = {}) {
  const settings = { ...more, lifecycle: { rule } };
  if (verb === 'POST') return gateway.bucket(settings);
  const bucket = await gateway.bucket();
  const answer = await gateway.call(verb, `/storage/v1/b/${bucket}`, { body: settings });
  assert.equal(answer.status, 200, answer.text);
  return bucket;
}

async function names(gateway: ApiGateway, bucket: string, query = ''): Promise<string> {
  const { items = [] } = (await gateway.list(bucket, query)).json as unknown as { items?: { name: string }[] };
  return items.map(({ name }) => name).join();
}

const classOf = async (gateway: ApiGateway, bucket: string, name: string) =>
  (await gateway.get(bucket, name)).json['storageClass'];

const today = (gateway: ApiGateway, days = 0) =>
  new Date(gateway.clock.nowMs() + days * DAY).toISOString().slice(0, 10);

for (const way of WAYS) {
  const { method, verb } = way;

  apiTest(
    { method, fields: [...ACTION, ...condition('age', 'matchesPrefix', 'matchesSuffix')] },
    `${verb} by age and name`,
    async (gateway) => {
      const bucket = await bucketWith(gateway, way, [
        { action: remove, condition: { age: 3, matchesPrefix: ['tmp/'], matchesSuffix: ['.x', '.y'] } },
        { action: toNearline, condition: { age: 1, matchesPrefix: ['tmp/'] } },
      ]);
      for (const name of ['tmp/a.x', 'tmp/b', 'c.x']) await gateway.put(bucket, name);
      await gateway.clock.advance(DAY);
      await gateway.runChores();
      assert.equal(await names(gateway, bucket), 'c.x,tmp/a.x,tmp/b');
      assert.equal(await classOf(gateway, bucket, 'tmp/a.x'), 'NEARLINE');
      assert.equal(await classOf(gateway, bucket, 'c.x'), 'STANDARD');
      await gateway.clock.advance(2 * DAY);
      await gateway.runChores();
      assert.equal(await names(gateway, bucket), 'c.x,tmp/b');
    },
  );

  apiTest(
    { method, fields: condition('createdBefore', 'customTimeBefore', 'daysSinceCustomTime') },
    `${verb} by dates and custom times`,
    async (gateway) => {
      const bucket = await bucketWith(gateway, way, [
        { action: remove, condition: { matchesPrefix: ['old'], createdBefore: today(gateway, 1) } },
        { action: remove, condition: { matchesPrefix: ['custom'], customTimeBefore: '2001-01-01' } },
        { action: remove, condition: { matchesPrefix: ['since'], daysSinceCustomTime: 3 } },
      ]);
      const customTime = new Date(gateway.clock.nowMs()).toISOString();
      await gateway.put(bucket, 'old');
      await gateway.insert(bucket, { name: 'custom-a', customTime: '2000-12-31T23:59:59Z' });
      await gateway.insert(bucket, { name: 'custom-b', customTime: '2001-01-01T00:00:00Z' });
      await gateway.insert(bucket, { name: 'since-a', customTime });
      await gateway.put(bucket, 'since-b');
      await gateway.runChores();
      assert.equal(await names(gateway, bucket), 'custom-b,since-a,since-b');
      await gateway.clock.advance(3 * DAY);
      await gateway.put(bucket, 'old-but-young');
      await gateway.runChores();
      assert.equal(await names(gateway, bucket), 'custom-b,old-but-young,since-b');
    },
  );

  apiTest(
    { method, fields: condition('isLive', 'numNewerVersions', 'daysSinceNoncurrentTime', 'noncurrentTimeBefore') },
    `${verb} by versions`,
    async (gateway) => {
      const versioning = { enabled: true };
      const bucket = await bucketWith(
        gateway,
        way,
        [
          { action: remove, condition: { isLive: true, matchesPrefix: ['live'] } },
          { action: remove, condition: { numNewerVersions: 2, matchesPrefix: ['many'] } },
          { action: remove, condition: { daysSinceNoncurrentTime: 2, matchesPrefix: ['since'] } },
          { action: remove, condition: { noncurrentTimeBefore: today(gateway, 1), matchesPrefix: ['before'] } },
        ],
        { versioning },
      );
      for (const name of ['live', 'many', 'many', 'many', 'since', 'since', 'before', 'before']) {
        await gateway.put(bucket, name);
      }
      await gateway.runChores();
      await gateway.runChores();
      assert.equal(await names(gateway, bucket), 'before,many,since');
      assert.equal(await names(gateway, bucket, '?versions=true'), 'before,live,many,many,since,since');
      await gateway.clock.advance(2 * DAY);
      await gateway.put(bucket, 'before');
      await gateway.runChores();
      assert.equal(await names(gateway, bucket, '?versions=true'), 'before,before,live,many,many,since');
    },
  );

  apiTest(
    { method, fields: condition('matchesStorageClass', 'matchesPattern', 'sizeAboveBytes', 'sizeBelowBytes') },
    `${verb} by class, expression and size`,
    async (gateway) => {
      const bucket = await bucketWith(gateway, way, [
        { action: remove, condition: { age: 0, matchesStorageClass: ['NEARLINE'] } },
        { action: remove, condition: { age: 0, matchesPattern: 'p[0-9]+' } },
        { action: remove, condition: { age: 0, sizeAboveBytes: '5', matchesPrefix: ['s'] } },
        { action: remove, condition: { age: 0, sizeBelowBytes: '3', matchesPrefix: ['s'] } },
      ]);
      for (const name of ['p1', 'p1x', 'plain']) await gateway.put(bucket, name);
      await gateway.insert(bucket, { name: 'near', storageClass: 'NEARLINE' });
      for (const size of [2, 3, 5, 6]) await gateway.put(bucket, `s${size}`, 'x'.repeat(size));
      await gateway.runChores();
      assert.equal(await names(gateway, bucket), 'p1x,plain,s3,s5');
    },
  );

  apiTest(
    { method, fields: [...ACTION, ...condition('age')] },
    `${verb} ends uploads that nobody goes on with`,
    async (gateway) => {
      const action = { type: 'AbortIncompleteMultipartUpload' };
      const bucket = await bucketWith(gateway, way, [
        { action, condition: { age: 1, matchesPrefix: ['tmp/'] } },
        { action: toNearline, condition: { age: 2 } },
      ]);
      const [one, other] = [await gateway.startUpload(bucket, 'tmp/a'), await gateway.startUpload(bucket, 'b')];
      await gateway.put(bucket, 'tmp/c');
      const status = async (session: string) =>
        (await gateway.call('PUT', session, { headers: { 'Content-Range': 'bytes */*' } })).status;
      await gateway.clock.advance(DAY - 1);
      await gateway.runChores();
      assert.deepEqual([await status(one), await status(other)], [308, 308]);
      await gateway.clock.advance(1);
      await gateway.runChores();
      assert.deepEqual([await status(one), await status(other)], [404, 308]);
      assert.equal(await classOf(gateway, bucket, 'tmp/c'), 'STANDARD');
      await gateway.clock.advance(DAY);
      await gateway.runChores();
      assert.equal(await classOf(gateway, bucket, 'tmp/c'), 'NEARLINE');
    },
  );
}
