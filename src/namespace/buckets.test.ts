import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, lakeFixture, makeBucket, targetOf } from '../../test/support/lake-fixture.ts';
import { namespaceFixture, streamOf } from '../../test/support/namespace-fixture.ts';
import { encodeBucket } from './rows/bucket-row.ts';
import { bucketKey } from './rows/keys.ts';
import { bucketNameProblem, objectNameProblem } from './rules/names.ts';

test('a bucket is made once, changed under preconditions, and gone after its deletion', async () => {
  const fixture = namespaceFixture();
  const { namespace } = fixture;
  const made = await makeBucket(fixture, 'b-1');
  assert.equal(made.owner, 'here');
  await assert.rejects(makeBucket(fixture, 'b-1'), { code: 'alreadyExists' });
  fixture.pass(5);
  const change = (ifMetagenerationMatch: bigint) =>
    namespace.changeBucket({
      name: 'b-1',
      preconditions: { ifMetagenerationMatch },
      change: (current) => ({ settings: { ...current.settings, labels: { a: 'b' } }, storageClass: 'NEARLINE' }),
    });
  const changed = await change(1n);
  await assert.rejects(change(1n), { code: 'preconditionFailed' });
  assert.deepEqual(await namespace.getBucket({ name: 'b-1', preconditions: {} }), changed);
  assert.equal(changed.metageneration, 2n);
  assert.equal(changed.updatedMs, made.updatedMs + 5);
  const unmodified = { name: 'b-1', preconditions: { ifMetagenerationNotMatch: 2n } };
  await assert.rejects(namespace.getBucket(unmodified), { code: 'notModified' });
  await namespace.deleteBucket({ name: 'b-1', preconditions: {} });
  await assert.rejects(namespace.getBucket({ name: 'b-1', preconditions: {} }), { code: 'bucketNotFound' });
});

test('a bucket with names in it cannot be deleted, nor one that gets a name at the same moment', async () => {
  const fixture = await lakeFixture();
  const remove = () => fixture.namespace.deleteBucket({ name: LAKE, preconditions: {} });
  await fixture.put('a', 'x');
  await assert.rejects(remove(), { code: 'bucketNotEmpty' });
  await fixture.remove('a');
  for (let round = 0; round < 50; round += 1) {
    const [deleted, inserted] = await Promise.allSettled([remove(), fixture.put('a', 'x')]);
    const isThere = await fixture.get('a').then(
      () => true,
      () => false,
    );
    assert.equal(isThere, inserted.status === 'fulfilled');
    assert.notEqual(deleted.status, inserted.status, 'exactly one of the two happens');
    if (deleted.status === 'fulfilled') await makeBucket(fixture, LAKE);
    else await fixture.remove('a');
  }
});

test('a bucket made again under its old name starts empty', async () => {
  const fixture = await lakeFixture();
  const old = await fixture.namespace.getBucket({ name: LAKE, preconditions: {} });
  await fixture.namespace.deleteBucket({ name: LAKE, preconditions: {} });
  const fresh = await makeBucket(fixture, LAKE);
  assert.notEqual(fresh.id, old.id);
  assert.deepEqual((await fixture.namespace.listObjects({ bucket: LAKE, maxResults: 10 })).items, []);
});

test('buckets are listed by project, prefix and page', async () => {
  const fixture = namespaceFixture();
  const { namespace } = fixture;
  for (const name of ['a-1', 'a-2', 'a-3', 'b-1']) await makeBucket(fixture, name);
  await namespace.insertBucket({ name: 'a-9', project: 'q', location: 'EU', storageClass: 'STANDARD', settings: {} });
  const first = await namespace.listBuckets({ project: 'p', prefix: 'a', maxResults: 2 });
  assert.deepEqual(
    first.buckets.map(({ name }) => name),
    ['a-1', 'a-2'],
  );
  const second = await namespace.listBuckets({
    project: 'p',
    prefix: 'a',
    maxResults: 2,
    after: first.nextAfter ?? '',
  });
  assert.deepEqual(
    second.buckets.map(({ name }) => name),
    ['a-3'],
  );
  assert.equal(second.nextAfter, undefined);
  assert.deepEqual((await namespace.listBuckets({ project: 'p', maxResults: 9 })).buckets.length, 4);
});

