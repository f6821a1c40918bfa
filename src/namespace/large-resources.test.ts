/** Objects whose resource is as large as it may be: all that can be done with small ones can be done with them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, type LakeFixture, lakeFixture, targetOf } from '../../test/support/lake-fixture.ts';
import { streamOf } from '../../test/support/namespace-fixture.ts';
import type { ObjectAttributes } from '../model/object.ts';
import { advanceOperationsOnce } from './advance-operations.ts';
import { objectEntryIn } from './object-entries.ts';
import { ObjectLifecycle } from './object-lifecycle.ts';
import { OPERATION_WORKERS } from './operation-workers.ts';
import { eventsOf } from './rules/object-events.ts';

const SIGNAL = new AbortController().signal;
const WEEK_SECONDS = '604800';
const HIERARCHICAL = {
  hierarchicalNamespace: { enabled: true },
  iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
  softDeletePolicy: { retentionDurationSeconds: WEEK_SECONDS },
};

/** More than half of what an entry of the journal, or a row, holds. */
const LARGE: ObjectAttributes = {
  metadata: { filling: 'm'.repeat(8_000) },
  contexts: Object.fromEntries(Array.from({ length: 45 }, (_, at) => [`context-${at}`, { value: 'v'.repeat(240) }])),
};

async function softDeleting(): Promise<LakeFixture> {
  const fixture = await lakeFixture();
  const settings = { softDeletePolicy: { retentionDurationSeconds: WEEK_SECONDS } };
  await fixture.namespace.changeBucket({
    name: LAKE,
    preconditions: {},
    change: ({ storageClass }) => ({ settings, storageClass }),
  });
  return fixture;
}

async function eventsIn({ namespace, deps }: LakeFixture) {
  const { scopeId } = await namespace.getBucket({ name: LAKE, preconditions: {} });
  const head = await deps.metadata.head(scopeId);
  const stop = new AbortController();
  const events = [];
  for await (const entry of deps.metadata.tail(scopeId, 0n, stop.signal)) {
    const change = objectEntryIn(entry);
    if (change !== undefined) events.push(...eventsOf(change));
    if (entry.seq === head) stop.abort();
  }
  return events;
}

test('one replaces another, and the journal tells of both whole', async () => {
  const fixture = await softDeleting();
  const first = await fixture.put('x', 'one', { attributes: LARGE });
  const second = await fixture.put('x', 'two', { attributes: LARGE });
  assert.equal(await fixture.readText('x'), 'two');
  const [one, two] = [first.state.generation, second.state.generation];
  const told = (await eventsIn(fixture)).map(({ type, generation, state, ...event }) => ({
    told: [type, generation, state?.metadata?.['filling']?.length, Object.keys(state?.contexts ?? {}).length],
    replaces: event.overwroteGeneration ?? event.overwrittenByGeneration,
  }));
  assert.deepEqual(told, [
    { told: ['OBJECT_FINALIZE', one, 8_000, 45], replaces: undefined },
    { told: ['OBJECT_DELETE', one, 8_000, 45], replaces: two },
    { told: ['OBJECT_FINALIZE', two, 8_000, 45], replaces: one },
  ]);
});

test('one is made by a resumable upload, which answers it again', async () => {
  const { namespace } = await lakeFixture();
  const { uploadId } = await namespace.startUpload(targetOf('x', { attributes: LARGE }));
  const made = await namespace.appendUpload({ uploadId, offset: 0, end: 1, total: 1, body: streamOf('x') });
  assert.equal(made.kind, 'finished');
  assert.deepEqual(await namespace.uploadStatus(uploadId), made);
});

test('one is made by a rewrite in several calls, whose last is answered again', async () => {
  const { namespace, put } = await lakeFixture();
  await put('x', Buffer.alloc(2 * 2 ** 20));
  const europe = { name: 'europe', project: 'p', location: 'EU', storageClass: 'STANDARD', settings: {} };
  await namespace.insertBucket(europe);
  const input = {
    source: { bucket: LAKE, name: 'x' },
    sourcePreconditions: {},
    destination: { bucket: 'europe', name: 'y' },
    preconditions: {},
    attributes: LARGE,
    bytesPerCallMax: 2 ** 20,
  };
  const begun = await namespace.rewriteObject(input);
  assert.ok(begun.kind === 'open');
  const { rewriteToken } = begun;
  const made = await namespace.rewriteObject({ ...input, rewriteToken });
  assert.equal(made.kind, 'finished');
  assert.deepEqual(await namespace.rewriteObject({ ...input, rewriteToken }), made);
});

