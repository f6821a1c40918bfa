import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';

const RESOURCE = { id: 'channel-1', type: 'web_hook', address: 'https://app.example/hook' };

const watch = (gateway: ApiGateway, bucket: string, resource: Record<string, unknown> = RESOURCE, query = '') =>
  gateway.call('POST', `/storage/v1/b/${bucket}/o/watch${query}`, { body: resource });

const stop = (gateway: ApiGateway, resource: Record<string, unknown>) =>
  gateway.call('POST', '/storage/v1/channels/stop', { body: resource });

apiTest(
  {
    method: 'objects.watchAll',
    parameters: ['bucket'],
    fields: ['id', 'type', 'address', 'token', 'expiration', 'payload', 'params'],
  },
  'makes a channel and shows it whole',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(), await gateway.bucket()];
    const wanted = {
      ...RESOURCE,
      token: 'mine',
      expiration: String(gateway.clock.nowMs() + 60_000),
      payload: false,
      params: { a: 'b' },
    };
    const made = await watch(gateway, bucket, wanted, '?prefix=a&versions=true');
    assert.equal(made.status, 200, made.text);
    const { resourceId, resourceUri, ...shown } = JSON.parse(made.text);
    assert.deepEqual(shown, { ...wanted, kind: 'api#channel' });
    assert.equal(resourceUri, `${gateway.base}/storage/v1/b/${bucket}/o?alt=json`);
    const elsewhere = JSON.parse((await watch(gateway, other)).text);
    assert.notEqual(elsewhere.resourceId, resourceId);
    assert.equal(elsewhere.token, undefined);
  },
);

apiTest({ method: 'objects.watchAll' }, 'refuses what could not be called or told apart', async (gateway) => {
  const bucket = await gateway.bucket();
  const refused: readonly (readonly [Record<string, unknown>, string, string])[] = [
    [{ ...RESOURCE, id: '' }, 'id', 'required'],
    [{ ...RESOURCE, id: 'a b' }, 'id', 'invalid'],
    [{ ...RESOURCE, id: 'x'.repeat(65) }, 'id', 'invalid'],
    [{ ...RESOURCE, type: undefined }, 'type', 'required'],
    [{ ...RESOURCE, type: 'webhook' }, 'type', 'invalid'],
    [{ ...RESOURCE, address: undefined }, 'address', 'required'],
    [{ ...RESOURCE, address: 'app.example' }, 'address', 'invalid'],
    [{ ...RESOURCE, address: 'http://app.example/hook' }, 'address', 'push.webhookUrlNotHttps'],
    [{ ...RESOURCE, address: 'https://169.254.169.254/computeMetadata/v1/' }, 'address', 'invalid'],
    [{ ...RESOURCE, address: 'https://127.0.0.1/' }, 'address', 'invalid'],
    [{ ...RESOURCE, token: 'two\r\nlines' }, 'token', 'invalid'],
    [{ ...RESOURCE, token: 'x'.repeat(257) }, 'token', 'invalid'],
    [{ ...RESOURCE, expiration: String(gateway.clock.nowMs()) }, 'expiration', 'invalid'],
    [{ ...RESOURCE, expiration: '9000000000000000' }, 'expiration', 'invalid'],
    [{ ...RESOURCE, params: { a: 'x'.repeat(9_000) } }, 'params', 'invalid'],
  ];
  for (const [resource, field, reason] of refused) {
    const answer = await watch(gateway, bucket, resource);
    assert.equal(answer.status, 400, JSON.stringify(resource));
    const [error] = answer.json.error.errors;
    assert.deepEqual([error?.location, error?.reason], [field, reason], answer.text);
  }
  assert.equal((await watch(gateway, 'no-such-bucket')).status, 404);
  assert.equal((await watch(gateway, bucket)).status, 200);
  const again = await watch(gateway, bucket);
  assert.deepEqual([again.status, again.json.error.errors[0]?.reason], [400, 'channelIdNotUnique']);
});

apiTest({ method: 'objects.watchAll' }, 'leaves an object of the name watch alone', async (gateway) => {
  const bucket = await gateway.bucket();
  await gateway.put(bucket, 'watch', 'bytes');
  await watch(gateway, bucket);
  assert.equal((await gateway.call('GET', `/storage/v1/b/${bucket}/o/watch?alt=media`)).text, 'bytes');
  assert.equal((await gateway.call('DELETE', `/storage/v1/b/${bucket}/o/watch`)).status, 204);
});

apiTest(
  { method: 'channels.stop', fields: ['id', 'resourceId'] },
  'stops one of several, by its id and resource together',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(), await gateway.bucket()];
    const { resourceId } = JSON.parse((await watch(gateway, bucket)).text);
    await watch(gateway, bucket, { ...RESOURCE, id: 'channel-2' });
    const { resourceId: elsewhere } = JSON.parse((await watch(gateway, other)).text);
    assert.equal((await stop(gateway, { id: 'channel-3', resourceId })).status, 404);
    assert.equal((await stop(gateway, { id: 'channel-2', resourceId: elsewhere })).status, 404);
    assert.equal((await stop(gateway, { id: 'channel-1', resourceId: 'x' })).json.error.errors[0]?.reason, 'notFound');
    assert.equal((await stop(gateway, { id: 'channel-1' })).json.error.errors[0]?.reason, 'required');
    assert.equal((await stop(gateway, { resourceId })).json.error.errors[0]?.reason, 'required');
    assert.equal((await stop(gateway, { id: 'channel-1', resourceId })).status, 204);
    assert.equal((await stop(gateway, { id: 'channel-1', resourceId })).status, 404);
    assert.equal((await stop(gateway, { id: 'channel-2', resourceId })).status, 204);
    assert.equal((await stop(gateway, { id: 'channel-1', resourceId: elsewhere })).status, 204);
  },
);
