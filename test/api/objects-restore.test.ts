import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { objectPath } from '../support/gcs.ts';

type Resource = Readonly<Record<string, unknown>>;

const SOFT_DELETING = { softDeletePolicy: { retentionDurationSeconds: String(7 * 86_400) } };

/** A bucket in which one object was made and deleted; the generation that can be restored. */
async function deletedObject(gateway: ApiGateway): Promise<{ readonly bucket: string; readonly generation: string }> {
  const bucket = await gateway.bucket(SOFT_DELETING);
  const acl = [{ entity: 'allUsers', role: 'READER' }];
  await gateway.put(bucket, 'x', 'one');
  const { json } = await gateway.call('PATCH', objectPath(bucket, 'x'), { body: { acl, metadata: { a: '1' } } });
  await gateway.call('DELETE', objectPath(bucket, 'x'));
  return { bucket, generation: json.generation };
}

const restorePath = (bucket: string, name: string, query: string) => `${objectPath(bucket, name)}/restore?${query}`;

apiTest(
  { method: 'objects.restore', parameters: ['bucket', 'object', 'generation', 'restoreToken'] },
  'makes a new live version of the soft-deleted one that is named',
  async (gateway) => {
    const { bucket, generation } = await deletedObject(gateway);
    const restore = (query: string, name = 'x') => gateway.call('POST', restorePath(bucket, name, query));
    assert.equal((await restore('')).status, 400);
    assert.equal((await restore('generation=1')).status, 404);
    assert.equal((await restore(`generation=${generation}`, 'y')).status, 404);
    assert.equal((await restore(`generation=${generation}&restoreToken=0123456789abcdef`)).status, 404);
    const { json, status, text } = await restore(`generation=${generation}`);
    assert.equal(status, 200, text);
    assert.notEqual(json.generation, generation);
    assert.deepEqual([json.metageneration, json.metadata, json.softDeleteTime], ['1', { a: '1' }, undefined]);
    assert.equal((await gateway.media(bucket, 'x')).text, 'one');
    assert.equal((await gateway.get(bucket, 'x', `?softDeleted=true&generation=${generation}`)).status, 200);
  },
);

apiTest(
  { method: 'objects.restore', parameters: ['copySourceAcl', 'projection'] },
  'gives the default access list, unless asked for the one it had',
  async (gateway) => {
    const { bucket, generation } = await deletedObject(gateway);
    const entities = async (query: string) => {
      const { json } = await gateway.call('POST', restorePath(bucket, 'x', `generation=${generation}${query}`));
      return json.acl?.map(({ entity }: { entity: string }) => entity);
    };
    assert.equal((await entities(''))?.includes('allUsers'), false);
    assert.equal((await entities('&copySourceAcl=true'))?.includes('allUsers'), true);
    assert.equal(await entities('&projection=noAcl'), undefined);
  },
);

