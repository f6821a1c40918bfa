/** What a hold or a retention keeps is lost on no way on which objects are deleted, overwritten or moved. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, type NamespaceFixture, namespaceFixture, streamOf } from '../../test/support/namespace-fixture.ts';
import { storeWith } from '../../test/support/store-with.ts';
import type { ObjectAttributes, ObjectState } from '../model/object.ts';
import { advanceOperationsOnce } from './advance-operations.ts';
import { expireSoftDeletedOnce } from './expire-soft-deleted.ts';
import { OPERATION_WORKERS } from './operation-workers.ts';
import { hardDeleteKey, softDeletedKey } from './rows/keys.ts';
import { encodeHardDelete, encodeVersion } from './rows/version-rows.ts';
import { bindNamespace, type Namespace } from './service.ts';

const BUCKET = 'kept';
const HOUR_MS = 3_600_000;
const SIGNAL = new AbortController().signal;
const NOT_MET = { code: 'permissionDenied', details: { reason: 'retentionPolicyNotMet' } };
const HELD = { code: 'permissionDenied', message: /is under active (Temporary|Event-Based) hold/ };

type Settings = Readonly<Record<string, unknown>>;

interface Kept extends NamespaceFixture {
  put(name: string, body: string, attributes?: ObjectAttributes): Promise<ObjectState>;
  configure(settings: Settings): Promise<void>;
  text(name: string): Promise<string>;
}

async function keptFixture(settings: Settings = {}): Promise<Kept> {
  const fixture = namespaceFixture();
  const { namespace } = fixture;
  const made = { project: 'p', location: 'US', storageClass: 'STANDARD', settings };
  await namespace.insertBucket({ ...made, name: BUCKET, hasObjectRetention: true });
  await namespace.insertBucket({ ...made, name: 'elsewhere', location: 'EU', settings: {} });
  return {
    ...fixture,
    put: async (name, body, attributes = {}) => (await insert(namespace, name, body, attributes)).state,
    configure: async (more) => {
      await namespace.changeBucket({
        name: BUCKET,
        preconditions: {},
        change: (now) => ({ storageClass: now.storageClass, settings: { ...now.settings, ...more } }),
      });
    },
    text: async (name) => {
      const object = await namespace.getObject(at(name));
      const range = { start: 0, end: object.state.size };
      return (await collect(namespace.openObject({ object, range, signal: SIGNAL }))).toString();
    },
  };
}

const at = (name: string, generation?: ObjectState['generation']) => ({
  address: { bucket: BUCKET, name, ...(generation === undefined ? {} : { generation }) },
  preconditions: {},
});

const targetOf = (name: string, attributes: ObjectAttributes = {}) => ({
  bucket: BUCKET,
  name,
  attributes,
  preconditions: {},
  expected: {},
});

const insert = (namespace: Namespace, name: string, body: string, attributes: ObjectAttributes = {}) =>
  namespace.insertObject({ target: targetOf(name, attributes), body: streamOf(body) });

const copy = (source: string, name: string, bucket = BUCKET) => ({
  source: { bucket, name: source },
  sourcePreconditions: {},
  destination: { bucket: BUCKET, name },
  preconditions: {},
});

const compose = (sources: readonly { name: string; generation?: ObjectState['generation'] }[], name: string) => ({
  destination: { bucket: BUCKET, name },
  attributes: {},
  preconditions: {},
  sources,
  deleteSources: name !== 'a',
});

/** Every way on which `a` could be lost. `b` and `elsewhere/b` are there too, and `a` has a soft-deleted version. */
const LOSSES: Readonly<Record<string, (fixture: Kept, kept: ObjectState) => Promise<unknown>>> = {
  'a deletion': ({ namespace }) => namespace.deleteObject(at('a')),
  'a deletion by generation': ({ namespace }, { generation }) => namespace.deleteObject(at('a', generation)),
  'an insert': ({ namespace }) => insert(namespace, 'a', 'other'),
  'the end of a resumable upload': async ({ namespace }) => {
    const { uploadId } = await namespace.startUpload(targetOf('a'));
    await namespace.appendUpload({ uploadId, offset: 0, end: 5, total: 5, body: streamOf('other') });
  },
  'a copy': ({ namespace }) => namespace.copyObject(copy('b', 'a')),
  'a copy of bytes': ({ namespace }) => namespace.copyObject(copy('b', 'a', 'elsewhere')),
  'a copy onto itself': ({ namespace }) => namespace.copyObject(copy('a', 'a')),
  'a rewrite': ({ namespace }) => namespace.rewriteObject(copy('b', 'a')),
  'a move away': ({ namespace }) => namespace.moveObject(copy('a', 'c')),
  'a move onto it': ({ namespace }) => namespace.moveObject(copy('b', 'a')),
  'a composition': ({ namespace }) => namespace.composeObject(compose([{ name: 'b' }], 'a')),
  'a composition of itself': ({ namespace }) => namespace.composeObject(compose([{ name: 'a' }, { name: 'b' }], 'a')),
  'a composition that deletes it': ({ namespace }) =>
    namespace.composeObject(compose([{ name: 'b' }, { name: 'a' }], 'c')),
  'a restoration': async ({ namespace }) => {
    const { items } = await namespace.listObjects({ bucket: BUCKET, maxResults: 9, versions: 'softDeleted' });
    const [deleted] = items;
    assert.ok(deleted !== undefined);
    const address = { bucket: BUCKET, name: 'a', generation: deleted.state.generation };
    await namespace.restoreObject({ address, preconditions: {}, copySourceAcl: false });
  },
};

