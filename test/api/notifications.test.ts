import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';

const TOPIC = '//pubsub.googleapis.com/projects/p/topics/changes';
const RESOURCE = { topic: TOPIC, payload_format: 'JSON_API_V1' };

const pathOf = (bucket: string, id = '') => `/storage/v1/b/${bucket}/notificationConfigs${id === '' ? '' : `/${id}`}`;

const insert = (gateway: ApiGateway, bucket: string, resource: Record<string, unknown> = RESOURCE) =>
  gateway.call('POST', pathOf(bucket), { body: resource });

const idsOf = async (gateway: ApiGateway, bucket: string) =>
  ((await gateway.call('GET', pathOf(bucket))).json.items ?? []).map(({ id }) => id);

apiTest(
  {
    method: 'notifications.insert',
    parameters: ['bucket'],
    fields: ['topic', 'payload_format', 'event_types', 'object_name_prefix', 'custom_attributes'],
  },
  'makes a configuration and shows it whole',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(), await gateway.bucket()];
    const wanted = {
      topic: TOPIC,
      payload_format: 'NONE',
      event_types: ['OBJECT_FINALIZE', 'OBJECT_DELETE'],
      object_name_prefix: 'in/',
      custom_attributes: { team: 'lake' },
    };
    const made = await insert(gateway, bucket, wanted);
    assert.equal(made.status, 200, made.text);
    const { selfLink, ...shown } = JSON.parse(made.text);
    assert.ok(selfLink.endsWith(pathOf(bucket, '1')), selfLink);
    assert.deepEqual(shown, {
      ...wanted,
      kind: 'storage#notification',
      id: '1',
      etag: '1',
    });
    assert.deepEqual(await idsOf(gateway, bucket), ['1']);
    assert.deepEqual(await idsOf(gateway, other), []);
  },
);

apiTest({ method: 'notifications.insert' }, 'refuses what Pub/Sub could not take', async (gateway) => {
  const bucket = await gateway.bucket();
  const refused: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ payload_format: 'NONE' }, 'topic'],
    [{ topic: TOPIC }, 'payload_format'],
    [{ ...RESOURCE, topic: 'changes' }, 'topic'],
    [{ ...RESOURCE, payload_format: 'XML' }, 'payload_format'],
    [{ ...RESOURCE, event_types: ['OBJECT_READ'] }, 'event_types'],
    [{ ...RESOURCE, custom_attributes: { '': 'x' } }, 'custom_attributes'],
    [{ ...RESOURCE, custom_attributes: { a: 'x'.repeat(1_025) } }, 'custom_attributes'],
    [
      { ...RESOURCE, custom_attributes: Object.fromEntries([...'abcdef'].map((key) => [key, 'x'])) },
      'custom_attributes',
    ],
    [{ ...RESOURCE, object_name_prefix: 'x'.repeat(1_025) }, 'object_name_prefix'],
  ];
  for (const [resource, field] of refused) {
    const answer = await insert(gateway, bucket, resource);
    assert.equal(answer.status, 400, JSON.stringify(resource));
    assert.equal(answer.json.error.errors[0]?.location, field, answer.text);
  }
  assert.equal((await insert(gateway, 'no-such-bucket')).status, 404);
  assert.deepEqual(await idsOf(gateway, bucket), []);
});

apiTest(
  [
    { method: 'notifications.get', parameters: ['bucket', 'notification'] },
    { method: 'notifications.delete', parameters: ['bucket', 'notification'] },
    { method: 'notifications.list', parameters: ['bucket'] },
  ],
  'finds, lists and deletes one of several',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(), await gateway.bucket()];
    for (const topic of ['one', 'two', 'three'].map((name) => TOPIC.replace('changes', name))) {
      await insert(gateway, bucket, { ...RESOURCE, topic });
    }
    await insert(gateway, other, { ...RESOURCE, topic: TOPIC.replace('changes', 'elsewhere') });
    const found = await gateway.call('GET', pathOf(bucket, '2'));
    assert.match(found.text, /topics\/two/);
    assert.equal((await gateway.call('GET', pathOf(other, '2'))).status, 404);
    assert.equal((await gateway.call('DELETE', pathOf(bucket, '2'))).status, 204);
    assert.deepEqual(await idsOf(gateway, bucket), ['1', '3']);
    assert.deepEqual(await idsOf(gateway, other), ['1']);
    assert.equal((await gateway.call('GET', pathOf(bucket, '2'))).status, 404);
    assert.equal((await gateway.call('DELETE', pathOf(bucket, 'x'))).status, 404);
  },
);
