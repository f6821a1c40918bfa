/** Renames and deletions of folders that race with inserts, over LMDB: nothing is lost or in two places. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindNamespace } from '../../src/namespace/service.ts';
import { openDurableNamespace } from '../support/durable-namespace.ts';
import { streamOf } from '../support/namespace-fixture.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const BUCKET = 'tree';
const SETTINGS = {
  hierarchicalNamespace: { enabled: true },
  iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
};
const ROUNDS = 12;

test('an object is where its name said when it was made, or went with the folder', async () => {
  await using folder = await temporaryFolder('folder-races');
  const deps = await openDurableNamespace(folder.path);
  const namespace = bindNamespace(deps);
  const made = { name: BUCKET, project: 'p', location: 'US', storageClass: 'STANDARD', settings: SETTINGS };
  await namespace.insertBucket(made);
  const put = (name: string) =>
    namespace.insertObject({
      target: { bucket: BUCKET, name, attributes: {}, preconditions: {}, expected: {} },
      body: streamOf(name),
    });
  const tried = (work: Promise<unknown>) =>
    work.then(
      () => true,
      () => false,
    );
  const expected: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [from, to] = [`f${round}/`, `t${round}/`];
    await put(`${from}sub/0`);
    const names = Array.from({ length: 6 }, (_, index) => `${from}sub/${index + 1}`);
    const address = { bucket: BUCKET, name: `${from}empty/` };
    await namespace.insertFolder({ address, isRecursive: false });
    await Promise.all([
      tried(namespace.deleteFolder({ address, preconditions: {} })),
      put(`${from}empty/x`),
      ...names.map(put),
      namespace.renameFolder({ bucket: BUCKET, source: from, destination: to, sourcePreconditions: {} }),
    ]);
    expected.push(`${round} 0`, `${round} x`, ...names.map((_, index) => `${round} ${index + 1}`));
  }
  const { items } = await namespace.listObjects({ bucket: BUCKET, maxResults: 1_000 });
  const found = items.map(({ name }) => `${/^[ft](\d+)\//.exec(name)?.[1]} ${name.slice(name.lastIndexOf('/') + 1)}`);
  assert.deepEqual(found.toSorted(), expected.toSorted());
  for (const { name } of items) await namespace.getObject({ address: { bucket: BUCKET, name }, preconditions: {} });
  await deps.close();
});