/** What keeps an object: settings of the bucket, and attributes of the object. */
const KEEPERS: readonly {
  what: string;
  policy?: Settings;
  own?: (nowMs: number) => ObjectAttributes;
  error: object;
}[] = [
  { what: 'a retention policy', policy: { retentionPolicy: { retentionPeriod: '3600' } }, error: NOT_MET },
  { what: 'an unlocked retention', own: (nowMs) => retained('Unlocked', nowMs), error: NOT_MET },
  { what: 'a locked retention', own: (nowMs) => retained('Locked', nowMs), error: NOT_MET },
  { what: 'a temporary hold', own: () => ({ temporaryHold: true }), error: HELD },
  { what: 'an event-based hold', own: () => ({ eventBasedHold: true }), error: HELD },
];

function retained(mode: 'Unlocked' | 'Locked', nowMs: number): ObjectAttributes {
  return { retention: { mode, retainUntilMs: nowMs + HOUR_MS } };
}

const SOFT = { softDeletePolicy: { retentionDurationSeconds: '604800' } };

for (const { what, policy = {}, own, error } of KEEPERS) {
  test(`${what} keeps an object from all that would delete, overwrite or move it`, async () => {
    for (const [loss, lose] of Object.entries(LOSSES)) {
      const fixture = await keptFixture(SOFT);
      const { namespace, deps, put, pass } = fixture;
      await put('a', 'older');
      await namespace.deleteObject(at('a'));
      await put('b', 'b');
      await insert(namespace, 'b', 'b');
      const target = { ...targetOf('b'), bucket: 'elsewhere' };
      await namespace.insertObject({ target, body: streamOf('elsewhere') });
      await fixture.configure(policy);
      // Moves, and compositions that delete their sources, lose `b` as well: it is older than the policy says.
      pass(HOUR_MS);
      const kept = await put('a', 'kept', own?.(deps.clock.nowMs()));
      const before = await rowsOf(fixture);
      await assert.rejects(lose(fixture, kept), error, loss);
      assert.deepEqual(await rowsOf(fixture), before, loss);
      assert.equal(await fixture.text('a'), 'kept', loss);
      pass(HOUR_MS);
      if (error === NOT_MET) await lose(fixture, kept);
      else await assert.rejects(lose(fixture, kept), error, loss);
    }
  });
}

