import assert from 'node:assert/strict';
import { apiTest } from '../support/api-test.ts';

apiTest(
  { method: 'objects.insert', parameters: ['bucket', 'name'], globals: ['uploadType'] },
  'makes an object of a request of plain bytes',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const made = await gateway.put(bucket, 'a/b', 'text');
    assert.deepEqual([made.bucket, made.name, made.size], [bucket, 'a/b', '4']);
    assert.equal((await gateway.media(bucket, 'a/b')).text, 'text');
  },
);
