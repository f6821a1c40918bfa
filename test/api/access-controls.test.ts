import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import type { GcsJson } from '../support/http-call.ts';

const OWNERS = 'project-owners-test OWNER';
const TEAMS = [OWNERS, 'project-editors-test OWNER', 'project-viewers-test READER'];
const UPLOADER = 'user-strait@strait.iam.gserviceaccount.com OWNER';
const ALICE = 'user-alice@example.com';

const lines = (list: readonly GcsJson[] | undefined) => list?.map(({ entity, role }) => `${entity} ${role}`);

/** The paths of a list of each family, and what it is at first. */
async function families(gateway: ApiGateway) {
  const bucket = await gateway.bucket();
  await gateway.put(bucket, 'a/b');
  const root = `/storage/v1/b/${bucket}`;
  return {
    bucketAccessControls: { path: `${root}/acl`, root, first: TEAMS, owner: 'project-owners-test' },
    defaultObjectAccessControls: { path: `${root}/defaultObjectAcl`, root, first: TEAMS, owner: undefined },
    objectAccessControls: {
      path: `${root}/o/a%2Fb/acl`,
      root: `${root}/o/a%2Fb`,
      first: [...TEAMS, UPLOADER],
      owner: UPLOADER.split(' ')[0],
    },
  };
}

for (const name of ['bucketAccessControls', 'defaultObjectAccessControls', 'objectAccessControls'] as const) {
  const place = name === 'objectAccessControls' ? (['bucket', 'object'] as const) : (['bucket'] as const);
  // One claim for all three: what the families have in common is what is tested here.
  const claim = (verb: 'get' | 'insert' | 'list' | 'patch' | 'update' | 'delete', fields: readonly string[] = []) => ({
    method: `${name}.${verb}` as 'objectAccessControls.get',
    parameters: (verb === 'insert' || verb === 'list' ? place : [...place, 'entity']) as readonly 'bucket'[],
    fields,
  });

  apiTest(
    [claim('list'), claim('insert', ['entity', 'role']), claim('get'), claim('delete')],
    `${name}: entries come and go, each a new metageneration`,
    async (gateway) => {
      const { path, root, first } = (await families(gateway))[name];
      const list = async () => lines((await gateway.call('GET', path)).json.items);
      const metageneration = async () => Number((await gateway.call('GET', root)).json.metageneration);
      assert.deepEqual(await list(), first);
      const made = await gateway.call('POST', path, { body: { entity: ALICE, role: 'READER' } });
      assert.partialDeepStrictEqual(made.json, { entity: ALICE, role: 'READER', email: 'alice@example.com' });
      assert.equal(await metageneration(), 2);
      assert.deepEqual(await list(), [...first, `${ALICE} READER`]);
      const read = await gateway.call('GET', `${path}/${ALICE}`);
      assert.deepEqual(read.json, made.json);
      const again = await gateway.call('POST', path, { body: { entity: ALICE, role: 'OWNER' } });
      assert.notEqual(again.json.etag, made.json.etag);
      assert.deepEqual(await list(), [...first, `${ALICE} OWNER`]);
      assert.equal((await gateway.call('DELETE', `${path}/${ALICE}`)).status, 204);
      assert.deepEqual([await list(), await metageneration()], [first, 4]);
      for (const verb of ['GET', 'DELETE']) {
        assert.equal((await gateway.call(verb, `${path}/${ALICE}`)).status, 404);
      }
      for (const body of [{ entity: ALICE }, { role: 'READER' }, { entity: 'alice', role: 'READER' }]) {
        assert.equal((await gateway.call('POST', path, { body })).status, 400);
      }
      assert.equal((await gateway.call('POST', path, { body: { entity: ALICE, role: 'ADMIN' } })).status, 400);
      assert.equal(await metageneration(), 4);
      assert.equal((await gateway.call('GET', path.replace(/\/b\/[^/]*/, '/b/no-such-bucket'))).status, 404);
    },
  );

  apiTest(
    [claim('patch', ['entity', 'role']), claim('update', ['entity', 'role'])],
    `${name}: an entry gets another role`,
    async (gateway) => {
      const { path, first, owner } = (await families(gateway))[name];
      await gateway.call('POST', path, { body: { entity: ALICE, role: 'READER' } });
      const change = (verb: string, body: Record<string, unknown>, entity = ALICE) =>
        gateway.call(verb, `${path}/${entity}`, { body });
      for (const verb of ['PATCH', 'PUT']) {
        const role = verb === 'PUT' ? 'READER' : 'OWNER';
        assert.equal((await change(verb, { role })).json.role, role);
        assert.equal((await gateway.call('GET', `${path}/${ALICE}`)).json.role, role);
        assert.equal((await change(verb, { entity: 'user-bob@example.com', role })).status, 400);
        assert.equal((await change(verb, { entity: ALICE, role })).status, 200);
        if (owner !== undefined) assert.equal((await change(verb, { role: 'READER' }, owner)).status, 400);
      }
      assert.equal((await change('PATCH', {})).json.role, 'READER');
      assert.equal((await change('PUT', {})).status, 400);
      assert.equal((await change('PATCH', { role: 'READER' }, 'user-bob@example.com')).status, 404);
      assert.equal((await change('PUT', { role: 'OWNER' }, 'user-bob@example.com')).json.role, 'OWNER');
      assert.equal((await gateway.call('DELETE', `${path}/user-bob@example.com`)).status, 204);
      if (owner !== undefined) assert.equal((await gateway.call('DELETE', `${path}/${owner}`)).status, 400);
      assert.deepEqual(lines((await gateway.call('GET', path)).json.items), [...first, `${ALICE} READER`]);
    },
  );
}