/** All versions of the bucket, whatever their state. */
async function rowsOf({ namespace }: Kept) {
  const list = async (versions: 'all' | 'softDeleted') =>
    (await namespace.listObjects({ bucket: BUCKET, maxResults: 100, versions })).items;
  return [await list('all'), await list('softDeleted')];
}

test('versioning lets a retained object become noncurrent, and from there nothing takes it', async () => {
  for (const keeper of KEEPERS.slice(0, 3)) {
    const fixture = await keptFixture({ ...keeper.policy, versioning: { enabled: true } });
    const { namespace, deps, put, pass } = fixture;
    const { generation } = await put('a', 'kept', keeper.own?.(deps.clock.nowMs()));
    await assert.rejects(namespace.deleteObject(at('a', generation)), NOT_MET, keeper.what);
    await put('a', 'next');
    await assert.rejects(namespace.deleteObject(at('a', generation)), NOT_MET, keeper.what);
    const sources = [{ name: 'a', generation }];
    await assert.rejects(namespace.composeObject(compose(sources, 'c')), NOT_MET, keeper.what);
    const { state } = await namespace.getObject(at('a', generation));
    assert.equal(state.retention?.mode, keeper.own?.(0).retention?.mode);
    pass(HOUR_MS);
    await namespace.composeObject(compose(sources, 'c'));
    await assert.rejects(namespace.getObject(at('a', generation)), { code: 'objectNotFound' }, keeper.what);
  }
});

test('a hold lets no version become noncurrent', async () => {
  const { namespace, put } = await keptFixture({ versioning: { enabled: true } });
  await put('a', 'kept', { temporaryHold: true });
  await assert.rejects(put('a', 'next'), HELD);
  await assert.rejects(namespace.deleteObject(at('a')), HELD);
});

test('a bulk restoration passes what is kept, and a recursive deletion ends at it', async () => {
  for (const { what, policy = {}, own } of KEEPERS) {
    const fixture = await keptFixture(SOFT);
    const { namespace, deps, put } = fixture;
    await put('a', 'older');
    await namespace.deleteObject(at('a'));
    await fixture.configure(policy);
    await put('a', 'kept', own?.(deps.clock.nowMs()));
    const request = { allowOverwrite: true, copySourceAcl: false };
    const { id } = await namespace.bulkRestoreObjects({ bucket: BUCKET, request });
    await advanceOperationsOnce(deps, OPERATION_WORKERS, SIGNAL);
    const { shown } = await namespace.getOperation({ bucket: BUCKET, id });
    assert.deepEqual([shown['skippedObjectCount'], await fixture.text('a')], ['1', 'kept'], what);
  }
  const fixture = namespaceFixture();
  const { namespace, deps } = fixture;
  const iamConfiguration = { uniformBucketLevelAccess: { enabled: true } };
  const settings = { hierarchicalNamespace: { enabled: true }, iamConfiguration };
  await namespace.insertBucket({ name: BUCKET, project: 'p', location: 'US', storageClass: 'STANDARD', settings });
  await insert(namespace, 'f/a', 'kept', { eventBasedHold: true });
  const { id } = await namespace.deleteFolderRecursive({
    address: { bucket: BUCKET, name: 'f/' },
    preconditions: {},
  });
  await advanceOperationsOnce(deps, OPERATION_WORKERS, SIGNAL);
  const { outcome } = await namespace.getOperation({ bucket: BUCKET, id });
  assert.equal(outcome?.kind, 'error', JSON.stringify(outcome));
  assert.equal((await namespace.getObject(at('f/a'))).state.eventBasedHold, true);
});