test('very many are restored at once', async () => {
  const fixture = await softDeleting();
  const count = 150;
  for (let at = 0; at < count; at += 1) {
    await fixture.put(`x${at}`, 'x', { attributes: LARGE });
    await fixture.remove(`x${at}`);
  }
  const request = { allowOverwrite: false, copySourceAcl: false };
  const { id } = await fixture.namespace.bulkRestoreObjects({ bucket: LAKE, request });
  await advanceOperationsOnce(fixture.deps, OPERATION_WORKERS, SIGNAL);
  const { shown } = await fixture.namespace.getOperation({ bucket: LAKE, id });
  assert.deepEqual(shown, { restoredObjectCount: `${count}`, skippedObjectCount: '0' });
});

test('very many go with their folder', async () => {
  const { namespace, deps } = await lakeFixture();
  const bucket = 'tree';
  const made = { name: bucket, project: 'p', location: 'US', storageClass: 'STANDARD', settings: HIERARCHICAL };
  await namespace.insertBucket(made);
  for (let at = 0; at < 110; at += 1) {
    const target = targetOf(`a/${at}`, { bucket, attributes: LARGE });
    await namespace.insertObject({ target, body: streamOf('x') });
  }
  const { id } = await namespace.deleteFolderRecursive({ address: { bucket, name: 'a/' }, preconditions: {} });
  await advanceOperationsOnce(deps, OPERATION_WORKERS, SIGNAL);
  const { outcome } = await namespace.getOperation({ bucket, id });
  assert.equal(outcome?.kind, 'response');
  assert.deepEqual((await namespace.listObjects({ bucket, maxResults: 10 })).items, []);
});

/** Puts the largest object that is taken under a name. */
async function putFull({ put, remove }: LakeFixture, name: string): Promise<void> {
  // Keys of a few bytes take about twice their size in a row.
  const metadata = Object.fromEntries(Array.from({ length: 2_700 }, (_, at) => [at.toString(36), '']));
  const list = Array.from({ length: 99 }, (_, at) => ({
    entity: `user-${'a'.repeat(38)}${at}`,
    role: 'READER' as const,
  }));
  const putFilled = (size: number) => {
    const attributes = { ...LARGE, metadata, opaque: { filling: 'o'.repeat(size) } };
    return put(name, 'x', { attributes, access: { list } });
  };
  let [taken, refused] = [0, 4_000];
  while (refused - taken > 1) {
    const size = Math.floor((taken + refused) / 2);
    const isTaken = await putFilled(size).then(
      () => true,
      () => false,
    );
    if (isTaken) await remove(name);
    if (isTaken) taken = size;
    else refused = size;
  }
  await putFilled(taken);
}

test('one whose name is long as well can be changed, overwritten and lost', async () => {
  const fixture = await softDeleting();
  const name = 'n'.repeat(1_024);
  await putFull(fixture, name);
  const address = { bucket: LAKE, name };
  await fixture.namespace.changeObject({ address, preconditions: {}, change: (same) => same });
  await fixture.put(name, 'y');
  assert.equal(await fixture.readText(name), 'y');
  await putFull(fixture, name);
  await fixture.remove(name);
});

test('a version that has no room for another storage class keeps no other from its own', async () => {
  const fixture = await lakeFixture();
  const { namespace, deps, put, remove } = fixture;
  await putFull(fixture, 'full');
  const rule = [{ action: { type: 'SetStorageClass', storageClass: 'COLDLINE' }, condition: { isLive: false } }];
  const change = ({ storageClass }: { readonly storageClass: string }) => ({
    storageClass,
    settings: { versioning: { enabled: true }, lifecycle: { rule } },
  });
  await namespace.changeBucket({ name: LAKE, preconditions: {}, change });
  for (const name of ['a', 'z']) await put(name, 'x');
  for (const name of ['a', 'full', 'z']) await remove(name);
  assert.equal(await new ObjectLifecycle(deps, 0).turnOnce(SIGNAL), 2);
  const { items } = await namespace.listObjects({ bucket: LAKE, maxResults: 10, versions: 'all' });
  assert.deepEqual(
    items.map(({ state }) => state.storageClass),
    ['COLDLINE', 'STANDARD', 'COLDLINE'],
  );
});

test('one that would leave no room for its own loss is refused, and any other can be lost', async () => {
  const fixture = await softDeleting();
  // Keys of a few bytes take about twice their size in a row.
  const metadata = Object.fromEntries(Array.from({ length: 2_700 }, (_, at) => [at.toString(36), '']));
  const list = Array.from({ length: 99 }, (_, at) => ({
    entity: `user-${'a'.repeat(38)}${at}`,
    role: 'READER' as const,
  }));
  let [taken, refused] = [0, 0];
  for (let size = 0; size < 4_000; size += 40) {
    const attributes = { ...LARGE, metadata, opaque: { filling: 'o'.repeat(size) } };
    try {
      await fixture.put('x', 'x', { attributes, access: { list } });
    } catch (error) {
      refused += 1;
      assert.match(String(error), /The object resource is too large: \d+ bytes of at most \d+/);
      continue;
    }
    taken += 1;
    await fixture.remove('x');
  }
  assert.ok(taken > 0 && refused > 0, `${taken} were taken, ${refused} refused`);
});
