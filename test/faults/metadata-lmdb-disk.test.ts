/** A full disk, a map that must grow under several processes, and death at each named crash point. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isStraitError } from '../../src/model/errors.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { openLmdbMetadataStore } from '../../src/stores/metadata/lmdb/lmdb-store.ts';
import type { MetadataStore, Transaction } from '../../src/stores/metadata/port.ts';
import { startMetadataProcess } from '../support/metadata-process.ts';
import { openMetadataStore } from '../support/open-metadata-store.ts';
import { smallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const putOf = (name: string, bytes: number): Transaction => ({
  checks: [],
  writes: [{ kind: 'put', key: Buffer.from(name), value: Buffer.alloc(bytes, name) }],
  appends: [{ journal: 'j', value: Buffer.from(name) }],
});

async function isWhole(store: MetadataStore, name: string, bytes: number): Promise<boolean> {
  const [row] = await store.get([Buffer.from(name)]);
  return row !== undefined && Buffer.compare(row.value, Buffer.alloc(bytes, name)) === 0;
}

test('a full disk is `unavailable`; nothing acknowledged is lost; with room again commits go on', async (context) => {
  const disk = smallDisk(6);
  if (typeof disk === 'string') return context.skip(disk);
  context.after(() => disk[Symbol.asyncDispose]());
  const folder = join(disk.path, 'db');
  let store = await openMetadataStore('lmdb', folder);
  const stored: string[] = [];
  const fill = async (name: string) => {
    await store.commit(putOf(name, 30_000));
    stored.push(name);
  };
  const isFull = (error: unknown) => isStraitError(error, 'unavailable') && error.retry === 'withBackoff';
  await assert.rejects(async () => {
    for (let index = 0; index < 1_000; index += 1) await fill(`n/${index}`);
  }, isFull);
  assert.ok(stored.length > 20, `${stored.length} rows fitted`);
  const [refused] = await Promise.allSettled([fill('concurrent/1'), fill('concurrent/2')]);
  assert.ok(refused.status === 'rejected' && isFull(refused.reason));
  for (const name of stored) assert.ok(await isWhole(store, name, 30_000));
  assert.equal(await store.head('j'), BigInt(stored.length));
  disk.resize(12);
  await fill('with room again');
  await store.close();
  store = await openMetadataStore('lmdb', folder);
  for (const name of stored) assert.ok(await isWhole(store, name, 30_000));
  assert.equal(await store.head('j'), BigInt(stored.length));
  await store.close();
});

test('the map grows past what was set aside, under readers and writers of two processes', async () => {
  await using folder = await temporaryFolder('metadata-map');
  const settings = { folder: folder.path, mapBytes: 256 * 1024, tailPollMs: 5 };
  const store = openLmdbMetadataStore(settings, { clock: systemClock, crashPoints: noCrashPoints });
  const environment = { STRAIT_TEST_MAP_BYTES: `${256 * 1024}` };
  const follower = await startMetadataProcess(['lmdb', folder.path], ['follow', 'j', '0', '1500'], { environment });
  const writer = await startMetadataProcess(['lmdb', folder.path], ['append', 'j', '500', '8'], { environment });
  const names = Array.from({ length: 1_000 }, (_, index) => `n/${index}`);
  for (let start = 0; start < names.length; start += 50) {
    await store.snapshot(async (view) => {
      const before = await view.scan({ start: Buffer.from('n/'), end: Buffer.from('n0') }, { limit: 10 });
      await Promise.all(names.slice(start, start + 50).map((name) => store.commit(putOf(name, 20_000))));
      const after = await view.scan({ start: Buffer.from('n/'), end: Buffer.from('n0') }, { limit: 10 });
      assert.deepEqual(after, before);
    });
  }
  for (const name of names) assert.ok(await isWhole(store, name, 20_000), name);
  const followed: string[] = [];
  for await (const line of follower.lines()) followed.push(line);
  for await (const _ of writer.lines());
  assert.deepEqual(
    followed.map((line) => Number.parseInt(line, 10)),
    Array.from({ length: 1_500 }, (_, i) => i + 1),
  );
  await Promise.all([follower.end(), writer.end(), store.close()]);
});

for (const [point, isDurable] of [
  ['metadata.before-commit', false],
  ['metadata.after-commit', true],
] as const) {
  test(`death at ${point}: the commit is ${isDurable ? 'there' : 'nowhere'}, whole`, async (context) => {
    await using folder = await temporaryFolder('metadata-crash');
    const store = await openMetadataStore('lmdb', folder.path);
    await dieAt(context, folder.path, point);
    const entries = Number(await store.head('j'));
    await store.commit(putOf('after', 10));
    await store.close();
    const again = await openMetadataStore('lmdb', folder.path);
    assert.equal(entries, isDurable ? 5 : 4);
    assert.equal(await again.head('j'), BigInt(entries + 1));
    assert.ok(await isWhole(again, 'after', 10));
    await again.close();
  });
}

/** Four commits of a child are acknowledged; it dies in the fifth. */
async function dieAt(context: TestContext, folder: string, point: string): Promise<void> {
  const environment = { STRAIT_TEST_CRASH_POINT: point, STRAIT_TEST_CRASH_COUNT: '5' };
  const child = await startMetadataProcess(['lmdb', folder], ['append', 'j', '100', '1'], { environment });
  context.after(() => child.end());
  const said: string[] = [];
  for await (const line of child.lines()) said.push(line);
  assert.equal(child.child.signalCode ?? 'SIGKILL', 'SIGKILL');
  assert.deepEqual(
    said.map((line) => Number.parseInt(line, 10)),
    [1, 2, 3, 4],
  );
}
