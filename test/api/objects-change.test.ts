import assert from 'node:assert/strict';
import { apiTest } from '../support/api-test.ts';
import { objectPath } from '../support/gcs.ts';

apiTest(
  { method: 'objects.patch', parameters: ['bucket', 'object'], fields: ['contentType', 'metadata'] },
  'changes what it names and keeps the generation',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const { generation } = await gateway.put(bucket, 'x');
    const body = { contentType: 'text/html', metadata: { a: '1' } };
    const { json } = await gateway.call('PATCH', objectPath(bucket, 'x'), { body });
    assert.deepEqual(
      [json.contentType, json.metadata, json.generation, json.metageneration],
      ['text/html', { a: '1' }, generation, '2'],
    );
  },
);

apiTest(
  { method: 'objects.update', parameters: ['bucket', 'object'], fields: ['metadata'] },
  'replaces what was set',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'x');
    const { json } = await gateway.call('PUT', objectPath(bucket, 'x'), { body: { metadata: { a: '1' } } });
    assert.deepEqual([json.metadata, json.contentType], [{ a: '1' }, undefined]);
  },
);

apiTest({ method: 'objects.delete', parameters: ['bucket', 'object'] }, 'deletes one object', async (gateway) => {
  const bucket = await gateway.bucket();
  await gateway.put(bucket, 'x');
  await gateway.put(bucket, 'y');
  assert.equal((await gateway.call('DELETE', objectPath(bucket, 'x'))).status, 204);
  assert.deepEqual([(await gateway.get(bucket, 'x')).status, (await gateway.get(bucket, 'y')).status], [404, 200]);
});