test('a site refuses to change what the cloud owns, and to make buckets of its own', async () => {
  const fixture = await lakeFixture({ settings: { site: 'east', followsCloud: false } });
  const { deps, namespace, put, get } = fixture;
  await put('a', 'x');
  const bucket = await namespace.getBucket({ name: LAKE, preconditions: {} });
  const value = encodeBucket({ ...bucket, owner: 'cloud' });
  await deps.metadata.commit({ checks: [], writes: [{ kind: 'put', key: bucketKey(LAKE), value }] });
  const refusal = { code: 'permissionDenied', message: 'gs://lake is owned by cloud; write there' };
  const address = { bucket: LAKE, name: 'a' };
  const none = { preconditions: {}, sourcePreconditions: {} };
  const copy = { source: address, destination: { bucket: LAKE, name: 'b' }, ...none };
  const compose = {
    destination: copy.destination,
    attributes: {},
    ...none,
    sources: [{ name: 'a' }],
    deleteSources: false,
  };
  await assert.rejects(put('b', 'x'), refusal);
  await assert.rejects(namespace.startUpload(targetOf('b')), refusal);
  await assert.rejects(namespace.deleteObject({ address, ...none }), refusal);
  await assert.rejects(namespace.changeObject({ address, ...none, change: (now) => now }), refusal);
  await assert.rejects(namespace.copyObject(copy), refusal);
  await assert.rejects(namespace.moveObject(copy), refusal);
  await assert.rejects(namespace.composeObject(compose), refusal);
  await assert.rejects(namespace.deleteBucket({ name: LAKE, preconditions: {} }), refusal);
  const change = () => ({ settings: {}, storageClass: 'STANDARD' });
  await assert.rejects(namespace.changeBucket({ name: LAKE, preconditions: {}, change }), refusal);
  assert.equal((await get('a')).state.size, 1);
  const site = namespaceFixture({ settings: { site: 'east', followsCloud: true } });
  await assert.rejects(makeBucket(site, 'mine'), { message: 'gs://mine is owned by cloud; write there' });
  await assert.rejects(site.namespace.insertObject({ target: targetOf('a'), body: streamOf('x') }), {
    code: 'bucketNotFound',
  });
});

test('object names: any UTF-8 of 1 to 1024 bytes but what GCS forbids', () => {
  for (const name of ['a', 'a/', 'a//b', '/x', '..x', '...', 'a\tb', '\u{1f600}', 'é'.repeat(512), ' ', '\u0000']) {
    assert.equal(objectNameProblem(name), undefined, JSON.stringify(name));
  }
  const refused = [
    '',
    '.',
    '..',
    'a\rb',
    'a\nb',
    'x'.repeat(1_025),
    'é'.repeat(513),
    '\ud800',
    '.well-known/acme-challenge/t',
  ];
  for (const name of refused) assert.notEqual(objectNameProblem(name), undefined, JSON.stringify(name));
});

test('bucket names: the rules of GCS', () => {
  const dotted = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}`;
  for (const name of ['abc', 'a-b_c', '1a2', 'gcsfs_test', 'a.b.c', 'x'.repeat(63), dotted, '1.2.3']) {
    assert.equal(bucketNameProblem(name), undefined, name);
  }
  const refused = ['ab', 'Abc', 'a b', '-abc', 'abc-', '_abc', 'x'.repeat(64), `${dotted}.${'d'.repeat(63)}`, 'a..b'];
  for (const name of [...refused, '192.168.5.4', 'goog-x', 'my-google', 'g00gle-x', `${'a'.repeat(64)}.b`]) {
    assert.notEqual(bucketNameProblem(name), undefined, name);
  }
});
