import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { objectPath } from '../support/gcs.ts';

const UNIFORM = { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } };
const VIEWER = 'roles/storage.objectViewer';
const BUCKET_OWNER = 'roles/storage.legacyBucketOwner';
const BUCKET_READER = 'roles/storage.legacyBucketReader';
const OBJECT_OWNER = 'roles/storage.legacyObjectOwner';
const OBJECT_READER = 'roles/storage.legacyObjectReader';
const TEAMS = [
  { role: BUCKET_OWNER, members: ['projectEditor:test', 'projectOwner:test'] },
  { role: BUCKET_READER, members: ['projectViewer:test'] },
];
const ALICE = 'user:alice@example.com';
const CONDITION = { title: 'one folder', description: 'd', expression: 'resource.name.startsWith("x")', location: 'l' };

const iam = (gateway: ApiGateway, bucket: string, query = '') =>
  gateway.call('GET', `/storage/v1/b/${bucket}/iam${query}`);
const setIam = (gateway: ApiGateway, bucket: string, body: Record<string, unknown>) =>
  gateway.call('PUT', `/storage/v1/b/${bucket}/iam`, { body });

apiTest(
  [
    { method: 'buckets.getIamPolicy', parameters: ['bucket'] },
    { method: 'buckets.setIamPolicy', parameters: ['bucket'], fields: ['bindings.role', 'bindings.members', 'etag'] },
  ],
  'a policy replaces the one that was read, or whatever is there',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const first = await iam(gateway, bucket);
    assert.deepEqual(first.json, {
      kind: 'storage#policy',
      resourceId: `projects/_/buckets/${bucket}`,
      version: 1,
      bindings: TEAMS,
      etag: 'CAE=',
    });
    const bindings = [...TEAMS, { role: VIEWER, members: [ALICE] }];
    const set = await setIam(gateway, bucket, { etag: first.json.etag, bindings });
    assert.deepEqual([set.status, set.json.bindings], [200, bindings]);
    assert.deepEqual((await iam(gateway, bucket)).json, set.json);
    assert.equal((await gateway.call('GET', `/storage/v1/b/${bucket}`)).json.metageneration, '2');
    const stale = await setIam(gateway, bucket, { etag: first.json.etag, bindings: [] });
    assert.deepEqual([stale.status, stale.json.error.errors[0]?.reason], [412, 'conditionNotMet']);
    assert.equal((await setIam(gateway, bucket, { etag: 'AAAA', bindings: [] })).status, 412);
    assert.deepEqual((await iam(gateway, bucket)).json, set.json);
    const blind = [{ role: VIEWER, members: ['allUsers', ALICE] }];
    assert.deepEqual((await setIam(gateway, bucket, { bindings: blind })).json.bindings, blind);
    assert.deepEqual((await setIam(gateway, bucket, { bindings: [] })).json.bindings, []);
    for (const refused of [{}, { bindings: [{ role: VIEWER }] }, { bindings: [{ members: [ALICE] }] }]) {
      assert.equal((await setIam(gateway, bucket, refused)).status, 400);
    }
    assert.equal((await setIam(gateway, bucket, { bindings: [{ role: VIEWER, members: ['alice'] }] })).status, 400);
    for (const answer of [await iam(gateway, 'no-bucket'), await setIam(gateway, 'no-bucket', { bindings })]) {
      assert.equal(answer.status, 404);
    }
  },
);

apiTest(
  { method: 'buckets.setIamPolicy', fields: ['bindings.role', 'bindings.members'] },
  'legacy roles of the policy and the access list are one',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const acl = async () => {
      const { items } = (await gateway.call('GET', `/storage/v1/b/${bucket}/acl`)).json;
      return items.map(({ entity, role }) => `${entity} ${role}`);
    };
    const account = 'a@test.iam.gserviceaccount.com';
    const bindings = [
      { role: BUCKET_OWNER, members: ['projectOwner:test', `serviceAccount:${account}`] },
      { role: BUCKET_READER, members: [ALICE, `serviceAccount:${account}`, 'principal://iam.googleapis.com/x'] },
    ];
    const set = await setIam(gateway, bucket, { bindings });
    assert.equal(set.status, 200, set.text);
    assert.deepEqual(await acl(), [
      'project-owners-test OWNER',
      `user-${account} OWNER`,
      'user-alice@example.com READER',
    ]);
    const members = set.json.bindings.flatMap((binding) => (binding as { members: string[] }).members);
    assert.deepEqual(members.toSorted(), bindings.flatMap((binding) => binding.members).toSorted());
    const grant = { entity: 'group-g@example.com', role: 'WRITER' };
    assert.equal((await gateway.call('POST', `/storage/v1/b/${bucket}/acl`, { body: grant })).status, 200);
    const writers = { role: 'roles/storage.legacyBucketWriter', members: ['group:g@example.com'] };
    assert.partialDeepStrictEqual((await iam(gateway, bucket)).json.bindings, [writers]);
  },
);