apiTest(
  {
    method: 'defaultObjectAccessControls.list',
    parameters: ['ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
  },
  'judges preconditions on the default list',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const status = async (query: string) =>
      (await gateway.call('GET', `/storage/v1/b/${bucket}/defaultObjectAcl?${query}`)).status;
    assert.equal(await status('ifMetagenerationMatch=1'), 200);
    assert.equal(await status('ifMetagenerationMatch=2'), 412);
    assert.equal(await status('ifMetagenerationNotMatch=2'), 200);
    assert.equal(await status('ifMetagenerationNotMatch=1'), 304);
  },
);

apiTest(
  (['delete', 'get', 'insert', 'list', 'patch', 'update'] as const).map((verb) => ({
    method: `objectAccessControls.${verb}` as 'objectAccessControls.get',
    parameters: ['generation'],
  })),
  'reads and changes the list of the generation that is asked for',
  async (gateway) => {
    const bucket = await gateway.bucket({ versioning: { enabled: true } });
    const older = await gateway.put(bucket, 'x', 'one');
    const live = await gateway.put(bucket, 'x', 'two');
    const path = `/storage/v1/b/${bucket}/o/x/acl`;
    const query = `?generation=${older.generation}`;
    const roleIn = async (generation: string) =>
      (await gateway.call('GET', `${path}/${ALICE}?generation=${generation}`)).json.role;
    const made = await gateway.call('POST', `${path}${query}`, { body: { entity: ALICE, role: 'READER' } });
    assert.equal(made.json.generation, older.generation);
    assert.deepEqual([await roleIn(older.generation), await roleIn(live.generation)], ['READER', undefined]);
    for (const [verb, role] of [['PATCH', 'OWNER'] as const, ['PUT', 'READER'] as const]) {
      assert.equal((await gateway.call(verb, `${path}/${ALICE}${query}`, { body: { role } })).status, 200);
      assert.equal(await roleIn(older.generation), role);
    }
    const count = async (of: string) => (await gateway.call('GET', `${path}${of}`)).json.items.length;
    assert.deepEqual([await count(query), await count('')], [5, 4]);
    assert.equal((await gateway.call('DELETE', `${path}/${ALICE}${query}`)).status, 204);
    assert.equal(await roleIn(older.generation), undefined);
    assert.equal((await gateway.call('GET', `${path}?generation=1`)).status, 404);
  },
);

apiTest(
  [{ method: 'buckets.get' }, { method: 'objects.get' }],
  'tells owners, and what an entity is',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const entities = ['user-1234', 'group-g@example.com', 'domain-example.com', 'allUsers', 'allAuthenticatedUsers'];
    for (const entity of entities) {
      const body = { entity, role: 'READER' };
      assert.equal((await gateway.call('POST', `/storage/v1/b/${bucket}/acl`, { body })).status, 200);
    }
    const { json, text } = await gateway.call('GET', `/storage/v1/b/${bucket}?projection=full`);
    const { projectNumber } = JSON.parse(text) as { readonly projectNumber: string };
    assert.deepEqual(json.owner, { entity: 'project-owners-test' });
    assert.partialDeepStrictEqual(json.acl, [
      { projectTeam: { projectNumber, team: 'owners' }, bucket, kind: 'storage#bucketAccessControl' },
      { projectTeam: { projectNumber, team: 'editors' } },
      { projectTeam: { projectNumber, team: 'viewers' } },
      { entityId: '1234', id: `${bucket}/user-1234`, selfLink: `${gateway.base}/storage/v1/b/${bucket}/acl/user-1234` },
      { email: 'g@example.com' },
      { domain: 'example.com' },
      { entity: 'allUsers' },
      { entity: 'allAuthenticatedUsers' },
    ]);
    await gateway.put(bucket, 'x');
    const object = (await gateway.get(bucket, 'x', '?projection=full')).json;
    assert.deepEqual(object.owner, { entity: UPLOADER.split(' ')[0] });
    assert.partialDeepStrictEqual(object.acl[3], { object: 'x', generation: object.generation, role: 'OWNER' });
  },
);

