import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, type LakeFixture, lakeFixture } from '../../test/support/lake-fixture.ts';
import { storeWith } from '../../test/support/store-with.ts';
import { type Generation, generation } from '../model/ids.ts';
import { LIMITS } from '../stores/metadata/port.ts';
import { expireSoftDeletedOnce } from './expire-soft-deleted.ts';
import { decodeJournal, type JournalRecord, type ObjectRecord } from './rows/journal.ts';
import { bucketKey } from './rows/keys.ts';
import { bindNamespace } from './service.ts';

const DAY_MS = 24 * 3_600_000;
const WEEK_SECONDS = 7 * 86_400;

async function configure(
  { namespace }: LakeFixture,
  settings: { readonly versioning?: boolean; readonly softDeleteSeconds?: number },
): Promise<void> {
  const { versioning: enabled = false, softDeleteSeconds = 0 } = settings;
  const softDeletePolicy = { retentionDurationSeconds: String(softDeleteSeconds) };
  await namespace.changeBucket({
    name: LAKE,
    preconditions: {},
    change: ({ storageClass }) => ({ storageClass, settings: { versioning: { enabled }, softDeletePolicy } }),
  });
}

const at = (name: string, wanted?: Generation) => ({
  address: { bucket: LAKE, name, ...(wanted === undefined ? {} : { generation: wanted }) },
  preconditions: {},
});

async function listed({ namespace }: LakeFixture, versions: 'all' | 'softDeleted'): Promise<string[]> {
  const { items } = await namespace.listObjects({ bucket: LAKE, maxResults: 100, versions });
  return items.map(({ name, state }) => `${name}#${state.generation}`);
}

test('without versioning and soft delete an overwritten or deleted version is gone', async () => {
  const fixture = await lakeFixture();
  const first = await fixture.put('a', 'one');
  const second = await fixture.put('a', 'two');
  await assert.rejects(fixture.namespace.getObject(at('a', first.state.generation)), { code: 'objectNotFound' });
  await fixture.remove('a');
  await assert.rejects(fixture.namespace.getObject(at('a', second.state.generation)), { code: 'objectNotFound' });
  assert.deepEqual([await listed(fixture, 'all'), await listed(fixture, 'softDeleted')], [[], []]);
});

test('versions outlive versioning, and a bucket that holds one is not empty', async () => {
  const fixture = await lakeFixture();
  const { namespace } = fixture;
  await configure(fixture, { versioning: true });
  const made = await fixture.put('a', 'one');
  fixture.pass(5_000);
  await fixture.remove('a');
  await configure(fixture, {});
  await assert.rejects(fixture.get('a'), { code: 'objectNotFound' });
  const noncurrent = await namespace.getObject(at('a', made.state.generation));
  assert.equal(noncurrent.state.timeDeletedMs, made.state.timeCreatedMs + 5_000);
  assert.equal((await fixture.read(noncurrent)).toString(), 'one');
  await assert.rejects(namespace.deleteBucket({ name: LAKE, preconditions: {} }), { code: 'bucketNotEmpty' });
  await namespace.deleteObject(at('a', made.state.generation));
  await namespace.deleteBucket({ name: LAKE, preconditions: {} });
});

test('soft-deleted versions do not hold a bucket, and their end is in its journal', async () => {
  const fixture = await lakeFixture();
  const { namespace, deps } = fixture;
  await configure(fixture, { softDeleteSeconds: WEEK_SECONDS });
  const made = await fixture.put('a', 'one'.repeat(100));
  await fixture.remove('a');
  const bucket = await namespace.getBucket({ name: LAKE, preconditions: {} });
  await namespace.deleteBucket({ name: LAKE, preconditions: {} });
  fixture.pass(7 * DAY_MS - 1);
  assert.equal(await expireSoftDeletedOnce(deps, new AbortController().signal), 0);
  fixture.pass(1);
  assert.equal(await expireSoftDeletedOnce(deps, new AbortController().signal), 1);
  const last = (await journalOf(fixture, bucket.scopeId)).at(-1);
  assert.deepEqual(last?.record, {
    op: 'delete',
    bucket: LAKE,
    name: 'a',
    metageneration: '1',
    timeMs: deps.clock.nowMs(),
    version: 'softDeleted',
    fate: { became: 'gone' },
  });
  assert.equal(last?.generation, made.state.generation);
});