apiTest(
  [
    { method: 'buckets.getIamPolicy', parameters: ['optionsRequestedPolicyVersion'] },
    {
      method: 'buckets.setIamPolicy',
      fields: [
        'version',
        'bindings.condition.title',
        'bindings.condition.description',
        'bindings.condition.expression',
        'bindings.condition.location',
      ],
    },
  ],
  'conditions are set and read as version 3, with uniform access',
  async (gateway) => {
    const bucket = await gateway.bucket(UNIFORM);
    const uniform = [
      { role: OBJECT_OWNER, members: ['projectEditor:test', 'projectOwner:test'] },
      { role: OBJECT_READER, members: ['projectViewer:test'] },
    ];
    assert.deepEqual((await iam(gateway, bucket)).json.bindings, [...TEAMS, ...uniform]);
    const bindings = [{ role: VIEWER, members: [ALICE], condition: CONDITION }];
    const set = await setIam(gateway, bucket, { version: 3, bindings });
    assert.equal(set.status, 200, set.text);
    assert.deepEqual([set.json.version, set.json.bindings], [3, bindings]);
    assert.equal((await setIam(gateway, bucket, { version: 1, bindings })).status, 400);
    assert.equal((await setIam(gateway, bucket, { bindings: [] })).status, 400);
    assert.equal((await iam(gateway, bucket)).status, 400);
    assert.equal((await iam(gateway, bucket, '?optionsRequestedPolicyVersion=1')).status, 400);
    const read = await iam(gateway, bucket, '?optionsRequestedPolicyVersion=3');
    assert.deepEqual(read.json, set.json);
    for (const without of ['title', 'expression'] as const) {
      const condition = { ...CONDITION, [without]: undefined };
      const refused = await setIam(gateway, bucket, { version: 3, bindings: [{ ...bindings[0], condition }] });
      assert.equal(refused.status, 400);
    }
    const off = { iamConfiguration: { uniformBucketLevelAccess: { enabled: false } } };
    const path = `/storage/v1/b/${bucket}`;
    assert.equal((await gateway.call('PATCH', path, { body: off })).status, 400);
    assert.equal((await setIam(gateway, bucket, { version: 3, bindings: [] })).status, 200);
    assert.equal((await gateway.call('PATCH', path, { body: off })).status, 200);
    assert.equal((await setIam(gateway, bucket, { version: 3, bindings })).status, 400);
  },
);

apiTest(
  { method: 'buckets.setIamPolicy', fields: ['bindings.members'] },
  'a policy is kept whole, however large, and goes with its bucket; the public stays out where it must',
  async (gateway) => {
    const bucket = await gateway.bucket({ iamConfiguration: { publicAccessPrevention: 'enforced' } });
    const members = Array.from({ length: 1_500 }, (_, index) => `user:somebody-${index}@a-long-domain.example.com`);
    const bindings = [{ role: VIEWER, members }];
    assert.equal((await setIam(gateway, bucket, { bindings })).status, 200);
    assert.deepEqual((await iam(gateway, bucket)).json.bindings, bindings);
    const open = await setIam(gateway, bucket, { bindings: [{ role: VIEWER, members: ['allUsers'] }] });
    assert.equal(open.status, 412);
    assert.match(open.json.error.message, /public access prevention is enforced/);
    const small = [{ role: VIEWER, members: [ALICE] }];
    assert.deepEqual((await setIam(gateway, bucket, { bindings: small })).json.bindings, small);
    assert.deepEqual((await iam(gateway, bucket)).json.bindings, small);
    assert.equal((await gateway.call('DELETE', `/storage/v1/b/${bucket}`)).status, 204);
    await gateway.call('POST', '/storage/v1/b?project=test', { body: { name: bucket } });
    assert.deepEqual((await iam(gateway, bucket)).json.bindings, TEAMS);
  },
);

