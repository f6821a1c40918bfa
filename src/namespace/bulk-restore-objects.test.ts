import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LAKE, type LakeFixture, lakeFixture } from '../../test/support/lake-fixture.ts';
import { storeWith } from '../../test/support/store-with.ts';
import type { Operation } from '../model/operation.ts';
import { LIMITS } from '../stores/metadata/port.ts';
import { advanceOperationsOnce } from './advance-operations.ts';
import { type BulkRestoreRequest, bulkRestoreWorker } from './bulk-restore-objects.ts';

const SIGNAL = new AbortController().signal;
const WORKERS = { bulkRestoreObjects: bulkRestoreWorker };

async function softDeleting(seconds = 7 * 86_400, enabled = false): Promise<LakeFixture> {
  const fixture = await lakeFixture();
  const settings = { softDeletePolicy: { retentionDurationSeconds: String(seconds) }, versioning: { enabled } };
  const change = ({ storageClass }: { readonly storageClass: string }) => ({ settings, storageClass });
  await fixture.namespace.changeBucket({ name: LAKE, preconditions: {}, change });
  return fixture;
}

async function restore(fixture: LakeFixture, request: Partial<BulkRestoreRequest> = {}): Promise<Operation> {
  const whole = { allowOverwrite: false, copySourceAcl: false, ...request };
  const { id } = await fixture.namespace.bulkRestoreObjects({ bucket: LAKE, request: whole });
  await advanceOperationsOnce(fixture.deps, WORKERS, SIGNAL);
  return fixture.namespace.getOperation({ bucket: LAKE, id });
}

async function contents(fixture: LakeFixture): Promise<Record<string, string>> {
  const { items } = await fixture.namespace.listObjects({ bucket: LAKE, maxResults: 1_000 });
  const read = async (item: (typeof items)[number]) => [item.name, (await fixture.read(item)).toString()];
  return Object.fromEntries(await Promise.all(items.map(read)));
}

async function deleted(fixture: LakeFixture, name: string, ...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    await fixture.put(name, body);
    await fixture.remove(name);
  }
}

test('of each name the newest version that is asked for comes back', async () => {
  const fixture = await softDeleting();
  await deleted(fixture, 'a', 'a1', 'a2');
  fixture.pass(10);
  const fromMs = fixture.deps.clock.nowMs();
  fixture.pass(10);
  await deleted(fixture, 'a', 'a3');
  await deleted(fixture, 'b/1', 'b1');
  await deleted(fixture, 'c', 'c1');
  await fixture.put('c', 'live');
  const older = await restore(fixture, { softDeletedBeforeMs: fromMs, createdBeforeMs: fromMs });
  assert.deepEqual(await contents(fixture), { a: 'a2', c: 'live' });
  assert.deepEqual(older.shown, { restoredObjectCount: '1', skippedObjectCount: '0' });
  const newer = await restore(fixture, { softDeletedAfterMs: fromMs, createdAfterMs: fromMs, allowOverwrite: true });
  assert.deepEqual(await contents(fixture), { a: 'a3', 'b/1': 'b1', c: 'c1' });
  assert.deepEqual(newer.shown, { restoredObjectCount: '3', skippedObjectCount: '0' });
  assert.deepEqual(newer.outcome, { kind: 'response', response: {} });
});

test('names with a live version are left alone, and so are those under a hold', async () => {
  const fixture = await softDeleting();
  await deleted(fixture, 'a', 'old');
  await fixture.put('a', 'live');
  assert.deepEqual((await restore(fixture)).shown, { restoredObjectCount: '0', skippedObjectCount: '1' });
  await fixture.namespace.changeObject({
    address: { bucket: LAKE, name: 'a' },
    preconditions: {},
    change: (now) => ({ ...now, temporaryHold: true }),
  });
  const held = await restore(fixture, { allowOverwrite: true });
  assert.deepEqual(held.shown, { restoredObjectCount: '0', skippedObjectCount: '1' });
  assert.deepEqual(await contents(fixture), { a: 'live' });
});

test('one of several patterns chooses names; a malformed one begins nothing', async () => {
  const fixture = await softDeleting();
  for (const name of ['a.csv', 'a.json', 'x/b.csv', 'y/z/c.parquet']) await deleted(fixture, name, name);
  await restore(fixture, { matchGlobs: ['*.csv', '**/*.parquet'] });
  assert.deepEqual(Object.keys(await contents(fixture)), ['a.csv', 'y/z/c.parquet']);
  await assert.rejects(restore(fixture, { matchGlobs: ['*.csv', '{a'] }), { code: 'invalidArgument' });
  const { operations } = await fixture.namespace.listOperations({ bucket: LAKE, maxResults: 10 });
  assert.equal(operations.length, 1);
});