test('a hold, a retention or a policy that comes before the commit counts', async () => {
  const comes: Readonly<Record<string, (fixture: Kept) => Promise<unknown>>> = {
    hold: ({ namespace }) => namespace.changeObject({ ...at('a'), change: (now) => ({ ...now, temporaryHold: true }) }),
    retention: ({ namespace, deps }) =>
      namespace.changeObject({ ...at('a'), change: (now) => ({ ...now, ...retained('Locked', deps.clock.nowMs()) }) }),
    policy: ({ configure }) => configure({ retentionPolicy: { retentionPeriod: '3600' } }),
  };
  for (const [what, come] of Object.entries(comes)) {
    const fixture = await keptFixture();
    await fixture.put('a', 'kept');
    const { metadata } = fixture.deps;
    let isFirst = true;
    const racing = storeWith(metadata, {
      commit: async (transaction) => {
        if (isFirst) {
          isFirst = false;
          await come(fixture);
        }
        return metadata.commit(transaction);
      },
    });
    const namespace = bindNamespace({ ...fixture.deps, metadata: racing });
    await assert.rejects(namespace.deleteObject(at('a')), { code: 'permissionDenied' }, what);
    assert.equal(await fixture.text('a'), 'kept', what);
  }
});

test("a bucket's default hold that comes before the commit of an insert counts", async () => {
  const fixture = await keptFixture();
  const { metadata } = fixture.deps;
  let isFirst = true;
  const racing = storeWith(metadata, {
    commit: async (transaction) => {
      if (isFirst) {
        isFirst = false;
        await fixture.configure({ defaultEventBasedHold: true });
      }
      return metadata.commit(transaction);
    },
  });
  const { state } = await insert(bindNamespace({ ...fixture.deps, metadata: racing }), 'a', 'kept');
  assert.equal(state.eventBasedHold, true);
});

test('a lock that comes before the commit of a patch counts', async () => {
  const fixture = await keptFixture();
  const { deps } = fixture;
  const nowMs = deps.clock.nowMs();
  await fixture.put('a', 'kept', retained('Unlocked', nowMs));
  const change = (namespace: Namespace, attributes: ObjectAttributes) =>
    namespace.changeObject({ ...at('a'), change: () => attributes, overridesUnlockedRetention: true });
  let isFirst = true;
  const racing = storeWith(deps.metadata, {
    commit: async (transaction) => {
      if (isFirst) {
        isFirst = false;
        await change(fixture.namespace, retained('Locked', nowMs));
      }
      return deps.metadata.commit(transaction);
    },
  });
  await assert.rejects(change(bindNamespace({ ...deps, metadata: racing }), {}), {
    message: /locked object retention/,
  });
  await assert.rejects(fixture.namespace.deleteObject(at('a')), NOT_MET);
});

test('cleaning up leaves a soft-deleted version that is retained, until it is no longer', async () => {
  const fixture = await keptFixture(SOFT);
  const { namespace, deps, pass } = fixture;
  const made = await fixture.put('a', 'kept', retained('Locked', deps.clock.nowMs()));
  const { id: bucketId, scopeId } = await namespace.getBucket({ name: BUCKET, preconditions: {} });
  // No deletion of this release makes such rows.
  const place = { bucketId, name: 'a', generation: made.generation };
  const hardDeleteTimeMs = deps.clock.nowMs() + 1_000;
  const state = { ...made, softDeleteTimeMs: deps.clock.nowMs(), hardDeleteTimeMs };
  await deps.metadata.commit({
    checks: [],
    writes: [
      { kind: 'put', key: softDeletedKey(place), value: encodeVersion(state) },
      {
        kind: 'put',
        key: hardDeleteKey(hardDeleteTimeMs, place),
        value: encodeHardDelete({ bucket: BUCKET, scopeId }),
      },
    ],
  });
  pass(2_000);
  assert.equal(await expireSoftDeletedOnce(deps, SIGNAL), 0);
  assert.notDeepEqual(await deps.metadata.get([softDeletedKey(place)]), [undefined]);
  pass(HOUR_MS);
  assert.equal(await expireSoftDeletedOnce(deps, SIGNAL), 1);
  assert.deepEqual(await deps.metadata.get([softDeletedKey(place)]), [undefined]);
});
