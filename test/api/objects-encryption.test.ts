import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { apiTest } from '../support/api-test.ts';
import { TestKey } from '../support/customer-keys.ts';
import { objectPath } from '../support/gcs.ts';

const KEY_NAME = 'projects/p/locations/us/keyRings/r/cryptoKeys/k';
const OTHER_NAME = 'projects/p/locations/us/keyRings/r/cryptoKeys/other';
const MIB = 1024 * 1024;

apiTest(
  { method: 'objects.insert', parameters: ['kmsKeyName'], fields: ['kmsKeyName'] },
  'keeps the name of the key, the one of the parameter first',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const made = await gateway.insert(bucket, { name: 'x', kmsKeyName: KEY_NAME });
    assert.equal(made.json.kmsKeyName, KEY_NAME, made.text);
    const query = `&kmsKeyName=${OTHER_NAME}`;
    assert.equal(
      (await gateway.insert(bucket, { name: 'y', kmsKeyName: KEY_NAME }, '', query)).json.kmsKeyName,
      OTHER_NAME,
    );
  },
);

for (const [method, verb] of [
  ['objects.copy', 'copyTo'],
  ['objects.rewrite', 'rewriteTo'],
] as const) {
  apiTest(
    { method, parameters: ['destinationKmsKeyName'], fields: ['kmsKeyName'] },
    `${verb} keeps the name of the copy's key, the one of the parameter first`,
    async (gateway) => {
      const bucket = await gateway.bucket();
      await gateway.put(bucket, 'x');
      const path = `${objectPath(bucket, 'x')}/${verb}/b/${bucket}/o/y`;
      const keyName = async (query: string) => {
        const { json, text } = await gateway.call('POST', `${path}${query}`, { body: { kmsKeyName: KEY_NAME } });
        assert.equal((json.resource ?? json).name, 'y', text);
        return (json.resource ?? json).kmsKeyName;
      };
      assert.equal(await keyName(''), KEY_NAME);
      assert.equal(await keyName(`?destinationKmsKeyName=${OTHER_NAME}`), OTHER_NAME);
    },
  );

  apiTest(
    { method, headers: ['x-goog-encryption-key', 'x-goog-copy-source-encryption-key'] },
    `${verb} reads by one customer's key and writes by another`,
    async (gateway) => {
      const bucket = await gateway.bucket();
      const [from, to] = [new TestKey(), new TestKey()];
      const upload = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=x`;
      assert.equal((await gateway.call('POST', upload, { body: 'text', headers: from.headers })).status, 200);
      const headers = { ...from.sourceHeaders, ...to.headers };
      const copied = await gateway.call('POST', `${objectPath(bucket, 'x')}/${verb}/b/${bucket}/o/y`, { headers });
      assert.equal(copied.status, 200, copied.text);
      assert.equal((await gateway.media(bucket, 'y', to.headers)).text, 'text');
      assert.equal((await gateway.media(bucket, 'y', from.headers)).status, 400);
    },
  );
}

apiTest(
  { method: 'objects.compose', parameters: ['kmsKeyName'], fields: ['destination.kmsKeyName'] },
  "keeps the name of the result's key, the one of the parameter first",
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'x');
    const body = { sourceObjects: [{ name: 'x' }], destination: { kmsKeyName: KEY_NAME } };
    const compose = async (query: string) => {
      const { json, text } = await gateway.call('POST', `${objectPath(bucket, 'y')}/compose${query}`, { body });
      assert.equal(json.name, 'y', text);
      return json.kmsKeyName;
    };
    assert.equal(await compose(''), KEY_NAME);
    assert.equal(await compose(`?kmsKeyName=${OTHER_NAME}`), OTHER_NAME);
  },
);

apiTest(
  { method: 'objects.rewrite', parameters: ['rewriteToken', 'maxBytesRewrittenPerCall'] },
  'moves bytes across keys in calls of the size asked for',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const content = randomBytes(2 * MIB + 1);
    await gateway.put(bucket, 'x', content);
    const key = new TestKey();
    const path = `${objectPath(bucket, 'x')}/rewriteTo/b/${bucket}/o/y?maxBytesRewrittenPerCall=${MIB}`;
    const calls: string[] = [];
    for (let token = ''; calls.length < 9; ) {
      const { json, text } = await gateway.call('POST', `${path}${token}`, { headers: key.headers });
      assert.equal(json.error, undefined, text);
      calls.push(json.totalBytesRewritten);
      if (json.done) break;
      token = `&rewriteToken=${json.rewriteToken}`;
    }
    assert.deepEqual(calls.map(Number), [MIB, 2 * MIB, content.length]);
    assert.ok((await gateway.media(bucket, 'y', key.headers)).bytes.equals(content));
  },
);

apiTest(
  { method: 'objects.get', headers: ['x-goog-encryption-key'] },
  'sends encrypted bytes to who has the key',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const key = new TestKey();
    const upload = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=x`;
    assert.equal((await gateway.call('POST', upload, { body: 'text', headers: key.headers })).status, 200);
    assert.equal((await gateway.media(bucket, 'x')).status, 400);
    assert.equal((await gateway.media(bucket, 'x', key.headers)).text, 'text');
  },
);

apiTest(
  { method: 'objects.compose', headers: ['x-goog-encryption-key'] },
  'composes what is under one key, and no other',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const [key, other] = [new TestKey(), new TestKey()];
    const upload = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=x`;
    assert.equal((await gateway.call('POST', upload, { body: 'one ', headers: key.headers })).status, 200);
    const body = { sourceObjects: [{ name: 'x' }, { name: 'x' }] };
    const compose = (headers: Record<string, string>) =>
      gateway.call('POST', `${objectPath(bucket, 'y')}/compose`, { body, headers });
    assert.deepEqual([(await compose({})).status, (await compose(other.headers)).status], [400, 400]);
    const answer = await compose(key.headers);
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await gateway.media(bucket, 'y', key.headers)).text, 'one one ');
  },
);