const named = { publicRead: 'allUsers READER', authenticatedRead: 'allAuthenticatedUsers READER' };

apiTest(
  [
    {
      method: 'buckets.insert',
      parameters: ['predefinedAcl', 'predefinedDefaultObjectAcl'],
      fields: ['acl.entity', 'acl.role', 'defaultObjectAcl.entity', 'defaultObjectAcl.role'],
    },
    ...(['buckets.patch', 'buckets.update'] as const).map((method) => ({
      method,
      parameters: ['predefinedAcl', 'predefinedDefaultObjectAcl'] as const,
      fields: ['acl.entity', 'acl.role', 'defaultObjectAcl.entity', 'defaultObjectAcl.role'],
    })),
  ],
  'a bucket has the lists that it is asked to have',
  async (gateway) => {
    const lists = { acl: [{ entity: ALICE, role: 'WRITER' }], defaultObjectAcl: [{ entity: ALICE, role: 'OWNER' }] };
    const byName = '&predefinedAcl=publicRead&predefinedDefaultObjectAcl=authenticatedRead';
    const assertLists = ({ json, status, text }: Awaited<ReturnType<ApiGateway['call']>>, isNamed: boolean) => {
      assert.equal(status, 200, text);
      const own = isNamed ? [OWNERS, named.publicRead] : [`${ALICE} WRITER`, OWNERS];
      assert.deepEqual(lines(json.acl), own);
      assert.deepEqual(lines(json.defaultObjectAcl), isNamed ? [named.authenticatedRead] : [`${ALICE} OWNER`]);
    };
    const insert = (name: string, query: string, body: Record<string, unknown>) =>
      gateway.call('POST', `/storage/v1/b?project=test&projection=full${query}`, { body: { name, ...body } });
    assertLists(await insert('bucket-1', '', lists), false);
    assertLists(await insert('bucket-2', byName, {}), true);
    for (const verb of ['PATCH', 'PUT']) {
      const change = (query: string, body: Record<string, unknown>) =>
        gateway.call(verb, `/storage/v1/b/bucket-1?projection=full${query}`, { body });
      assertLists(await change(byName, { acl: [], defaultObjectAcl: [] }), true);
      assertLists(await change('', lists), false);
      assert.deepEqual(lines((await change('', { acl: null })).json.acl), TEAMS);
      assertLists(await change('', lists), false);
      const { json } = await change('', { labels: { a: 'b' } });
      assert.deepEqual(lines(json.acl), verb === 'PUT' ? TEAMS : [`${ALICE} WRITER`, OWNERS]);
    }
    assert.equal((await insert('bucket-3', '', { acl: [{ entity: ALICE }] })).status, 400);
    assert.equal((await insert('bucket-3', '&predefinedAcl=bucketOwnerRead', {})).status, 400);
  },
);

apiTest(
  { method: 'objects.insert', parameters: ['predefinedAcl', 'projection'], fields: ['acl.entity', 'acl.role'] },
  'a new object has the list it is asked to have, else the default of its bucket of that time',
  async (gateway) => {
    const bucket = await gateway.bucket({ defaultObjectAcl: [{ entity: ALICE, role: 'READER' }] });
    const shown = '&projection=full';
    assert.deepEqual(lines((await gateway.put(bucket, 'a', 'a', shown)).acl), [`${ALICE} READER`, UPLOADER]);
    await gateway.call('PATCH', `/storage/v1/b/${bucket}`, { body: { defaultObjectAcl: [] } });
    const full = async (name: string) => lines((await gateway.get(bucket, name, '?projection=full')).json.acl);
    assert.deepEqual(await full('a'), [`${ALICE} READER`, UPLOADER]);
    assert.deepEqual(lines((await gateway.put(bucket, 'b', 'b', shown)).acl), [UPLOADER]);
    const open = await gateway.put(bucket, 'c', 'c', `${shown}&predefinedAcl=publicRead`);
    assert.deepEqual(lines(open.acl), [named.publicRead, UPLOADER]);
    assert.equal((await gateway.put(bucket, 'd', 'd', '&predefinedAcl=publicRead')).acl, undefined);
    for (const [name, query, acl] of [
      ['e', '', [{ entity: ALICE, role: 'OWNER' }]],
      ['f', '&predefinedAcl=publicRead', []],
    ] as const) {
      const session = await gateway.startUpload(bucket, name, { query, resource: { acl } });
      const { json } = await gateway.chunk(session, 'bytes 0-2/3', 'abc');
      const wanted = name === 'e' ? `${ALICE} OWNER` : named.publicRead;
      assert.deepEqual(
        [lines(json.acl), await full(name)],
        [
          [wanted, UPLOADER],
          [wanted, UPLOADER],
        ],
      );
    }
  },
);

