import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { objectPath } from '../support/gcs.ts';
import { assertPreconditions } from '../support/judged-preconditions.ts';
import { OBJECT_FIELDS } from '../support/object-fields.ts';

const DESTINATION = [
  'ifGenerationMatch',
  'ifGenerationNotMatch',
  'ifMetagenerationMatch',
  'ifMetagenerationNotMatch',
] as const;
const SOURCE = [
  'ifSourceGenerationMatch',
  'ifSourceGenerationNotMatch',
  'ifSourceMetagenerationMatch',
  'ifSourceMetagenerationNotMatch',
] as const;

const ACL = [{ entity: 'allUsers', role: 'READER' }];

/** From `x` to `y` in one bucket, for the methods that differ in their word only. */
function transfer(gateway: ApiGateway, bucket: string, verb: string, query = '') {
  const to = verb === 'moveTo' ? 'o/y' : `b/${bucket}/o/y`;
  return gateway.call('POST', `${objectPath(bucket, 'x')}/${verb}/${to}${query}`);
}

for (const [method, verb] of [
  ['objects.copy', 'copyTo'],
  ['objects.rewrite', 'rewriteTo'],
  ['objects.move', 'moveTo'],
] as const) {
  apiTest({ method, parameters: DESTINATION }, `${verb} judges preconditions on what it replaces`, async (gateway) => {
    const bucket = await gateway.bucket();
    await assertPreconditions({
      parameters: DESTINATION,
      make: async () => {
        await gateway.put(bucket, 'x');
        return await gateway.put(bucket, 'y');
      },
      call: async (query) => (await transfer(gateway, bucket, verb, `?${query}`)).status,
    });
  });

  apiTest({ method, parameters: SOURCE }, `${verb} judges preconditions on its source`, async (gateway) => {
    const bucket = await gateway.bucket();
    await assertPreconditions({
      parameters: SOURCE,
      make: () => gateway.put(bucket, 'x'),
      call: async (query) => (await transfer(gateway, bucket, verb, `?${query}`)).status,
    });
  });

  apiTest({ method, parameters: ['projection'] }, `${verb} tells access lists when asked to`, async (gateway) => {
    const bucket = await gateway.bucket();
    const acl = async (query: string) => {
      await gateway.insert(bucket, { name: 'x', acl: ACL });
      const { json } = await transfer(gateway, bucket, verb, query);
      return (json.resource ?? json).acl;
    };
    assert.equal(await acl(''), undefined);
    assert.notEqual(await acl('?projection=full'), undefined);
  });
}

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

  apiTest(
    { method, fields: ['storageClass', 'acl.entity', 'acl.role', ...Object.keys(OBJECT_FIELDS)] },
    `${verb} sets what the resource says, in place of the source's`,
    async (gateway) => {
      const bucket = await gateway.bucket();
      await gateway.insert(bucket, { name: 'x', contentType: 'text/plain', metadata: { colour: 'red', size: 'xl' } });
      const body = { storageClass: 'NEARLINE', acl: ACL, ...OBJECT_FIELDS };
      const { json } = await gateway.call('POST', `${objectPath(bucket, 'x')}/${verb}/b/${bucket}/o/y`, { body });
      const made = json.resource ?? json;
      assert.partialDeepStrictEqual(made, body);
      assert.deepEqual(made.metadata, OBJECT_FIELDS.metadata);
    },
  );

  apiTest({ method, parameters: ['sourceGeneration'] }, `${verb} takes the generation it names`, async (gateway) => {
    const bucket = await gateway.bucket();
    const { generation: first } = await gateway.put(bucket, 'x', '1');
    const { generation: second } = await gateway.put(bucket, 'x', '2');
    const status = async (generation: string) =>
      (await transfer(gateway, bucket, verb, `?sourceGeneration=${generation}`)).status;
    assert.deepEqual([await status(first), await status(second)], [404, 200]);
  });
}

apiTest(
  { method: 'objects.rewrite', parameters: ['maxBytesRewrittenPerCall'] },
  'refuses a size per call that is no multiple of 1 MiB',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'x');
    const status = async (size: number) =>
      (await transfer(gateway, bucket, 'rewriteTo', `?maxBytesRewrittenPerCall=${size}`)).status;
    assert.deepEqual([await status(1024 * 1024), await status(1024 * 1024 + 1)], [200, 400]);
  },
);

apiTest(
  { method: 'objects.move', parameters: ['bucket', 'sourceObject', 'destinationObject'] },
  'gives an object another name',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'x', 'text');
    const answer = await transfer(gateway, bucket, 'moveTo');
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await gateway.media(bucket, 'y')).text, 'text');
    assert.equal((await gateway.get(bucket, 'x')).status, 404);
  },
);