test('a policy that changes later does not change what was deleted before', async () => {
  const fixture = await lakeFixture();
  await configure(fixture, { softDeleteSeconds: WEEK_SECONDS });
  const made = await fixture.put('a', 'one');
  await fixture.remove('a');
  await configure(fixture, {});
  const deleted = await fixture.namespace.getSoftDeletedObject({
    address: { bucket: LAKE, name: 'a', generation: made.state.generation },
    preconditions: {},
  });
  assert.equal(deleted.state.hardDeleteTimeMs, (deleted.state.softDeleteTimeMs ?? 0) + 7 * DAY_MS);
});

test('a version whose time is over is neither listed nor read nor restored before it is cleaned up', async () => {
  const fixture = await lakeFixture();
  const { namespace } = fixture;
  await configure(fixture, { softDeleteSeconds: WEEK_SECONDS });
  const made = await fixture.put('a', 'one');
  await fixture.remove('a');
  const address = { bucket: LAKE, name: 'a', generation: made.state.generation };
  fixture.pass(7 * DAY_MS);
  assert.deepEqual(await listed(fixture, 'softDeleted'), []);
  await assert.rejects(namespace.getSoftDeletedObject({ address, preconditions: {} }), { code: 'objectNotFound' });
  const restored = namespace.restoreObject({ address, preconditions: {}, copySourceAcl: false });
  await assert.rejects(restored, { code: 'objectNotFound' });
});

test('a restored object has what it had, but for its access list, its generation and its times', async () => {
  const fixture = await lakeFixture();
  const { namespace } = fixture;
  await configure(fixture, { softDeleteSeconds: WEEK_SECONDS });
  const attributes = {
    contentType: 'text/plain',
    metadata: { k: 'v' },
    storageClass: 'NEARLINE',
  };
  const made = await fixture.put('a', 'one', { attributes, access: { predefined: 'publicRead' } });
  await namespace.changeObject({ ...at('a'), change: (now) => now });
  await fixture.remove('a');
  fixture.pass(1_000);
  const address = { bucket: LAKE, name: 'a', generation: made.state.generation };
  const restored = await namespace.restoreObject({ address, preconditions: {}, copySourceAcl: false });
  const { acl, ...others } = made.state;
  assert.equal(acl?.length, 2);
  const nowMs = fixture.deps.clock.nowMs();
  assert.deepEqual(restored.state, {
    ...others,
    generation: restored.state.generation,
    timeCreatedMs: nowMs,
    updatedMs: nowMs,
    timeStorageClassUpdatedMs: nowMs,
    timeFinalizedMs: nowMs,
  });
  assert.ok(restored.state.generation > made.state.generation);
  assert.deepEqual(await listed(fixture, 'softDeleted'), [`a#${made.state.generation}`]);
  const again = await namespace.restoreObject({ address, preconditions: {}, copySourceAcl: true });
  assert.deepEqual(again.state.acl, acl);
});

test('in a hierarchical bucket a token tells soft-deleted versions apart', async () => {
  const fixture = await lakeFixture();
  const { namespace, deps } = fixture;
  const settings = {
    softDeletePolicy: { retentionDurationSeconds: String(WEEK_SECONDS) },
    hierarchicalNamespace: { enabled: true },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
  };
  await namespace.deleteBucket({ name: LAKE, preconditions: {} });
  await namespace.insertBucket({ name: LAKE, project: 'p', location: 'US', storageClass: 'STANDARD', settings });
  const made = await fixture.put('a', 'one');
  await fixture.remove('a');
  const address = { bucket: LAKE, name: 'a', generation: made.state.generation };
  const { state } = await namespace.getSoftDeletedObject({ address, preconditions: {} });
  assert.match(state.restoreToken ?? '', /^[0-9a-f]{16}$/);
  const restore = (restoreToken: string) =>
    namespace.restoreObject({ address: { ...address, restoreToken }, preconditions: {}, copySourceAcl: false });
  await assert.rejects(restore('0000000000000000'), { code: 'objectNotFound' });
  await restore(state.restoreToken ?? '');
  fixture.pass(7 * DAY_MS);
  assert.equal(await expireSoftDeletedOnce(deps, new AbortController().signal), 1);
});

test('a change of settings meets an overwrite: the one that commits second sees the other', async () => {
  const fixture = await lakeFixture();
  const made = await fixture.put('a', 'one');
  const { metadata } = fixture.deps;
  const key = bucketKey(LAKE);
  let isFirst = true;
  const racing = storeWith(metadata, {
    get: async (keys) => {
      const rows = await metadata.get(keys);
      if (isFirst && keys.length === 1 && Buffer.compare(keys[0] ?? key, key) === 0) {
        isFirst = false;
        await configure(fixture, { versioning: true });
      }
      return rows;
    },
  });
  await bindNamespace({ ...fixture.deps, metadata: racing }).deleteObject(at('a'));
  assert.deepEqual(await listed(fixture, 'all'), [`a#${made.state.generation}`]);
});

