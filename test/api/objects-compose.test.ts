import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { objectPath } from '../support/gcs.ts';
import { assertPreconditions } from '../support/judged-preconditions.ts';
import { OBJECT_FIELDS } from '../support/object-fields.ts';

const SOURCES = [{ name: 'a' }, { name: 'b' }];

async function bucketWithParts(gateway: ApiGateway): Promise<string> {
  const bucket = await gateway.bucket();
  for (const { name } of SOURCES) await gateway.put(bucket, name);
  return bucket;
}

function compose(gateway: ApiGateway, bucket: string, body: Record<string, unknown>, query = '') {
  return gateway.call('POST', `${objectPath(bucket, 'ab')}/compose${query}`, { body });
}

apiTest(
  {
    method: 'objects.compose',
    parameters: ['destinationBucket', 'destinationObject'],
    fields: ['sourceObjects.name'],
  },
  'joins objects in the order given',
  async (gateway) => {
    const bucket = await bucketWithParts(gateway);
    const sourceObjects = [{ name: 'b' }, { name: 'a' }, { name: 'b' }];
    const { json } = await compose(gateway, bucket, { sourceObjects });
    assert.deepEqual([json.componentCount, json.md5Hash, json.name], [3, undefined, 'ab']);
    assert.equal((await gateway.media(bucket, 'ab')).text, 'bab');
  },
);

apiTest(
  {
    method: 'objects.compose',
    fields: [
      ...['destination.storageClass', 'destination.acl.entity', 'destination.acl.role'],
      ...Object.keys(OBJECT_FIELDS).map((name) => `destination.${name}`),
    ],
  },
  'sets what the destination says',
  async (gateway) => {
    const bucket = await gateway.bucket();
    for (const source of SOURCES) await gateway.insert(bucket, { ...source, storageClass: 'NEARLINE' });
    const acl = [{ entity: 'allUsers', role: 'READER' }];
    const destination = { storageClass: 'NEARLINE', acl, ...OBJECT_FIELDS };
    const { json } = await compose(gateway, bucket, { sourceObjects: SOURCES, destination });
    assert.partialDeepStrictEqual(json, destination);
  },
);

apiTest(
  { method: 'objects.compose', fields: ['destination.storageClass'] },
  'joins objects of one storage class, which is that of the composition',
  async (gateway) => {
    const bucket = await bucketWithParts(gateway);
    await gateway.insert(bucket, { name: 'cold', storageClass: 'COLDLINE' });
    for (const [sourceObjects, storageClass, others] of [
      [SOURCES, 'COLDLINE', 'STANDARD'],
      [[...SOURCES, { name: 'cold' }], 'STANDARD', 'COLDLINE'],
      [[...SOURCES, { name: 'cold' }], 'ARCHIVE', 'STANDARD, COLDLINE'],
    ] as const) {
      const { status, json } = await compose(gateway, bucket, { sourceObjects, destination: { storageClass } });
      assert.equal(status, 400);
      const message =
        `Cannot compose object with destination storage class ${storageClass} ` +
        `from source components that have different storage classes (${others})`;
      assert.deepEqual([json.error.message, json.error.errors[0]?.reason], [message, 'invalid']);
    }
    const unnamed = await compose(gateway, bucket, { sourceObjects: [{ name: 'cold' }] });
    assert.equal(unnamed.status, 400, "without a class it has its bucket's");
    assert.equal((await gateway.get(bucket, 'ab')).status, 404);
    await gateway.call('PATCH', `/storage/v1/b/${bucket}`, { body: { autoclass: { enabled: true } } });
    assert.equal((await compose(gateway, bucket, { sourceObjects: [{ name: 'cold' }] })).status, 200);
  },
);

apiTest(
  {
    method: 'objects.compose',
    fields: ['sourceObjects.generation', 'sourceObjects.objectPreconditions.ifGenerationMatch'],
  },
  'takes the generations it names, or none',
  async (gateway) => {
    const bucket = await bucketWithParts(gateway);
    const { generation: old } = await gateway.put(bucket, 'a', '1');
    const { generation } = await gateway.put(bucket, 'a', '2');
    const status = async (source: Record<string, unknown>) =>
      (await compose(gateway, bucket, { sourceObjects: [{ name: 'a', ...source }] })).status;
    assert.deepEqual([await status({ generation: old }), await status({ generation })], [404, 200]);
    const matching = (ifGenerationMatch: string) => status({ objectPreconditions: { ifGenerationMatch } });
    assert.deepEqual([await matching(old), await matching(generation)], [412, 200]);
  },
);

apiTest(
  { method: 'objects.compose', fields: ['deleteSourceObjects'] },
  'deletes its sources when asked to',
  async (gateway) => {
    const bucket = await bucketWithParts(gateway);
    await compose(gateway, bucket, { sourceObjects: SOURCES, deleteSourceObjects: true });
    assert.equal((await gateway.get(bucket, 'a')).status, 404);
    assert.equal((await gateway.media(bucket, 'ab')).text, 'ab');
  },
);

apiTest(
  { method: 'objects.compose', parameters: ['ifGenerationMatch', 'ifMetagenerationMatch'] },
  'judges preconditions on what it replaces',
  async (gateway) => {
    const bucket = await bucketWithParts(gateway);
    await assertPreconditions({
      parameters: ['ifGenerationMatch', 'ifMetagenerationMatch'],
      make: () => gateway.put(bucket, 'ab'),
      call: async (query) => (await compose(gateway, bucket, { sourceObjects: SOURCES }, `?${query}`)).status,
    });
  },
);