apiTest(
  {
    method: 'objects.restore',
    parameters: ['ifGenerationMatch', 'ifGenerationNotMatch', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
  },
  'judges preconditions by the live version',
  async (gateway) => {
    const { bucket, generation } = await deletedObject(gateway);
    const restore = async (condition: string) =>
      (await gateway.call('POST', restorePath(bucket, 'x', `generation=${generation}&${condition}`))).status;
    assert.equal(await restore('ifGenerationNotMatch=0'), 304);
    assert.equal(await restore('ifMetagenerationMatch=1'), 412);
    assert.equal(await restore(`ifGenerationMatch=${generation}`), 412);
    assert.equal(await restore('ifGenerationMatch=0'), 200);
    assert.equal(await restore('ifGenerationMatch=0'), 412);
    assert.equal(await restore('ifGenerationNotMatch=0'), 200);
    assert.equal(await restore('ifMetagenerationNotMatch=1'), 304);
    assert.equal(await restore('ifMetagenerationNotMatch=2'), 200);
    assert.equal(await restore('ifMetagenerationMatch=1'), 200);
    const { items } = (await gateway.list(bucket, '?softDeleted=true')).json;
    assert.equal(items.length, 4, 'the live versions that were replaced are soft-deleted');
  },
);

/** Restores in bulk, waits for the end, and tells what is live then: `name=content`. */
async function restored(gateway: ApiGateway, bucket: string, body: Resource): Promise<readonly string[]> {
  const { json, status, text } = await gateway.call('POST', `/storage/v1/b/${bucket}/o/bulkRestore`, { body });
  assert.equal(status, 200, text);
  assert.deepEqual([json.kind, json.done], ['storage#operation', false]);
  assert.match(json.name, new RegExp(`^projects/_/buckets/${bucket}/operations/[0-9a-f]+$`));
  await gateway.runChores();
  const { items = [] } = (await gateway.list(bucket)).json;
  const read = async ({ name }: { name: string }) => `${name}=${(await gateway.media(bucket, name)).text}`;
  return Promise.all(items.map(read));
}

async function remove(gateway: ApiGateway, bucket: string, name: string, content: string): Promise<string> {
  await gateway.put(bucket, name, content);
  await gateway.clock.advance(1_000);
  await gateway.call('DELETE', objectPath(bucket, name));
  await gateway.clock.advance(1_000);
  return new Date(gateway.clock.nowMs() - 500).toISOString();
}

apiTest(
  { method: 'objects.bulkRestore', parameters: ['bucket'], fields: ['matchGlobs', 'allowOverwrite'] },
  'restores names that match, over live ones if asked to',
  async (gateway) => {
    const bucket = await gateway.bucket(SOFT_DELETING);
    for (const name of ['a.csv', 'b.csv', 'c/d.json']) await remove(gateway, bucket, name, 'old');
    await gateway.put(bucket, 'a.csv', 'new');
    const matchGlobs = ['*.csv', '**/x.json'];
    assert.deepEqual(await restored(gateway, bucket, { matchGlobs }), ['a.csv=new', 'b.csv=old']);
    assert.deepEqual(await restored(gateway, bucket, { matchGlobs: ['a*'], allowOverwrite: true }), [
      'a.csv=old',
      'b.csv=old',
    ]);
    assert.equal((await restored(gateway, bucket, {})).length, 3);
    const malformed = { body: { matchGlobs: ['{'] } };
    assert.equal((await gateway.call('POST', `/storage/v1/b/${bucket}/o/bulkRestore`, malformed)).status, 400);
  },
);

apiTest(
  {
    method: 'objects.bulkRestore',
    fields: ['softDeletedAfterTime', 'softDeletedBeforeTime', 'createdAfterTime', 'createdBeforeTime'],
  },
  'restores the newest version within the times asked for',
  async (gateway) => {
    for (const [after, before] of [
      ['softDeletedAfterTime', 'softDeletedBeforeTime'],
      ['createdAfterTime', 'createdBeforeTime'],
    ] as const) {
      const bucket = await gateway.bucket(SOFT_DELETING);
      const first = await remove(gateway, bucket, 'x', 'one');
      const second = await remove(gateway, bucket, 'x', 'two');
      await remove(gateway, bucket, 'y', 'three');
      assert.deepEqual(await restored(gateway, bucket, { [after]: second }), ['y=three']);
      assert.deepEqual(await restored(gateway, bucket, { [before]: first }), ['x=one', 'y=three']);
    }
  },
);

apiTest(
  { method: 'objects.bulkRestore', fields: ['copySourceAcl'] },
  'gives default access lists, unless asked for those they had',
  async (gateway) => {
    for (const copySourceAcl of [false, true]) {
      const { bucket } = await deletedObject(gateway);
      await restored(gateway, bucket, { copySourceAcl });
      const { acl } = (await gateway.get(bucket, 'x', '?projection=full')).json;
      assert.equal(
        acl.some(({ entity }: { entity: string }) => entity === 'allUsers'),
        copySourceAcl,
      );
    }
  },
);
