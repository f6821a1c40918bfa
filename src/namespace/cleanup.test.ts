import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, type LakeFixture, lakeFixture, targetOf } from '../../test/support/lake-fixture.ts';
import { streamOf } from '../../test/support/namespace-fixture.ts';
import { seededRandom } from '../runtime/random.ts';
import { Cleanup } from './cleanup.ts';
import { expireUploadsOnce } from './expire-uploads.ts';
import { reapOnce } from './reap.ts';
import { PRESENT } from './rows/codec.ts';
import { blobRefKey, flatPlace, transferKey } from './rows/keys.ts';
import { encodeTransfer } from './rows/sync-rows.ts';
import { ORPHAN_GRACE_MS, OrphanSweep } from './sweep-orphans.ts';

const forever = new AbortController().signal;
const big = 'x'.repeat(1_000);
const HOUR_MS = 3_600_000;

const blobs = async ({ deps }: LakeFixture) => (await Array.fromAsync(deps.blobs.listBlobs())).length;

/** Rows of every kind but buckets, objects and the journal, by the word their key begins with. */
async function rowsLeft({ deps }: LakeFixture): Promise<Record<string, number>> {
  const range = { start: new Uint8Array(), end: Buffer.alloc(8, 0xff) };
  const rows = await deps.metadata.scan(range, { limit: 5_000 });
  const counts: Record<string, number> = {};
  for (const { key } of rows) {
    const word = Buffer.from(key).toString('latin1').split('/')[0] ?? '';
    if (!word.startsWith('bucket') && word !== 'object') counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

test('bytes of an overwritten or deleted object go after the grace, and not before', async () => {
  const fixture = await lakeFixture();
  const { deps, put, remove, read, pass } = fixture;
  for (const body of [big, 'small']) {
    const old = await put('a', body);
    await put('a', big);
    await remove('a');
    assert.equal((await reapOnce(deps, forever)).blobs, 2);
    pass(HOUR_MS - 1);
    await reapOnce(deps, forever);
    assert.equal((await read(old)).toString(), body, 'a reader that opened it still reads');
    pass(2);
    assert.equal((await reapOnce(deps, forever)).removed, 2);
    await assert.rejects(read(old), { code: 'corrupt' });
    assert.equal(await blobs(fixture), 0);
    assert.deepEqual(await rowsLeft(fixture), {});
  }
});

test('bytes that a copy shares stay until the copy goes too', async () => {
  const fixture = await lakeFixture();
  const { deps, namespace, put, remove, readText, pass } = fixture;
  await put('a', big);
  const source = { bucket: LAKE, name: 'a' };
  const destination = { bucket: LAKE, name: 'b' };
  await namespace.copyObject({ source, destination, sourcePreconditions: {}, preconditions: {} });
  await remove('a');
  await reapOnce(deps, forever);
  pass(2 * HOUR_MS);
  await reapOnce(deps, forever);
  assert.equal(await readText('b'), big);
  assert.equal((await rowsLeft(fixture))['unreferenced'], undefined);
  await remove('b');
  await reapOnce(deps, forever);
  pass(2 * HOUR_MS);
  await reapOnce(deps, forever);
  assert.equal(await blobs(fixture), 0);
});

test('a page of segments holds its blobs, and lets them go when it goes', async () => {
  const fixture = await lakeFixture();
  const { deps, namespace, put, remove, readText, pass } = fixture;
  const names = Array.from({ length: 30 }, (_, index) => `p${index}`);
  for (const name of names) await put(name, `${name}${big}`);
  const compose = (name: string, sources: readonly string[]) =>
    namespace.composeObject({
      destination: { bucket: LAKE, name },
      attributes: {},
      preconditions: {},
      sources: sources.map((source) => ({ name: source })),
      deleteSources: false,
    });
  await compose('half', names);
  await compose('whole', ['half', 'half']);
  for (const name of [...names, 'half']) await remove(name);
  const reapAll = async () => {
    for (let round = 0; round < 3; round += 1) {
      await reapOnce(deps, forever);
      pass(2 * HOUR_MS);
      await reapOnce(deps, forever);
    }
  };
  await reapAll();
  const part = names.map((name) => `${name}${big}`).join('');
  assert.equal(await readText('whole'), part + part);
  await remove('whole');
  await reapAll();
  assert.equal(await blobs(fixture), 0);
  assert.deepEqual(await rowsLeft(fixture), {});
});

/** Lets others go on for a number of steps. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

/** Copies run against the deletion of their source and against reaping: whoever comes first wins, nothing is torn. */
test('a copy against the removal of its source', async () => {
  const fixture = await lakeFixture({ settings: { reapGraceMs: 0, inlineBytesMax: 4 } });
  const { deps, namespace, put, remove, get, read, pass } = fixture;
  const random = seededRandom(7);
  const outcomes = { copied: 0, missing: 0 };
  for (let round = 0; round < 300; round += 1) {
    const body = round % 2 === 0 ? 'tiny' : `body ${round}`;
    await put('a', body);
    const request = {
      source: { bucket: LAKE, name: 'a' },
      destination: { bucket: LAKE, name: 'b' },
      sourcePreconditions: {},
      preconditions: {},
    };
    const reaping = async () => {
      pass(1);
      await reapOnce(deps, forever);
      pass(1);
      await reapOnce(deps, forever);
    };
    const [copied] = await Promise.allSettled([
      turns(random.unit() * 30).then(() => namespace.copyObject(request)),
      turns(random.unit() * 30)
        .then(() => remove('a'))
        .then(reaping),
      reaping(),
    ]);
    await reaping();
    if (copied.status === 'fulfilled') {
      outcomes.copied += 1;
      assert.equal((await read(copied.value)).toString(), body);
      await remove('b');
    } else {
      outcomes.missing += 1;
      assert.equal(copied.reason.code, 'objectNotFound');
      await assert.rejects(get('b'), { code: 'objectNotFound' });
    }
  }
  assert.ok(outcomes.copied > 20 && outcomes.missing > 20, JSON.stringify(outcomes));
});

test('a reference that appears while a candidate is judged saves the blob', async () => {
  const fixture = await lakeFixture();
  const { deps, put, remove, read, pass } = fixture;
  const { state } = await put('a', big);
  await remove('a');
  const { commit } = deps.metadata;
  const [segment] = state.content.kind === 'local' ? state.content.segments : [];
  assert.ok(segment !== undefined);
  const late = {
    kind: 'put' as const,
    key: blobRefKey(segment.blobId, { kind: 'upload', uploadId: 'x' }),
    value: PRESENT,
  };
  deps.metadata.commit = async (transaction) => {
    deps.metadata.commit = commit;
    await deps.metadata.commit({ checks: [], writes: [late] });
    return deps.metadata.commit(transaction);
  };
  for (let round = 0; round < 3; round += 1) {
    assert.deepEqual(await reapOnce(deps, forever), { blobs: 0, removed: 0 });
    pass(2 * HOUR_MS);
  }
  assert.equal((await read({ bucket: LAKE, name: 'a', state })).toString(), big);
});

test('expired sessions go with their stagings, whatever their state', async () => {
  const fixture = await lakeFixture({ settings: { uploadTtlMs: 10 * HOUR_MS } });
  const { deps, namespace, pass } = fixture;
  const start = async (name: string) => (await namespace.startUpload(targetOf(name))).uploadId;
  const chunk = Buffer.alloc(256 * 1024);
  const open = await start('open');
  await namespace.appendUpload({ uploadId: open, offset: 0, end: chunk.length, body: streamOf(chunk) });
  const finished = await start('finished');
  await namespace.appendUpload({ uploadId: finished, offset: 0, body: streamOf(chunk) });
  await namespace.cancelUpload(await start('cancelled'));
  await start('untouched');
  assert.deepEqual(await expireUploadsOnce(deps, forever), { sessions: 0, stagings: 0 });
  pass(10 * HOUR_MS + 1);
  assert.equal((await expireUploadsOnce(deps, forever)).sessions, 4);
  assert.deepEqual(await Array.fromAsync(deps.blobs.listStaging()), []);
  assert.deepEqual(await rowsLeft(fixture), { blob: 1, blobRef: 1 });
  await assert.rejects(namespace.uploadStatus(open), { code: 'uploadNotFound' });
});

test('stagings of nobody are discarded; those of transfers and of sessions stay', async () => {
  const fixture = await lakeFixture();
  const { deps, namespace, pass } = fixture;
  await deps.blobs.begin({ md5: false });
  const transferred = await deps.blobs.begin({ md5: false });
  const { id } = await namespace.getBucket({ name: LAKE, preconditions: {} });
  const value = encodeTransfer({ generation: '1', stagingId: transferred });
  const key = transferKey(flatPlace(id, 't'));
  await deps.metadata.commit({ checks: [], writes: [{ kind: 'put', key, value }] });
  const { uploadId } = await namespace.startUpload(targetOf('a'));
  await namespace.appendUpload({ uploadId, offset: 0, end: 1 << 18, body: streamOf(Buffer.alloc(1 << 18)) });
  assert.equal((await expireUploadsOnce(deps, forever)).stagings, 0, 'too young');
  pass(2 * HOUR_MS);
  assert.equal((await expireUploadsOnce(deps, forever)).stagings, 1);
  assert.equal((await Array.fromAsync(deps.blobs.listStaging())).length, 2);
});

test('blobs that a crash left without a row are found, adopted and reaped', async () => {
  let isCrashing = true;
  const crashPoints = {
    reach(point: string) {
      if (isCrashing && (point === 'insert.after-bytes-staged' || point === 'upload.after-seal'))
        throw new Error(point);
    },
  };
  const fixture = await lakeFixture({ crashPoints });
  const { deps, namespace, put, readText, pass } = fixture;
  await assert.rejects(put('a', big), /bytes-staged/);
  const { uploadId } = await namespace.startUpload(targetOf('u'));
  await assert.rejects(namespace.appendUpload({ uploadId, offset: 0, body: streamOf(big) }), /after-seal/);
  isCrashing = false;
  await put('b', big);
  assert.equal(await blobs(fixture), 3);
  const sweep = new OrphanSweep(deps);
  assert.equal(await sweep.sweepOnce(forever), 0);
  pass(ORPHAN_GRACE_MS - 1);
  assert.equal(await sweep.sweepOnce(forever), 0);
  pass(1);
  assert.equal(await sweep.sweepOnce(forever), 1, 'the session may still finish its blob');
  await reapOnce(deps, forever);
  pass(2 * HOUR_MS);
  await reapOnce(deps, forever);
  assert.equal(await blobs(fixture), 2);
  assert.equal((await namespace.uploadStatus(uploadId)).kind, 'finished');
  assert.equal(await readText('u'), big);
  assert.equal(await readText('b'), big);
});

test('a commit that comes after its blob was adopted takes the blob over', async () => {
  let release = () => {};
  const waiting = new Promise<void>((resolve) => {
    release = resolve;
  });
  const fixture = await lakeFixture();
  const { deps, namespace, readText, pass } = fixture;
  const sweep = new OrphanSweep(deps);
  const { write } = deps.blobs;
  deps.blobs.write = async (...args: Parameters<typeof write>) => {
    const sealed = await write.apply(deps.blobs, args);
    await waiting;
    return sealed;
  };
  const inserted = namespace.insertObject({ target: targetOf('a'), body: streamOf(big) });
  while ((await blobs(fixture)) === 0) await deps.clock.sleep(0);
  await sweep.sweepOnce(forever);
  pass(ORPHAN_GRACE_MS);
  assert.equal(await sweep.sweepOnce(forever), 1);
  release();
  await inserted;
  await reapOnce(deps, forever);
  pass(2 * HOUR_MS);
  await reapOnce(deps, forever);
  assert.equal(await readText('a'), big);
});

test('the service runs its chores in turn and survives a failing one', async () => {
  const fixture = await lakeFixture();
  const { deps, put, remove, pass } = fixture;
  await put('a', big);
  await remove('a');
  const stop = new AbortController();
  let turns = 0;
  const clock = {
    ...deps.clock,
    sleep: async (ms: number) => {
      pass(ms);
      turns += 1;
      if (turns === 5_000) stop.abort();
    },
  };
  deps.blobs.listStaging = () => {
    throw new Error('the disk is away');
  };
  await new Cleanup({ ...deps, clock }).run(stop.signal);
  assert.equal(await blobs(fixture), 0);
});
