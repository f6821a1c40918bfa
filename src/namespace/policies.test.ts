import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, lakeFixture } from '../../test/support/lake-fixture.ts';
import { encodeBucket } from './rows/bucket-row.ts';
import { decodeJournal } from './rows/journal.ts';
import { bucketKey } from './rows/keys.ts';
import { bucketPolicyPlace, readPolicy } from './rows/policy-rows.ts';

const PRECONDITIONS = {};
const viewers = (member: string) => ({ bindings: [{ role: 'roles/storage.objectViewer', members: [member] }] });

test('of two who set the policy they both read, one wins', async () => {
  const { namespace, deps } = await lakeFixture();
  const preconditions = { ifMetagenerationMatch: 1n };
  const members = ['user:a@x.y', 'user:b@x.y', 'user:c@x.y'];
  const outcomes = await Promise.allSettled(
    members.map((member) => namespace.setBucketPolicy({ bucket: LAKE, policy: viewers(member), preconditions })),
  );
  const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  assert.equal(winners.length, 1);
  const shown = await namespace.getBucketPolicy({ bucket: LAKE });
  assert.deepEqual(shown, winners[0]?.value);
  assert.equal(shown.bucket.metageneration, 2n);
  const ops: string[] = [];
  for await (const { value } of deps.metadata.tail(shown.bucket.scopeId, 0n, new AbortController().signal)) {
    if (ops.push(decodeJournal(value).record.op) === 2) break;
  }
  assert.deepEqual(ops, ['bucketInsert', 'bucketPatch']);
});

test('changes of access at the same time are all there', async () => {
  const { namespace } = await lakeFixture();
  const address = { bucket: LAKE, list: 'acl' as const };
  const entities = Array.from({ length: 8 }, (_, index) => `user-u${index}@x.y`);
  await Promise.all(
    entities.map((entity) =>
      namespace.changeBucketList({ address, change: { kind: 'insert', entity, role: 'READER' } }),
    ),
  );
  const { list, bucket } = await namespace.getBucketList({ address, preconditions: PRECONDITIONS });
  assert.deepEqual(
    list
      .slice(3)
      .map(({ entity }) => entity)
      .toSorted(),
    entities,
  );
  assert.equal(bucket.metageneration, 9n);
});

test('access to what a cloud owns is neither changed nor made up', async () => {
  const { namespace, deps, put } = await lakeFixture();
  await put('a', 'one');
  const bucket = await namespace.getBucket({ name: LAKE, preconditions: PRECONDITIONS });
  const row = { kind: 'put' as const, key: bucketKey(LAKE), value: encodeBucket({ ...bucket, owner: 'cloud' }) };
  await deps.metadata.commit({ checks: [], writes: [row] });
  const address = { bucket: LAKE, name: 'a' };
  const change = { kind: 'insert' as const, entity: 'allUsers', role: 'READER' };
  const writes = [
    namespace.changeBucketList({ address: { bucket: LAKE, list: 'acl' }, change }),
    namespace.changeObjectList({ address, change }),
    namespace.setBucketPolicy({ bucket: LAKE, policy: viewers('allUsers'), preconditions: PRECONDITIONS }),
    namespace.setObjectPolicy({ address, policy: { bindings: [] }, preconditions: PRECONDITIONS }),
  ];
  for (const write of writes) await assert.rejects(write, { code: 'permissionDenied' });
  const reads = [
    namespace.getBucketList({ address: { bucket: LAKE, list: 'acl' }, preconditions: PRECONDITIONS }),
    namespace.getObjectList(address),
    namespace.getBucketPolicy({ bucket: LAKE }),
    namespace.getObjectPolicy(address),
  ];
  for (const read of reads) await assert.rejects(read, { code: 'unsupported' });
});

test('a policy of many parts is replaced whole, by one of few', async () => {
  const { namespace, deps } = await lakeFixture();
  const members = Array.from({ length: 1_400 }, (_, index) => `user:u${index}@${'long-'.repeat(8)}domain.example`);
  const policy = { bindings: [{ role: 'roles/storage.objectViewer', members }] };
  const set = await namespace.setBucketPolicy({ bucket: LAKE, policy, preconditions: PRECONDITIONS });
  const place = bucketPolicyPlace(set.bucket.id);
  assert.ok((await readPolicy(deps.metadata, place)).parts > 3);
  await namespace.setBucketPolicy({ bucket: LAKE, policy: viewers('allUsers'), preconditions: PRECONDITIONS });
  assert.deepEqual(await readPolicy(deps.metadata, place), { policy: viewers('allUsers').bindings, parts: 1 });
  await namespace.deleteBucket({ name: LAKE, preconditions: PRECONDITIONS });
  assert.equal((await readPolicy(deps.metadata, place)).parts, 0);
});
