import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AccessList, Grant, PredefinedAcl } from '../../model/access-list.ts';
import type { Bucket } from '../../model/bucket.ts';
import { bucketId, scopeId } from '../../model/ids.ts';
import { changedBucketAccess, changedObjectAccess, newObjectAccess, objectAcl, ownerOf } from './access.ts';
import { changedList, checkedEntity, checkedList, GRANTS_MAX, SITE_OWNER, withOwner } from './access-list.ts';
import { withUniformAccess } from './uniform-access.ts';

const BUCKET: Bucket = {
  name: 'b',
  id: bucketId('00'.repeat(8)),
  scopeId: scopeId('00'.repeat(8)),
  owner: 'here',
  project: 'p',
  generation: 1n,
  metageneration: 1n,
  timeCreatedMs: 0,
  updatedMs: 0,
  location: 'US',
  storageClass: 'STANDARD',
  settings: {},
};
const DAY_MS = 24 * 3_600_000;

test('entities have a form, and addresses no case', () => {
  for (const entity of ['allUsers', 'user-1', 'group-g@x.y', 'domain-x.y', 'project-owners-p', 'project-viewers-123']) {
    assert.equal(checkedEntity(entity), entity);
  }
  assert.equal(checkedEntity('user-A@X.Y'), 'user-a@x.y');
  for (const entity of [
    '',
    'allusers',
    'alice',
    'user-',
    'user-a b',
    'project-p',
    'project-team-p',
    'domain-a@b',
    'a-b',
  ]) {
    assert.throws(() => checkedEntity(entity), { code: 'invalidArgument' }, entity);
  }
});

test('lists name an entity once, have roles of their kind, and an end', () => {
  const entry = (entity: string, role = 'READER') => ({ entity, role });
  assert.equal(checkedList([entry('allUsers', 'WRITER')], 'bucket').length, 1);
  const refused = [
    [[entry('allUsers'), entry('allUsers')], 'bucket'],
    [[entry('allUsers', 'WRITER')], 'object'],
    [Array.from({ length: GRANTS_MAX + 1 }, (_, index) => entry(`user-${index}`)), 'object'],
    [Array.from({ length: 40 }, (_, index) => entry(`user-${index}@${'x'.repeat(190)}.y`)), 'object'],
  ] as const;
  for (const [list, kind] of refused) assert.throws(() => checkedList(list, kind), { code: 'invalidArgument' });
});

const grants: fc.Arbitrary<AccessList> = fc.uniqueArray(
  fc.record(
    {
      entity: fc.constantFrom('user-a', 'user-b', 'allUsers', SITE_OWNER),
      role: fc.constantFrom('OWNER', 'READER'),
    },
    { noNullPrototype: true },
  ),
  { selector: ({ entity }) => entity },
) as fc.Arbitrary<Grant[]>;

test('the owner of an object has OWNER, whatever is done to its list', () => {
  const change = fc.oneof(
    fc.record(
      {
        kind: fc.constant('insert' as const),
        entity: fc.constantFrom('user-a', SITE_OWNER),
        role: fc.constantFrom('OWNER', 'READER'),
      },
      { noNullPrototype: true },
    ),
    fc.record(
      { kind: fc.constant('remove' as const), entity: fc.constantFrom('user-a', SITE_OWNER) },
      { noNullPrototype: true },
    ),
  );
  fc.assert(
    fc.property(grants, fc.array(change, { maxLength: 6 }), (given, changes) => {
      let list = withOwner(given, SITE_OWNER);
      for (const one of changes) {
        try {
          list = changedList(list, one, { kind: 'object', owner: SITE_OWNER });
        } catch (error) {
          assert.match(String(error), /must keep the role OWNER|not found/);
        }
        assert.deepEqual(
          list.filter(({ entity }) => entity === SITE_OWNER),
          [{ entity: SITE_OWNER, role: 'OWNER' }],
        );
        assert.equal(new Set(list.map(({ entity }) => entity)).size, list.length);
      }
    }),
  );
});

test('what is stored of an object says the same as the list that was asked for, and nothing of the plain one', () => {
  assert.deepEqual(newObjectAccess(BUCKET, {}), {});
  assert.deepEqual(newObjectAccess(BUCKET, { predefined: 'projectPrivate' }), {});
  fc.assert(
    fc.property(grants, fc.option(fc.constant({ email: 'a@x.y' }), { nil: undefined }), (list, principal) => {
      const made = newObjectAccess(BUCKET, { list, ...(principal && { principal }) });
      assert.deepEqual(objectAcl(BUCKET, made), withOwner(list, ownerOf(made)));
      const inOther = newObjectAccess({ ...BUCKET, defaultObjectAcl: list }, { ...(principal && { principal }) });
      assert.deepEqual(inOther, made);
    }),
  );
});

test('under uniform access a list that says something is refused, and what is stored stays', () => {
  const uniform = {
    ...BUCKET,
    settings: withUniformAccess({}, { iamConfiguration: { bucketPolicyOnly: { enabled: true } } }, 0),
  };
  const stored = { acl: [{ entity: 'allUsers', role: 'READER' as const }] };
  for (const wanted of [{}, { list: [] }, { list: null }, { isUpdate: true }]) {
    assert.deepEqual(changedObjectAccess(uniform, stored, wanted), stored);
  }
  const named = { predefined: 'private' as PredefinedAcl };
  assert.throws(() => changedObjectAccess(uniform, stored, named), { code: 'invalidArgument' });
  assert.throws(() => newObjectAccess(uniform, named), { code: 'invalidArgument' });
  const kept = { ...uniform, ...stored };
  assert.deepEqual(changedBucketAccess(kept, { isUpdate: true }).acl?.[0], stored.acl[0]);
  assert.throws(() => changedBucketAccess(uniform, { acl: named }), { code: 'invalidArgument' });
});

test('uniform access is locked 90 days after it was turned on', () => {
  const on = { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } };
  const off = { iamConfiguration: { uniformBucketLevelAccess: { enabled: false } } };
  const enabled = withUniformAccess({}, on, 0);
  const lockedTime = new Date(90 * DAY_MS).toISOString();
  const uniform = { enabled: true, lockedTime };
  assert.deepEqual(enabled, {
    iamConfiguration: { bucketPolicyOnly: uniform, uniformBucketLevelAccess: uniform },
  });
  assert.deepEqual(withUniformAccess(enabled, { ...enabled, ...on }, DAY_MS), enabled);
  const older = {
    iamConfiguration: { ...(enabled['iamConfiguration'] as object), bucketPolicyOnly: { enabled: false } },
  };
  assert.deepEqual(withUniformAccess(enabled, older, DAY_MS), withUniformAccess({}, off, 0));
  assert.throws(() => withUniformAccess(enabled, { ...enabled, ...off }, 90 * DAY_MS), { code: 'invalidArgument' });
  const again = withUniformAccess(withUniformAccess(enabled, off, 90 * DAY_MS - 1), on, 90 * DAY_MS);
  assert.notDeepEqual(again, enabled);
});