apiTest(
  [
    { method: 'objects.copy', parameters: ['destinationPredefinedAcl'], fields: ['acl.entity', 'acl.role'] },
    { method: 'objects.rewrite', parameters: ['destinationPredefinedAcl'], fields: ['acl.entity', 'acl.role'] },
    {
      method: 'objects.compose',
      parameters: ['destinationPredefinedAcl'],
      fields: ['destination.acl.entity', 'destination.acl.role'],
    },
  ],
  'a copy has a list of its own, and not that of its source',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'x', 'x', '&predefinedAcl=publicRead');
    const root = `/storage/v1/b/${bucket}/o`;
    const full = async () => lines((await gateway.get(bucket, 'y', '?projection=full')).json.acl);
    const acl = [{ entity: ALICE, role: 'READER' }];
    for (const how of ['copyTo', 'rewriteTo', 'compose']) {
      const path = how === 'compose' ? `${root}/y/compose` : `${root}/x/${how}/b/${bucket}/o/y`;
      const make = async (query: string, resource: Record<string, unknown>) => {
        const body = how === 'compose' ? { sourceObjects: [{ name: 'x' }], destination: resource } : resource;
        const answer = await gateway.call('POST', `${path}${query}`, { body });
        assert.equal(answer.status, 200, answer.text);
        return full();
      };
      assert.deepEqual(await make('', {}), [...TEAMS, UPLOADER]);
      assert.deepEqual(await make('?destinationPredefinedAcl=private', {}), [UPLOADER]);
      assert.deepEqual(await make('', { acl }), [`${ALICE} READER`, UPLOADER]);
    }
    const moved = await gateway.call('POST', `${root}/x/moveTo/o/z`);
    assert.equal(moved.status, 200, moved.text);
    const kept = await gateway.get(bucket, 'z', '?projection=full');
    assert.deepEqual(lines(kept.json.acl), [named.publicRead, UPLOADER]);
  },
);

apiTest(
  (['objects.patch', 'objects.update'] as const).map((method) => ({
    method,
    parameters: ['predefinedAcl'],
    fields: ['acl.entity', 'acl.role'],
  })),
  'an object gets another list',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'x');
    for (const verb of ['PATCH', 'PUT']) {
      const change = async (query: string, body: Record<string, unknown>) =>
        lines((await gateway.call(verb, `/storage/v1/b/${bucket}/o/x${query}`, { body })).json.acl);
      const alice = [`${ALICE} READER`, UPLOADER];
      assert.deepEqual(await change('', { acl: [{ entity: ALICE, role: 'READER' }] }), alice);
      assert.deepEqual(await change('', { contentType: 'a/b' }), verb === 'PUT' ? [...TEAMS, UPLOADER] : alice);
      assert.deepEqual(await change('?predefinedAcl=publicRead', { acl: [] }), [named.publicRead, UPLOADER]);
      assert.deepEqual(await change('?predefinedAcl=private', { acl: null }), [UPLOADER]);
      assert.deepEqual(await change('', { acl: null }), [...TEAMS, UPLOADER]);
    }
  },
);

const UNIFORM = { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } };
const FINE = { iamConfiguration: { uniformBucketLevelAccess: { enabled: false } } };

