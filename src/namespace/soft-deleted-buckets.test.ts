import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, type LakeFixture, lakeFixture, makeBucket } from '../../test/support/lake-fixture.ts';
import { storeWith } from '../../test/support/store-with.ts';
import type { Bucket } from '../model/bucket.ts';
import { advanceOperationsOnce } from './advance-operations.ts';
import { BUCKET_BYTES_MAX } from './bucket-write.ts';
import { OPERATION_WORKERS } from './operation-workers.ts';
import { encodeBucket } from './rows/bucket-row.ts';
import { decodeJournal } from './rows/journal.ts';
import { bucketKey } from './rows/keys.ts';
import { expireBucketsOnce, restoreBucket } from './soft-deleted-buckets.ts';

const SIGNAL = new AbortController().signal;
const WEEK_MS = 7 * 86_400_000;
const SETTINGS = {
  softDeletePolicy: { retentionDurationSeconds: '604800' },
  labels: { team: 'a' },
  iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
};

const NOTIFICATION = {
  topic: '//pubsub.googleapis.com/projects/project-1/topics/topic-1',
  ...{ payloadFormat: 'NONE' as const, eventTypes: [], customAttributes: {} },
};

async function softDeleting(): Promise<LakeFixture & { readonly made: Bucket }> {
  const fixture = await lakeFixture();
  await remove(fixture);
  const made = await remake(fixture);
  return { ...fixture, made };
}

const remove = ({ namespace }: LakeFixture) => namespace.deleteBucket({ name: LAKE, preconditions: {} });
const remake = ({ namespace }: LakeFixture) =>
  namespace.insertBucket({ name: LAKE, project: 'p', location: 'EU', storageClass: 'NEARLINE', settings: SETTINGS });
const listed = async ({ namespace }: LakeFixture, maxResults = 100) => {
  const found: bigint[] = [];
  let after: string | undefined;
  do {
    const from = after === undefined ? {} : { after };
    const page = await namespace.listSoftDeletedBuckets({ project: 'p', maxResults, ...from });
    found.push(...page.buckets.map(({ generation }) => generation));
    after = page.nextAfter;
  } while (after !== undefined);
  return found;
};

/** How the keys of all rows begin. */
async function rowWords({ deps }: LakeFixture): Promise<readonly string[]> {
  const rows = await deps.metadata.scan({ start: new Uint8Array(), end: Buffer.alloc(8, 0xff) }, { limit: 99 });
  return rows.map(({ key }) => Buffer.from(key).toString('latin1').split('/')[0] ?? '');
}

test('a bucket without a retention is gone at once, and its name never has its generation again', async () => {
  const fixture = await lakeFixture();
  const generations = new Set<bigint>();
  for (let round = 0; round < 5; round += 1) {
    generations.add((await fixture.namespace.getBucket({ name: LAKE, preconditions: {} })).generation);
    await remove(fixture);
    await makeBucket(fixture, LAKE);
  }
  assert.equal(generations.size, 5);
  assert.deepEqual(await listed(fixture), []);
  await fixture.namespace.insertNotification({ bucket: LAKE, settings: NOTIFICATION });
  await remove(fixture);
  assert.deepEqual(await rowWords(fixture), []);
});

test('turning soft delete off loses nothing of what a bucket soft-deleted before, nor the bucket', async () => {
  const fixture = await softDeleting();
  const { namespace, made } = fixture;
  const { state } = await fixture.put('x', 'kept');
  await fixture.remove('x');
  for (const seconds of ['0', '1209600', '0']) {
    const settings = { ...SETTINGS, softDeletePolicy: { retentionDurationSeconds: seconds } };
    const change = ({ storageClass }: Bucket) => ({ settings, storageClass });
    await namespace.changeBucket({ name: LAKE, preconditions: {}, change });
  }
  await remove(fixture);
  const address = { name: LAKE, generation: made.generation };
  const { softDeletion } = await namespace.getSoftDeletedBucket({ ...address, preconditions: {} });
  assert.equal((softDeletion?.hardDeleteMs ?? 0) - (softDeletion?.atMs ?? 0), 2 * WEEK_MS);
  await namespace.restoreBucket(address);
  const version = { bucket: LAKE, name: 'x', generation: state.generation };
  await namespace.restoreObject({ address: version, preconditions: {}, copySourceAcl: false });
  assert.equal(await fixture.readText('x'), 'kept');
});