apiTest(
  [
    { method: 'buckets.testIamPermissions', parameters: ['bucket', 'permissions'] },
    { method: 'objects.testIamPermissions', parameters: ['bucket', 'object', 'generation', 'permissions'] },
  ],
  'tells which of the permissions asked for are held',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const { generation } = await gateway.put(bucket, 'a/b');
    const root = `/storage/v1/b/${bucket}`;
    const asked = 'permissions=storage.objects.get&permissions=storage.buckets.getIamPolicy';
    for (const path of [root, objectPath(bucket, 'a/b')]) {
      const test = (query: string) => gateway.call('GET', `${path}/iam/testPermissions?${query}`);
      assert.deepEqual((await test(asked)).json, {
        kind: 'storage#testIamPermissionsResponse',
        permissions: ['storage.objects.get', 'storage.buckets.getIamPolicy'],
      });
      for (const query of ['', 'permissions=storage.objects.*', 'permissions=storage.objects.get&permissions=x']) {
        assert.equal((await test(query)).status, 400);
      }
    }
    const of = async (path: string, query: string) =>
      (await gateway.call('GET', `${path}/iam/testPermissions?${asked}${query}`)).status;
    assert.equal(await of(objectPath(bucket, 'a/b'), `&generation=${generation}`), 200);
    assert.equal(await of(objectPath(bucket, 'a/b'), '&generation=1'), 404);
    assert.equal(await of(objectPath(bucket, 'c'), ''), 404);
    assert.equal(await of('/storage/v1/b/no-such-bucket', ''), 404);
  },
);

apiTest(
  {
    method: 'objects.setIamPolicy',
    fields: [
      'version',
      ...['title', 'expression', 'description', 'location'].map((field) => `bindings.condition.${field}`),
    ],
  },
  "an object's policy has no conditions, and each is checked all the same",
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'x');
    const path = `${objectPath(bucket, 'x')}/iam`;
    const refusal = async (condition: object, version = 3) => {
      const bindings = [{ role: OBJECT_READER, members: ['user:a@example.com'], condition }];
      const { status, json } = await gateway.call('PUT', path, { body: { version, bindings } });
      assert.equal(status, 400);
      return json.error.message;
    };
    const whole = { title: 't', expression: 'true' };
    const long = 'x'.repeat(20_000);
    assert.match(await refusal(whole), /only where uniform bucket-level access is enabled/);
    assert.match(await refusal({ expression: 'true' }), /must have a title/);
    assert.match(await refusal({ title: 't' }), /must have an expression/);
    assert.match(await refusal({ ...whole, description: long }), /A condition has at most/);
    assert.match(await refusal({ ...whole, location: long }), /A condition has at most/);
    assert.match(await refusal(whole, 7), /Invalid policy version: 7/);
  },
);

apiTest(
  [
    { method: 'objects.getIamPolicy', parameters: ['bucket', 'object', 'generation'] },
    {
      method: 'objects.setIamPolicy',
      parameters: ['bucket', 'object', 'generation'],
      fields: ['bindings.role', 'bindings.members', 'etag'],
    },
  ],
  "an object's policy is its access list",
  async (gateway) => {
    const bucket = await gateway.bucket({ versioning: { enabled: true } });
    const older = await gateway.put(bucket, 'a/b', 'one');
    const live = await gateway.put(bucket, 'a/b', 'two');
    const path = `${objectPath(bucket, 'a/b')}/iam`;
    const owner = 'serviceAccount:strait@strait.iam.gserviceaccount.com';
    const teams = [
      { role: OBJECT_OWNER, members: ['projectEditor:test', 'projectOwner:test', owner] },
      { role: OBJECT_READER, members: ['projectViewer:test'] },
    ];
    const read = async (query = '') => (await gateway.call('GET', `${path}${query}`)).json;
    assert.partialDeepStrictEqual(await read(), {
      kind: 'storage#policy',
      resourceId: `projects/_/buckets/${bucket}/objects/a/b#${live.generation}`,
      version: 1,
      bindings: teams,
      etag: live.etag,
    } as never);
    const query = `?generation=${older.generation}`;
    const bindings = [{ role: OBJECT_READER, members: ['allUsers'] }];
    const set = (body: Record<string, unknown>, of = query) => gateway.call('PUT', `${path}${of}`, { body });
    const open = await set({ etag: older.etag, bindings });
    const kept = [{ role: OBJECT_OWNER, members: [owner] }, ...bindings];
    assert.deepEqual([open.status, open.json.bindings], [200, kept]);
    assert.equal(open.json.resourceId, `projects/_/buckets/${bucket}/objects/a/b#${older.generation}`);
    assert.deepEqual([(await read(query)).bindings, (await read()).bindings], [kept, teams]);
    assert.equal((await set({ etag: older.etag, bindings })).status, 412);
    assert.equal((await set({ bindings: [{ role: VIEWER, members: ['allUsers'] }] })).status, 400);
    assert.equal((await set({ bindings }, '?generation=1')).status, 404);
    assert.equal((await gateway.call('GET', `${objectPath(bucket, 'c')}/iam`)).status, 404);
    await gateway.call('PATCH', `/storage/v1/b/${bucket}`, { body: UNIFORM });
    assert.equal((await gateway.call('GET', path)).status, 400);
    assert.equal((await set({ bindings })).status, 400);
  },
);