test('the journal says what became of every version', async () => {
  const fixture = await lakeFixture();
  const { namespace } = fixture;
  await configure(fixture, { versioning: true, softDeleteSeconds: WEEK_SECONDS });
  const first = await fixture.put('a', 'one');
  const second = await fixture.put('a', 'two');
  await namespace.changeObject({ ...at('a', first.state.generation), change: (now) => now });
  await namespace.deleteObject(at('a', first.state.generation));
  await fixture.remove('a');
  const address = { bucket: LAKE, name: 'a', generation: first.state.generation };
  const third = await namespace.restoreObject({ address, preconditions: {}, copySourceAcl: false });
  const bucket = await namespace.getBucket({ name: LAKE, preconditions: {} });
  const nowMs = fixture.deps.clock.nowMs();
  const softDeleted = { became: 'softDeleted' as const, hardDeleteTimeMs: nowMs + 7 * DAY_MS };
  const told = (await journalOf(fixture, bucket.scopeId)).flatMap(({ record, generation }) =>
    record.op === 'insert' || record.op === 'patch' || record.op === 'delete' ? [[generation, record] as const] : [],
  );
  const [one, two, three] = [first, second, third].map(({ state }) => state.generation);
  assert.deepEqual(
    told.map(([generation, { op, version, fate, replaced, restored }]) => ({
      generation,
      op,
      ...(version === undefined ? {} : { version }),
      ...(fate === undefined ? {} : { fate }),
      ...(replaced === undefined ? {} : { replaced: withSize(replaced) }),
      ...(restored === undefined ? {} : { restored }),
    })),
    [
      { generation: one, op: 'insert' },
      { generation: two, op: 'insert', replaced: { generation: `${one}`, became: 'noncurrent', size: 3 } },
      { generation: one, op: 'patch', version: 'noncurrent' },
      { generation: one, op: 'delete', version: 'noncurrent', fate: softDeleted },
      { generation: two, op: 'delete', fate: { became: 'noncurrent' } },
      { generation: three, op: 'insert', restored: `${one}` },
    ],
  );
});

/** Of the state that went away, enough to know it by. */
function withSize({ state, ...rest }: NonNullable<ObjectRecord['replaced']>) {
  return { ...rest, size: state?.z };
}

test('very many versions go in batches that the store takes, and a shared blob goes with the last', async () => {
  const fixture = await lakeFixture();
  const { namespace, deps } = fixture;
  await configure(fixture, { softDeleteSeconds: WEEK_SECONDS });
  for (let part = 0; part < 30; part += 1) await fixture.put(`part-${part}`, `${part}`.repeat(100));
  const sources = Array.from({ length: 30 }, (_, part) => ({ name: `part-${part}` }));
  const composed = { attributes: {}, preconditions: {}, sources, deleteSources: false };
  for (let copy = 0; copy < 40; copy += 1) {
    await namespace.composeObject({ ...composed, destination: { bucket: LAKE, name: `whole-${copy}` } });
    await fixture.remove(`whole-${copy}`);
  }
  fixture.pass(7 * DAY_MS);
  const sizes: number[] = [];
  const counting = storeWith(deps.metadata, {
    commit: (transaction) => {
      sizes.push(transaction.writes.length);
      return deps.metadata.commit(transaction);
    },
  });
  const expired = await expireSoftDeletedOnce({ ...deps, metadata: counting }, new AbortController().signal);
  assert.equal(expired, 40);
  assert.ok(sizes.length > 1 && Math.max(...sizes) <= LIMITS.writesPerCommitMax, sizes.join());
  assert.equal(await fixture.readText('part-0'), '0'.repeat(100));
});

async function journalOf({ deps }: LakeFixture, scope: string) {
  const lines: { record: JournalRecord; generation: Generation }[] = [];
  const head = await deps.metadata.head(scope);
  const stop = new AbortController();
  for await (const { seq, value } of deps.metadata.tail(scope, 0n, stop.signal)) {
    const line = decodeJournal(value);
    lines.push({ record: line.record, generation: generation(line.generation) });
    if (seq === head) stop.abort();
  }
  return lines;
}
