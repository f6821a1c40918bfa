import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, lakeFixture } from '../../test/support/lake-fixture.ts';
import { namespaceFixture } from '../../test/support/namespace-fixture.ts';
import { storeWith } from '../../test/support/store-with.ts';
import { encodeBucket } from './rows/bucket-row.ts';
import { decodeJournal } from './rows/journal.ts';
import { bucketKey } from './rows/keys.ts';
import { bindNamespace, type Namespace } from './service.ts';

const PRECONDITIONS = {};
const ADDRESS = { bucket: LAKE, name: 'a/' };
const made = (name = ADDRESS.name) => ({ address: { bucket: LAKE, name }, cachePolicies: new Map() });
const uniform = (enabled: boolean) => ({
  name: LAKE,
  preconditions: PRECONDITIONS,
  change: () => ({
    storageClass: 'STANDARD',
    settings: { iamConfiguration: { uniformBucketLevelAccess: { enabled } } },
  }),
});

async function uniformLake() {
  const fixture = await lakeFixture();
  await fixture.namespace.changeBucket(uniform(true));
  return fixture;
}

const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => true,
    () => false,
  );

test('a folder that is deleted as empty had nothing under it', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { namespace, put } = await uniformLake();
    await namespace.insertManagedFolder(made());
    const input = { address: ADDRESS, preconditions: PRECONDITIONS, allowNonEmpty: false };
    const [deleted] = await Promise.all([
      outcomeOf(namespace.deleteManagedFolder(input)),
      namespace.insertManagedFolder(made('a/b/')),
      put('a/c', 'one'),
    ]);
    const there = await outcomeOf(namespace.getManagedFolder({ address: ADDRESS, preconditions: PRECONDITIONS }));
    assert.equal(deleted, !there);
    if (there) await assert.rejects(namespace.deleteManagedFolder(input), { code: 'conflict' });
  }
});

test('a bucket with managed folders keeps uniform access and stays, whatever races', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { namespace } = await uniformLake();
    const [inserted, disabled] = await Promise.all([
      outcomeOf(namespace.insertManagedFolder(made())),
      outcomeOf(namespace.changeBucket(uniform(false))),
    ]);
    assert.equal(inserted, !disabled);
    const second = await uniformLake();
    const [kept, gone] = await Promise.all([
      outcomeOf(second.namespace.insertManagedFolder(made())),
      outcomeOf(second.namespace.deleteBucket({ name: LAKE, preconditions: PRECONDITIONS })),
    ]);
    assert.equal(kept, !gone);
  }
});

test('of two who set the policy they both read, one wins; each change is in the journal', async () => {
  const { namespace, deps } = await uniformLake();
  await namespace.insertManagedFolder(made());
  const preconditions = { ifMetagenerationMatch: 1n };
  const set = (member: string) =>
    namespace.setManagedFolderPolicy({
      ...{ address: ADDRESS, preconditions },
      policy: { bindings: [{ role: 'roles/storage.objectViewer', members: [member] }] },
    });
  const outcomes = await Promise.allSettled([set('user:a@x.y'), set('user:b@x.y')]);
  const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  assert.equal(winners.length, 1);
  assert.deepEqual(await namespace.getManagedFolderPolicy({ address: ADDRESS }), winners[0]?.value);
  await namespace.changeManagedFolder({ address: ADDRESS, preconditions: {}, change: () => new Map() });
  await namespace.deleteManagedFolder({ address: ADDRESS, preconditions: {}, allowNonEmpty: false });
  const { scopeId } = await namespace.getBucket({ name: LAKE, preconditions: {} });
  const ops: string[] = [];
  for await (const { value } of deps.metadata.tail(scopeId, 2n, new AbortController().signal)) {
    if (ops.push(decodeJournal(value).record.op) === 4) break;
  }
  assert.deepEqual(ops, ['managedFolderInsert', 'managedFolderPatch', 'managedFolderPatch', 'managedFolderDelete']);
});

test('of a bucket that follows a cloud, managed folders are not known', async () => {
  const { namespace, deps } = await uniformLake();
  const bucket = await namespace.getBucket({ name: LAKE, preconditions: {} });
  const row = { kind: 'put' as const, key: bucketKey(LAKE), value: encodeBucket({ ...bucket, owner: 'cloud' }) };
  await deps.metadata.commit({ checks: [], writes: [row] });
  await assert.rejects(namespace.insertManagedFolder(made()), { code: 'permissionDenied' });
  const input = { bucket: LAKE, prefix: '', maxResults: 10 };
  await assert.rejects(namespace.listManagedFolders(input), { code: 'unsupported' });
});

test('what happens to managed folders while their folder is renamed happens under the new name', async () => {
  const change = { address: { bucket: LAKE, name: 'a/3/' }, preconditions: PRECONDITIONS };
  const between: readonly ((namespace: Namespace) => Promise<unknown>)[] = [
    (namespace) => namespace.insertManagedFolder(made('a/0/')),
    (namespace) => namespace.insertManagedFolder(made('a/2/')),
    (namespace) => namespace.insertManagedFolder(made('a/4/')),
    (namespace) => namespace.insertManagedFolder(made('b/9/')),
    (namespace) => namespace.deleteManagedFolder({ ...change, allowNonEmpty: false }),
    (namespace) => namespace.changeManagedFolder({ ...change, change: () => new Map([['us-a', {}]]) }),
  ];
  const shown: unknown[] = [];
  for (const act of between) {
    const { namespace, deps } = namespaceFixture();
    await namespace.insertBucket({
      ...{ name: LAKE, project: 'p', location: 'US', storageClass: 'STANDARD' },
      settings: {
        hierarchicalNamespace: { enabled: true },
        iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
      },
    });
    await namespace.insertFolder({ address: ADDRESS, isRecursive: false });
    for (const name of ['a/1/', 'a/3/']) await namespace.insertManagedFolder(made(name));
    let isFirst = true;
    const commit: typeof deps.metadata.commit = async (transaction) => {
      if (isFirst) {
        isFirst = false;
        await act(namespace);
      }
      return deps.metadata.commit(transaction);
    };
    const renaming = bindNamespace({ ...deps, metadata: storeWith(deps.metadata, { commit }) });
    const names = { bucket: LAKE, source: 'a/', destination: 'b/' };
    await outcomeOf(renaming.renameFolder({ ...names, sourcePreconditions: PRECONDITIONS }));
    const { folders } = await namespace.listManagedFolders({ bucket: LAKE, prefix: '', maxResults: 10 });
    shown.push(folders.map(({ name, cachePolicies }) => `${name}${cachePolicies.size === 0 ? '' : '*'}`).join(' '));
  }
  assert.deepEqual(shown, [
    'b/0/ b/1/ b/3/',
    'b/1/ b/2/ b/3/',
    'b/1/ b/3/ b/4/',
    'a/1/ a/3/ b/9/',
    'b/1/',
    'b/1/ b/3/*',
  ]);
});