test('a soft-deleted bucket comes back with all it had, and its soft-deleted objects after it', async () => {
  const fixture = await softDeleting();
  const { namespace, made, put, pass } = fixture;
  const { generation } = made;
  const object = await put('a', 'one');
  await fixture.remove('a');
  const policy = await namespace.getBucketPolicy({ bucket: LAKE });
  await namespace.insertNotification({ bucket: LAKE, settings: NOTIFICATION });
  const notifications = await namespace.listNotifications({ bucket: LAKE });
  pass(1_000);
  await remove(fixture);
  await assert.rejects(namespace.getBucket({ name: LAKE, preconditions: {} }), { code: 'bucketNotFound' });
  await assert.rejects(put('b', 'x'), { code: 'bucketNotFound' });
  const deleted = await namespace.getSoftDeletedBucket({ name: LAKE, generation, preconditions: {} });
  const atMs = fixture.deps.clock.nowMs();
  assert.deepEqual(deleted, { ...made, softDeletion: { atMs, hardDeleteMs: atMs + WEEK_MS } });
  assert.deepEqual(await listed(fixture), [generation]);
  pass(WEEK_MS - 2_000);
  const restored = await namespace.restoreBucket({ name: LAKE, generation });
  assert.deepEqual(restored, { ...made, metageneration: made.metageneration + 1n, updatedMs: atMs + WEEK_MS - 2_000 });
  assert.deepEqual(await namespace.getBucket({ name: LAKE, generation, preconditions: {} }), restored);
  assert.deepEqual((await namespace.getBucketPolicy({ bucket: LAKE })).policy, policy.policy);
  assert.deepEqual(await namespace.listNotifications({ bucket: LAKE }), notifications);
  assert.deepEqual(await listed(fixture), []);
  await put('b', 'x');
  const address = { bucket: LAKE, name: 'a', generation: object.state.generation };
  await namespace.restoreObject({ address, preconditions: {}, copySourceAcl: false });
  assert.equal(await fixture.readText('a'), 'one');
});

test('from its hard delete time on it is not seen, cleaned up or not, and nothing of it stays', async () => {
  const fixture = await softDeleting();
  const { namespace, made, deps } = fixture;
  await namespace.insertNotification({ bucket: LAKE, settings: NOTIFICATION });
  await remove(fixture);
  fixture.pass(WEEK_MS - 1);
  assert.deepEqual([await expireBucketsOnce(deps, SIGNAL), (await listed(fixture)).length], [0, 1]);
  fixture.pass(1);
  const address = { name: LAKE, generation: made.generation };
  for (const isCleanedUp of [false, true]) {
    if (isCleanedUp) assert.equal(await expireBucketsOnce(deps, SIGNAL), 1);
    await assert.rejects(namespace.restoreBucket(address), { code: 'bucketNotFound' });
    await assert.rejects(namespace.getSoftDeletedBucket({ ...address, preconditions: {} }), { code: 'bucketNotFound' });
    assert.deepEqual(await listed(fixture), []);
  }
  assert.deepEqual(await rowWords(fixture), []);
});

test("a bucket's deletions, restorations and its end are in its journal", async () => {
  const fixture = await softDeleting();
  const { namespace, deps, made } = fixture;
  await remove(fixture);
  await namespace.restoreBucket({ name: LAKE, generation: made.generation });
  await remove(fixture);
  fixture.pass(WEEK_MS);
  await expireBucketsOnce(deps, SIGNAL);
  const ops: string[] = [];
  const ending = new AbortController();
  for await (const { value } of deps.metadata.tail(made.scopeId, 0n, ending.signal)) {
    ops.push(decodeJournal(value).record.op);
    if (ops.length === Number(await deps.metadata.head(made.scopeId))) ending.abort();
  }
  assert.deepEqual(ops, ['bucketInsert', 'bucketDelete', 'bucketRestore', 'bucketDelete', 'bucketPurge']);
});

test('a name may have many soft-deleted buckets, one of which comes back once no bucket lives under it', async () => {
  const fixture = await softDeleting();
  const { namespace } = fixture;
  const generations = [fixture.made.generation];
  for (let round = 0; round < 6; round += 1) {
    await remove(fixture);
    generations.push((await remake(fixture)).generation);
  }
  const [chosen = 0n] = generations;
  assert.deepEqual(await listed(fixture, 2), generations.slice(0, 6));
  await assert.rejects(namespace.restoreBucket({ name: LAKE, generation: chosen }), { code: 'alreadyExists' });
  await remove(fixture);
  assert.equal((await namespace.restoreBucket({ name: LAKE, generation: chosen })).generation, chosen);
  assert.deepEqual(await listed(fixture, 3), generations.slice(1));
  const other = namespace.getBucket({ name: LAKE, generation: generations[1] ?? 0n, preconditions: {} });
  await assert.rejects(other, { code: 'bucketNotFound' });
});

