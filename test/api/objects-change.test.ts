import assert from 'node:assert/strict';
import { apiTest } from '../support/api-test.ts';
import { objectPath } from '../support/gcs.ts';
import { assertPreconditions } from '../support/judged-preconditions.ts';
import { OBJECT_FIELDS } from '../support/object-fields.ts';

const PRECONDITIONS = [
  'ifGenerationMatch',
  'ifGenerationNotMatch',
  'ifMetagenerationMatch',
  'ifMetagenerationNotMatch',
] as const;

for (const [method, verb] of [
  ['objects.patch', 'PATCH'],
  ['objects.update', 'PUT'],
] as const) {
  apiTest(
    { method, parameters: ['bucket', 'object'], fields: Object.keys(OBJECT_FIELDS) },
    `${verb} sets what the resource says and keeps the generation`,
    async (gateway) => {
      const bucket = await gateway.bucket();
      const { generation } = await gateway.put(bucket, 'x');
      const { json } = await gateway.call(verb, objectPath(bucket, 'x'), { body: OBJECT_FIELDS });
      assert.partialDeepStrictEqual(json, { ...OBJECT_FIELDS, generation, metageneration: '2' });
      assert.partialDeepStrictEqual((await gateway.get(bucket, 'x')).json, OBJECT_FIELDS);
    },
  );

  apiTest({ method, parameters: ['generation'] }, `${verb} changes only the generation it names`, async (gateway) => {
    const bucket = await gateway.bucket();
    const { generation: first } = await gateway.put(bucket, 'x', '1');
    const { generation: second } = await gateway.put(bucket, 'x', '2');
    const change = async (generation: string) =>
      (await gateway.call(verb, `${objectPath(bucket, 'x')}?generation=${generation}`, { body: {} })).status;
    assert.deepEqual([await change(first), await change(second)], [404, 200]);
  });

  apiTest({ method, parameters: PRECONDITIONS }, `${verb} judges preconditions`, async (gateway) => {
    const bucket = await gateway.bucket();
    await assertPreconditions({
      parameters: PRECONDITIONS,
      make: () => gateway.put(bucket, 'x'),
      call: async (query) => (await gateway.call(verb, `${objectPath(bucket, 'x')}?${query}`, { body: {} })).status,
    });
  });

  apiTest({ method, headers: ['if-match'] }, `${verb} judges an entity tag in its transaction`, async (gateway) => {
    const bucket = await gateway.bucket();
    const { etag } = await gateway.put(bucket, 'x');
    const change = async () =>
      (await gateway.call(verb, objectPath(bucket, 'x'), { body: {}, headers: { 'If-Match': etag } })).status;
    assert.deepEqual([await change(), await change()], [200, 412]);
  });

  apiTest(
    { method, parameters: ['projection'], fields: ['acl.entity', 'acl.role'] },
    `${verb} tells access lists unless asked not to`,
    async (gateway) => {
      const bucket = await gateway.bucket();
      await gateway.put(bucket, 'x');
      const body = { acl: [{ entity: 'allUsers', role: 'READER' }] };
      const change = async (query: string) => await gateway.call(verb, `${objectPath(bucket, 'x')}${query}`, { body });
      assert.partialDeepStrictEqual((await change('')).json.acl, body.acl);
      assert.equal((await change('?projection=noAcl')).json.acl, undefined);
    },
  );
}

apiTest({ method: 'objects.patch', fields: ['metadata'] }, 'merges metadata key by key', async (gateway) => {
  const bucket = await gateway.bucket();
  await gateway.insert(bucket, { name: 'x', contentType: 'text/html', metadata: { a: '1', b: '2' } });
  const body = { metadata: { a: null, c: '3' } };
  const { json } = await gateway.call('PATCH', objectPath(bucket, 'x'), { body });
  assert.deepEqual([json.metadata, json.contentType], [{ b: '2', c: '3' }, 'text/html']);
});

apiTest({ method: 'objects.update', fields: ['metadata'] }, 'drops what the resource does not say', async (gateway) => {
  const bucket = await gateway.bucket();
  await gateway.insert(bucket, { name: 'x', contentType: 'text/html', metadata: { a: '1' } });
  const { json } = await gateway.call('PUT', objectPath(bucket, 'x'), { body: { metadata: { b: '2' } } });
  assert.deepEqual([json.metadata, json.contentType], [{ b: '2' }, undefined]);
});

apiTest({ method: 'objects.delete', parameters: ['bucket', 'object'] }, 'deletes one object', async (gateway) => {
  const bucket = await gateway.bucket();
  await gateway.put(bucket, 'x');
  await gateway.put(bucket, 'y');
  assert.equal((await gateway.call('DELETE', objectPath(bucket, 'x'))).status, 204);
  assert.deepEqual([(await gateway.get(bucket, 'x')).status, (await gateway.get(bucket, 'y')).status], [404, 200]);
});

apiTest(
  { method: 'objects.delete', parameters: ['generation'] },
  'deletes the generation it names',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const { generation: first } = await gateway.put(bucket, 'x', '1');
    const { generation: second } = await gateway.put(bucket, 'x', '2');
    const remove = async (generation: string) =>
      (await gateway.call('DELETE', `${objectPath(bucket, 'x')}?generation=${generation}`)).status;
    assert.equal(await remove(first), 404);
    assert.equal((await gateway.media(bucket, 'x')).text, '2');
    assert.equal(await remove(second), 204);
  },
);

apiTest({ method: 'objects.delete', parameters: PRECONDITIONS }, 'deletes when preconditions hold', async (gateway) => {
  const bucket = await gateway.bucket();
  await assertPreconditions({
    parameters: PRECONDITIONS,
    make: () => gateway.put(bucket, 'x'),
    call: async (query) => (await gateway.call('DELETE', `${objectPath(bucket, 'x')}?${query}`)).status,
  });
});

apiTest(
  { method: 'objects.delete', headers: ['if-match'] },
  'deletes the state an entity tag names',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const { etag: old } = await gateway.put(bucket, 'x', '1');
    const { etag } = await gateway.put(bucket, 'x', '2');
    const remove = async (tag: string) =>
      (await gateway.call('DELETE', objectPath(bucket, 'x'), { headers: { 'If-Match': tag } })).status;
    assert.deepEqual([await remove(old), await remove(etag)], [412, 204]);
  },
);