test('very many versions come back in steps that the store takes, each name once, whatever crashes', async () => {
  const fixture = await softDeleting();
  for (let part = 0; part < 20; part += 1) await fixture.put(`part-${part}`, 'p'.repeat(100));
  const sources = Array.from({ length: 20 }, (_, part) => ({ name: `part-${part}` }));
  for (let index = 0; index < 450; index += 1) {
    const destination = { bucket: LAKE, name: `o-${index % 150}` };
    await fixture.namespace.composeObject({
      destination,
      sources,
      attributes: { metadata: { at: `${index}` } },
      preconditions: {},
      deleteSources: false,
    });
    await fixture.remove(destination.name);
  }
  const sizes: number[] = [];
  const { metadata } = fixture.deps;
  // Every other step is lost before or after its commit, as crashes lose it.
  const commit: typeof metadata.commit = async (transaction) => {
    sizes.push(transaction.writes.length);
    if (sizes.length % 4 === 0) throw new Error('crashed before');
    const outcome = await metadata.commit(transaction);
    if (sizes.length % 4 === 2) throw new Error('crashed behind');
    return outcome;
  };
  const crashing = { ...fixture.deps, metadata: storeWith(metadata, { commit }) };
  const request = { allowOverwrite: true, copySourceAcl: false };
  const { id } = await fixture.namespace.bulkRestoreObjects({ bucket: LAKE, request });
  const get = () => fixture.namespace.getOperation({ bucket: LAKE, id });
  for (let turn = 0; turn < 100 && (await get()).outcome === undefined; turn += 1) {
    await advanceOperationsOnce(crashing, WORKERS, SIGNAL).catch(() => undefined);
  }
  assert.deepEqual((await get()).shown, { restoredObjectCount: '150', skippedObjectCount: '0' });
  const { items } = await fixture.namespace.listObjects({ bucket: LAKE, prefix: 'o-', maxResults: 1_000 });
  assert.equal(items.length, 150);
  const deletions = await fixture.namespace.listObjects({ bucket: LAKE, versions: 'softDeleted', maxResults: 1_000 });
  assert.equal(deletions.items.length, 450, 'nothing was restored twice');
  for (const { name, state } of items) assert.equal(state.metadata?.['at'], `${300 + Number(name.slice(2))}`);
  assert.ok(sizes.length > 3 && Math.max(...sizes) <= LIMITS.writesPerCommitMax, sizes.join());
});

test('random deletions come back as a map says', async () => {
  const name = fc.constantFrom('a', 'a\0', 'b', 'dir/a', 'dir/b');
  const act = fc.record({ name, isDelete: fc.boolean(), ms: fc.nat(3) });
  const request = fc.record({
    allowOverwrite: fc.boolean(),
    names: fc.constantFrom(
      { matchGlobs: [], isMeant: () => true },
      { matchGlobs: ['dir/*'], isMeant: (one: string) => one.startsWith('dir/') },
      { matchGlobs: ['a', 'b'], isMeant: (one: string) => one === 'a' || one === 'b' },
    ),
    after: fc.option(fc.nat(60), { nil: undefined }),
    before: fc.option(fc.nat(60), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 25 }), request, async (acts, asked) => {
      const fixture = await softDeleting();
      const startMs = fixture.deps.clock.nowMs();
      const live = new Map<string, string>();
      const gone: { readonly name: string; readonly body: string; readonly atMs: number }[] = [];
      const drop = (one: string) => {
        const body = live.get(one);
        if (body !== undefined) gone.push({ name: one, body, atMs: fixture.deps.clock.nowMs() });
        live.delete(one);
      };
      for (const [index, { name: one, isDelete, ms }] of acts.entries()) {
        fixture.pass(ms);
        if (isDelete && !live.has(one)) continue;
        if (isDelete) await fixture.remove(one);
        else await fixture.put(one, `body ${index}`);
        drop(one);
        if (!isDelete) live.set(one, `body ${index}`);
      }
      const { allowOverwrite, names, after, before } = asked;
      await restore(fixture, {
        allowOverwrite,
        matchGlobs: names.matchGlobs,
        ...(after === undefined ? {} : { softDeletedAfterMs: startMs + after }),
        ...(before === undefined ? {} : { softDeletedBeforeMs: startMs + before }),
      });
      const newest = new Map<string, string>();
      for (const { name: one, body, atMs } of gone) {
        const isAfter = after === undefined || atMs > startMs + after;
        const isBefore = before === undefined || atMs < startMs + before;
        if (names.isMeant(one) && isAfter && isBefore) newest.set(one, body);
      }
      for (const [one, body] of newest) if (allowOverwrite || !live.has(one)) live.set(one, body);
      const expected = Object.fromEntries(live);
      assert.deepEqual(await contents(fixture), expected);
    }),
    { numRuns: 100 },
  );
});

test('versions under an encryption that the bucket takes no more are skipped, and the rest come back', async () => {
  const fixture = await softDeleting();
  const kmsKeyName = 'projects/p/locations/us/keyRings/r/cryptoKeys/k';
  await deleted(fixture, 'a', 'a1');
  await fixture.put('b', 'b1', { kmsKeyName });
  await fixture.remove('b');
  await deleted(fixture, 'c', 'c1');
  const encryption = { customerManagedEncryptionEnforcementConfig: { restrictionMode: 'FullyRestricted' } };
  await fixture.namespace.changeBucket({
    name: LAKE,
    preconditions: {},
    change: ({ settings, storageClass }) => ({ settings: { ...settings, encryption }, storageClass }),
  });
  const { shown, outcome } = await restore(fixture);
  assert.deepEqual(shown, { restoredObjectCount: '2', skippedObjectCount: '1' });
  assert.equal(outcome?.kind, 'response');
  assert.deepEqual(await contents(fixture), { a: 'a1', c: 'c1' });
});