test('of a restoration and a bucket made under its name at the same moment one happens', async () => {
  for (let round = 0; round < 20; round += 1) {
    const fixture = await softDeleting();
    const { generation } = fixture.made;
    await remove(fixture);
    const restore = () => fixture.namespace.restoreBucket({ name: LAKE, generation });
    const both = await Promise.allSettled(
      round % 2 === 0 ? [restore(), remake(fixture)] : [remake(fixture), restore()],
    );
    assert.equal(both.filter(({ status }) => status === 'fulfilled').length, 1);
    const lives = await fixture.namespace.getBucket({ name: LAKE, preconditions: {} });
    assert.deepEqual(await listed(fixture), lives.generation === generation ? [] : [generation]);
  }
});

/** A bucket whose row has exactly so many bytes. */
async function filled(fixture: LakeFixture, made: Bucket, rowBytes: number): Promise<Bucket> {
  const withSuffix = (bytes: number) => ({
    ...{ ...made, settings: { ...made.settings, website: { mainPageSuffix: 'x'.repeat(bytes) } } },
  });
  const bucket = withSuffix(rowBytes - encodeBucket(withSuffix(30_000)).length + 30_000);
  const value = encodeBucket(bucket);
  assert.equal(value.length, rowBytes);
  await fixture.deps.metadata.commit({ checks: [], writes: [{ kind: 'put', key: bucketKey(LAKE), value }] });
  return bucket;
}

const refusalOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => (error as { readonly code?: string }).code,
  );

test('a bucket near the limit of its row is deleted and restored, relocated, or left as it was', async () => {
  const fixture = await softDeleting();
  const { namespace, made, deps } = fixture;
  const { generation } = made;
  const counts = { deleted: 0, notDeleted: 0, moved: 0, notMoved: 0 };
  const bucketNow = () => namespace.getBucket({ name: LAKE, preconditions: {} });
  const dataLocations = ['europe-west1', 'europe-west4'];
  const request = { destinationLocation: 'eu', destinationCustomPlacementConfig: { dataLocations } };
  for (let bytes = BUCKET_BYTES_MAX.live - 200; bytes <= BUCKET_BYTES_MAX.whole; bytes += 1) {
    const bucket = await filled(fixture, made, bytes);
    const why = await refusalOf(remove(fixture));
    if (why === undefined) {
      counts.deleted += 1;
      assert.deepEqual((await namespace.restoreBucket({ name: LAKE, generation })).settings, bucket.settings);
    } else {
      assert.ok(bytes > BUCKET_BYTES_MAX.live, 'what is let live can be deleted');
      counts.notDeleted += 1;
      assert.deepEqual([why, await bucketNow()], ['invalidArgument', bucket]);
    }
    assert.deepEqual(await listed(fixture), []);
    const before = await bucketNow();
    const whyNot = await refusalOf(namespace.relocateBucket({ bucket: LAKE, request, validateOnly: false }));
    const ended = await advanceOperationsOnce(deps, OPERATION_WORKERS, SIGNAL);
    const after = await bucketNow();
    if (whyNot === undefined) {
      counts.moved += 1;
      assert.deepEqual(after.settings['customPlacementConfig'], { dataLocations: ['EUROPE-WEST1', 'EUROPE-WEST4'] });
    } else {
      counts.notMoved += 1;
      assert.deepEqual([whyNot, ended, after], ['invalidArgument', 0, before]);
    }
  }
  assert.ok(
    Object.values(counts).every((count) => count > 3),
    JSON.stringify(counts),
  );
});

/** Lets others go on for a number of steps. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

test('a bucket whose time ends while it is restored does not come back without its policy', async () => {
  const fixture = await softDeleting();
  const { deps, made } = fixture;
  await remove(fixture);
  fixture.pass(WEEK_MS - 1);
  let commits = 0;
  const metadata = storeWith(deps.metadata, {
    commit: async (transaction) => {
      commits += 1;
      fixture.pass(1);
      assert.equal(await expireBucketsOnce(deps, SIGNAL), 1);
      return deps.metadata.commit(transaction);
    },
  });
  const address = { name: LAKE, generation: made.generation };
  await assert.rejects(restoreBucket({ ...deps, metadata }, address), { code: 'bucketNotFound' });
  assert.equal(commits, 1);
  assert.deepEqual(await rowWords(fixture), []);
});

test('a notification made while its bucket ends is refused or goes with it', async () => {
  for (let round = 0; round < 40; round += 1) {
    const fixture = await lakeFixture();
    const insert = () => fixture.namespace.insertNotification({ bucket: LAKE, settings: NOTIFICATION });
    await Promise.allSettled([turns(round).then(insert), remove(fixture)]);
    assert.deepEqual(await rowWords(fixture), [], `round ${round}`);
  }
});
