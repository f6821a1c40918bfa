import assert from 'node:assert/strict';
import { apiTest } from '../support/api-test.ts';
import { objectPath } from '../support/gcs.ts';

for (const [method, verb] of [
  ['objects.copy', 'copyTo'],
  ['objects.rewrite', 'rewriteTo'],
] as const) {
  apiTest(
    { method, parameters: ['sourceBucket', 'sourceObject', 'destinationBucket', 'destinationObject'] },
    `${verb} makes a second object of the same bytes`,
    async (gateway) => {
      const [from, to] = [await gateway.bucket(), await gateway.bucket()];
      await gateway.put(from, 'x', 'text');
      const answer = await gateway.call('POST', `${objectPath(from, 'x')}/${verb}/b/${to}/o/y`);
      assert.equal(answer.status, 200, answer.text);
      assert.equal((await gateway.media(to, 'y')).text, 'text');
      assert.equal((await gateway.get(from, 'x')).status, 200);
    },
  );
}

apiTest(
  { method: 'objects.move', parameters: ['bucket', 'sourceObject', 'destinationObject'] },
  'gives an object another name',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'x', 'text');
    const answer = await gateway.call('POST', `${objectPath(bucket, 'x')}/moveTo/o/y`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await gateway.media(bucket, 'y')).text, 'text');
    assert.equal((await gateway.get(bucket, 'x')).status, 404);
  },
);

apiTest(
  {
    method: 'objects.compose',
    parameters: ['destinationBucket', 'destinationObject'],
    fields: ['sourceObjects.name', 'destination.contentType'],
  },
  'joins objects',
  async (gateway) => {
    const bucket = await gateway.bucket();
    for (const name of ['a', 'b']) await gateway.put(bucket, name);
    const body = { sourceObjects: [{ name: 'a' }, { name: 'b' }], destination: { contentType: 'text/html' } };
    const { json } = await gateway.call('POST', `${objectPath(bucket, 'ab')}/compose`, { body });
    assert.deepEqual([json.contentType, json.componentCount], ['text/html', 2]);
    assert.equal((await gateway.media(bucket, 'ab')).text, 'ab');
  },
);
