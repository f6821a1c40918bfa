import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { GivenBinding, Policy } from '../../model/policy.ts';
import { checkedEntity } from './access-list.ts';
import { BUCKET_ROLES, entityOf, memberOf, mirroredPolicy, splitPolicy } from './mirrored-policy.ts';
import { assertServable, checkedPolicy, heldPermissions, mergedBindings, PRINCIPALS_MAX, versionOf } from './policy.ts';

const VIEWER = 'roles/storage.objectViewer';
const CONDITION = { title: 'until', expression: 'request.time < timestamp("2030-01-01T00:00:00Z")' };
const UNIFORM = { takesConditions: true, before: [] };
const FINE = { takesConditions: false, before: [] };

const check = (bindings: readonly GivenBinding[], version = 3, context = UNIFORM) =>
  checkedPolicy({ version, bindings }, context);
const member = (text: string) => check([{ role: VIEWER, members: [text] }])[0]?.members[0];

test('members have a form', () => {
  const known = [
    'allUsers',
    'allAuthenticatedUsers',
    'user:a@x.y',
    'user:1234',
    'serviceAccount:a@p.iam.gserviceaccount.com',
    'group:g@x.y',
    'domain:x.y',
    'projectOwner:p',
    'projectEditor:x.y:p',
    'projectViewer:1234',
    'deleted:user:a@x.y?uid=123',
    'deleted:serviceAccount:a@x.y?uid=123',
    'principal://iam.googleapis.com/locations/global/workforcePools/p/subject/s',
    'principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*',
    'deleted:principal://iam.googleapis.com/locations/global/workforcePools/p/subject/s',
  ];
  for (const text of known) assert.equal(member(text), text);
  assert.equal(member('user:A@X.Y'), 'user:a@x.y');
  for (const text of [
    '',
    'a@x.y',
    'user:',
    'user:alice',
    'allusers',
    'robot:a@x.y',
    'domain:x',
    'deleted:user:a@x.y',
  ]) {
    assert.throws(() => member(text), { code: 'invalidArgument' }, text);
  }
});

test('roles have a form, and those of storage are known', () => {
  const role = (name: string) => check([{ role: name, members: ['allUsers'] }])[0]?.role;
  for (const name of [
    VIEWER,
    'roles/viewer',
    'roles/bigquery.dataViewer',
    'projects/p/roles/my_role',
    'organizations/1/roles/r12',
  ]) {
    assert.equal(role(name), name);
  }
  for (const name of ['', 'viewer', 'roles/', 'roles/storage.godMode', 'projects/p/my']) {
    assert.throws(() => role(name), { code: 'invalidArgument' }, name);
  }
});

test('conditions need version 3 and uniform access, and are not for everyone', () => {
  const conditional = { role: VIEWER, members: ['user:a@x.y'], condition: CONDITION };
  const policy = check([conditional]);
  assert.deepEqual(policy, [conditional]);
  assert.equal(versionOf(policy), 3);
  const refused = [
    () => check([conditional], 1),
    () => check([conditional], 3, FINE),
    () => check([{ ...conditional, members: ['allUsers'] }]),
    () => check([{ ...conditional, role: 'roles/viewer' }]),
    () => check([{ ...conditional, condition: { title: 't' } }]),
    () => check([{ ...conditional, condition: { expression: 'true' } }]),
    // Whoever knows no conditions must not remove one unseen.
    () => check([], 1, { takesConditions: true, before: policy } as never),
    () => check([], 4),
    () => assertServable(policy),
    () => assertServable(policy, 2),
    () => assertServable([], 7),
  ];
  for (const [index, call] of refused.entries()) assert.throws(call, { code: 'invalidArgument' }, `case ${index}`);
  assertServable(policy, 3);
  assertServable([], 1);
});

test('a policy has a bounded number of principals', () => {
  const members = Array.from({ length: PRINCIPALS_MAX }, (_, index) => `user:u${index}@x.y`);
  assert.equal(check([{ role: VIEWER, members }])[0]?.members.length, PRINCIPALS_MAX);
  const another = { role: 'roles/storage.objectAdmin', members: ['user:a@x.y'] };
  assert.throws(() => check([{ role: VIEWER, members }, another]), { code: 'invalidArgument' });
});

test('permissions are known ones', () => {
  assert.deepEqual(heldPermissions(['storage.objects.get', 'storage.objects.get']), ['storage.objects.get']);
  for (const name of ['storage.objects.*', 'objects.get', 'storage.buckets.fly', 'compute.instances.get']) {
    assert.throws(() => heldPermissions([name]), { code: 'invalidArgument' }, name);
  }
});

const members = [
  'user:a@x.y',
  'group:g@x.y',
  'allUsers',
  'projectOwner:p',
  'serviceAccount:a@p.iam.gserviceaccount.com',
];
const odd = ['principal://a/b', 'deleted:user:a@x.y?uid=1', 'user:a@p.iam.gserviceaccount.com', 'serviceAccount:a@x.y'];
const policies: fc.Arbitrary<Policy> = fc
  .array(
    fc.record(
      {
        role: fc.constantFrom(...Object.values(BUCKET_ROLES), VIEWER),
        members: fc.uniqueArray(fc.constantFrom(...members, ...odd), { minLength: 1 }),
        condition: fc.constant(CONDITION),
      },
      { requiredKeys: ['role', 'members'], noNullPrototype: true },
    ),
  )
  .map(mergedBindings);

/** What a policy grants, whatever the order it is told in. */
function grantsOf(policy: Policy): readonly string[] {
  const each = policy.flatMap(({ role, members: all, condition }) =>
    all.map((one) => `${role} ${one} ${condition?.title ?? ''}`),
  );
  return each.toSorted();
}

test('a policy that is split into a list and a rest is the same when it is put together again', () => {
  fc.assert(
    fc.property(policies, (policy) => {
      const { list, rest } = splitPolicy(policy, BUCKET_ROLES);
      assert.equal(new Set(list.map(({ entity }) => entity)).size, list.length);
      for (const { entity } of list) assert.equal(checkedEntity(entity), entity);
      assert.deepEqual(grantsOf(mirroredPolicy(list, rest, BUCKET_ROLES)), grantsOf(policy));
    }),
  );
});

test('a list that is told as bindings and taken back is the same, up to its limits', () => {
  const many = Array.from({ length: 150 }, (_, index) => `user:u${index}@x.y`);
  const policy = check([{ role: 'roles/storage.legacyBucketReader', members: many }]);
  const { list, rest } = splitPolicy(policy, BUCKET_ROLES);
  assert.deepEqual([list.length, rest[0]?.members.length], [100, 50]);
  assert.deepEqual(grantsOf(mirroredPolicy(list, rest, BUCKET_ROLES)), grantsOf(policy));
  for (const text of members) assert.equal(memberOf(entityOf(text) ?? ''), text);
});