apiTest(
  [
    {
      method: 'buckets.patch',
      fields: ['iamConfiguration.uniformBucketLevelAccess.enabled', 'iamConfiguration.bucketPolicyOnly.enabled'],
    },
    { method: 'buckets.insert', fields: ['iamConfiguration.uniformBucketLevelAccess.enabled'] },
  ],
  'uniform access hides the lists and refuses them; without it they are there again',
  async (gateway) => {
    const bucket = await gateway.bucket({ acl: [{ entity: ALICE, role: 'READER' }] });
    await gateway.put(bucket, 'x', 'x', '&predefinedAcl=publicRead');
    const path = `/storage/v1/b/${bucket}`;
    const patch = (body: Record<string, unknown>) => gateway.call('PATCH', path, { body });
    const on = await patch(UNIFORM);
    const { uniformBucketLevelAccess, bucketPolicyOnly } = on.json.iamConfiguration;
    assert.deepEqual(uniformBucketLevelAccess, bucketPolicyOnly);
    assert.partialDeepStrictEqual(uniformBucketLevelAccess, { enabled: true });
    assert.deepEqual([on.json.acl, on.json.defaultObjectAcl], [undefined, undefined]);
    assert.equal((await gateway.get(bucket, 'x', '?projection=full')).json.acl, undefined);
    const body = { entity: ALICE, role: 'READER' };
    for (const list of ['acl', 'defaultObjectAcl', 'o/x/acl']) {
      for (const [verb, to] of [
        ['GET', ''],
        ['POST', ''],
        ['DELETE', `/${ALICE}`],
        ['PATCH', `/${ALICE}`],
      ] as const) {
        const refused = await gateway.call(
          verb,
          `${path}/${list}${to}`,
          verb === 'GET' || verb === 'DELETE' ? {} : { body },
        );
        assert.equal(refused.status, 400);
        assert.match(refused.json.error.message, /uniform bucket-level access/);
      }
    }
    const put = await gateway.tryPut(bucket, 'y', 'y', '&predefinedAcl=publicRead');
    assert.match(put.json.error.message, /Cannot insert legacy ACL for an object when uniform bucket-level access/);
    assert.equal((await patch({ acl: [body] })).status, 400);
    const object = await gateway.call('PATCH', `${path}/o/x`, { body: { acl: [body] } });
    assert.equal(object.status, 400);
    assert.equal((await gateway.call('PATCH', `${path}/o/x`, { body: { acl: [] } })).status, 200);
    const off = await patch({ iamConfiguration: { bucketPolicyOnly: { enabled: false } } });
    assert.deepEqual(lines(off.json.acl), [`${ALICE} READER`, OWNERS]);
    const shown = await gateway.get(bucket, 'x', '?projection=full');
    assert.deepEqual(lines(shown.json.acl), [named.publicRead, UPLOADER]);
    const uniform = await gateway.bucket(UNIFORM);
    assert.equal((await gateway.call('GET', `/storage/v1/b/${uniform}/acl`)).status, 400);
    assert.equal((await gateway.call('PATCH', `/storage/v1/b/${uniform}`, { body: FINE })).status, 200);
    assert.equal((await gateway.call('GET', `/storage/v1/b/${uniform}/acl`)).status, 200);
  },
);

apiTest(
  { method: 'buckets.patch', fields: ['iamConfiguration.publicAccessPrevention'] },
  'public access prevention refuses lists that anyone is on',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const path = `/storage/v1/b/${bucket}`;
    const body = { iamConfiguration: { publicAccessPrevention: 'enforced' } };
    assert.equal((await gateway.call('PATCH', path, { body })).status, 200);
    for (const entity of ['allUsers', 'allAuthenticatedUsers']) {
      for (const list of ['acl', 'defaultObjectAcl']) {
        const refused = await gateway.call('POST', `${path}/${list}`, { body: { entity, role: 'READER' } });
        assert.deepEqual([refused.status, refused.json.error.errors[0]?.reason], [412, 'conditionNotMet']);
        assert.match(refused.json.error.message, /public access prevention is enforced/);
      }
    }
    assert.equal((await gateway.tryPut(bucket, 'x', 'x', '&predefinedAcl=publicRead')).status, 412);
    assert.equal((await gateway.tryPut(bucket, 'x', 'x', '&predefinedAcl=private')).status, 200);
    assert.equal((await gateway.call('PATCH', `${path}?predefinedAcl=publicRead`, { body: {} })).status, 412);
  },
);

apiTest(
  { method: 'bucketAccessControls.insert', fields: ['entity'] },
  'a list has 100 entries at most',
  async (gateway) => {
    const acl = Array.from({ length: 99 }, (_, index) => ({ entity: `user-u${index}@example.com`, role: 'READER' }));
    const bucket = await gateway.bucket({ acl });
    const more = { entity: ALICE, role: 'READER' };
    const refused = await gateway.call('POST', `/storage/v1/b/${bucket}/acl`, { body: more });
    assert.equal(refused.status, 400);
    const known = await gateway.call('POST', `/storage/v1/b/${bucket}/acl`, { body: { ...acl[0], role: 'WRITER' } });
    assert.equal(known.json.role, 'WRITER');
  },
);
