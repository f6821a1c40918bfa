/** A recursive deletion while others change the tree: whatever happens before each of its calls of the store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaceFixture, streamOf } from '../../../test/support/namespace-fixture.ts';
import { storeWith } from '../../../test/support/store-with.ts';
import type { Operation } from '../../model/operation.ts';
import { advanceOperationsOnce } from '../advance-operations.ts';
import { OPERATION_WORKERS } from '../operation-workers.ts';

const BUCKET = 'tree';
const SETTINGS = {
  hierarchicalNamespace: { enabled: true },
  iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
};

async function fixtureWith(names: readonly string[]) {
  const fixture = namespaceFixture();
  const made = { name: BUCKET, project: 'p', location: 'US', storageClass: 'STANDARD', settings: SETTINGS };
  await fixture.namespace.insertBucket(made);
  const put = (name: string) =>
    fixture.namespace.insertObject({
      target: { bucket: BUCKET, name, attributes: {}, preconditions: {}, expected: {} },
      body: streamOf(name),
    });
  for (const name of names) await put(name);
  const list = async (prefix: string) => {
    const { items } = await fixture.namespace.listObjects({ bucket: BUCKET, prefix, maxResults: 100 });
    return items.map(({ name }) => name);
  };
  return { ...fixture, put, list };
}

type Fixture = Awaited<ReturnType<typeof fixtureWith>>;

const tried = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false,
  );

/** Deletes `a/` with `before` run in between: before the first call of the store, then the second, to the last. */
async function disturbEach(
  names: readonly string[],
  before: (fixture: Fixture) => Promise<unknown>,
  check: (fixture: Fixture, operation: Operation) => Promise<void>,
): Promise<void> {
  const { signal } = new AbortController();
  for (let call = 1; ; call += 1) {
    const fixture = await fixtureWith(names);
    const { namespace, deps } = fixture;
    const { id } = await namespace.deleteFolderRecursive({
      address: { bucket: BUCKET, name: 'a/' },
      preconditions: {},
    });
    const { metadata: store } = deps;
    let calls = 0;
    const counted = async <Result>(ask: () => Promise<Result>): Promise<Result> => {
      calls += 1;
      if (calls === call) await before(fixture);
      return ask();
    };
    const metadata = storeWith(store, {
      get: (keys) => counted(() => store.get(keys)),
      scan: (range, options) => counted(() => store.scan(range, options)),
      snapshot: (read) => counted(() => store.snapshot(read)),
      commit: (transaction) => counted(() => store.commit(transaction)),
    });
    await advanceOperationsOnce({ ...deps, metadata }, OPERATION_WORKERS, signal);
    await advanceOperationsOnce(deps, OPERATION_WORKERS, signal);
    if (calls < call) return assert.ok(call > 5);
    await check(fixture, await namespace.getOperation({ bucket: BUCKET, id }));
  }
}

test('what is put under the name of a folder that was renamed away stays', async () => {
  await disturbEach(
    ['a/x', 'a/b/x'],
    async ({ namespace, put }) => {
      const names = { bucket: BUCKET, source: 'a/', destination: 'z/' };
      await tried(namespace.renameFolder({ ...names, sourcePreconditions: {} }));
      for (const name of ['a/x', 'a/b/x']) await put(name);
    },
    async (fixture) => assert.deepEqual(await fixture.list('a/'), ['a/b/x', 'a/x']),
  );
});

test('a folder below that goes or comes does not end a deletion', async () => {
  await disturbEach(
    ['a/b/c/x', 'a/x'],
    async ({ namespace, put }) => {
      const address = (name: string) => ({ address: { bucket: BUCKET, name }, preconditions: {} });
      await tried(namespace.deleteObject(address('a/b/c/x')));
      await tried(namespace.deleteFolder(address('a/b/c/')));
      await tried(namespace.deleteFolder(address('a/b/')));
      if (await tried(namespace.getFolder(address('a/')))) await put('a/d/x');
    },
    async (fixture, { outcome }) => {
      assert.equal(outcome?.kind, 'response', JSON.stringify(outcome));
      assert.deepEqual(await fixture.list('a/'), []);
    },
  );
});
