/**
 * The power goes off at a random step while blobs are written, staged, sealed and discarded by three workers, on a disk
 * that keeps any mixture of what was not flushed. Then every acknowledged blob must be there, every acknowledged offset
 * durable, and every staging one that can be gone on with. A disk that skips a kind of flush must turn this red.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { isStraitError } from '../../src/model/errors.ts';
import { type BlobId, blobId, type StagingId } from '../../src/model/ids.ts';
import { SecretKey } from '../../src/model/secret-key.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { type Random, seededRandom } from '../../src/runtime/random.ts';
import { FileBlobStore } from '../../src/stores/blobs/files/file-blob-store.ts';
import { figureFor } from '../support/full-figures.ts';
import { chunked, patterned } from '../support/patterned-bytes.ts';
import { recordFigure } from '../support/record-figure.ts';
import { type Lie, SimulatedDisk } from '../support/simulated-disk.ts';

const CONTENT = patterned(100_000, 5);
const MD5 = Uint8Array.from(createHash('md5').update(CONTENT).digest());

interface Promises {
  readonly blobs: Set<BlobId>;
  readonly offsets: Map<StagingId, number>;
}

/** What the blobs are encrypted with, if they are. */
interface Key {
  readonly dataKey?: SecretKey;
}

interface Work {
  readonly random: Random;
  readonly key: Key;
}

/** Works until the power is off. What it records was acknowledged; what it stops promising it was about to end. */
async function work(store: FileBlobStore, promises: Promises, { random, key }: Work): Promise<void> {
  for (;;) {
    if (random.unit() < 0.3) {
      const { blobId: id } = await store.write(chunked(CONTENT, 50_000), { md5: false, ...key });
      promises.blobs.add(id);
    }
    const id = await store.begin({ md5: true, ...key });
    promises.offsets.set(id, 0);
    for (let offset = 0; offset < CONTENT.length; ) {
      const end = Math.min(CONTENT.length, offset + 1 + Math.floor(random.unit() * 60_000));
      await store.append(id, offset, chunked(CONTENT.subarray(offset, end), 7000), key.dataKey);
      offset = end;
      promises.offsets.set(id, offset);
    }
    if (random.unit() < 0.2) {
      promises.offsets.delete(id);
      await store.discard(id);
      continue;
    }
    const sealed = await store.seal(id, key.dataKey);
    promises.offsets.delete(id);
    promises.blobs.add(sealed.blobId);
    if (random.unit() > 0.2) continue;
    promises.blobs.delete(sealed.blobId);
    await store.remove(sealed.blobId);
  }
}

async function checkBlob(store: FileBlobStore, id: BlobId, key: Key): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.open(id, { start: 0, end: CONTENT.length }, key)) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(CONTENT));
}

async function checkPromises(store: FileBlobStore, { blobs, offsets }: Promises, key: Key): Promise<void> {
  for (const id of blobs) await checkBlob(store, id, key);
  for await (const id of store.listBlobs()) await checkBlob(store, id, key);
  for (const [id, offset] of offsets) {
    const state = await store.staging(id);
    // Sealing was under way: then the whole blob is there.
    if (state === undefined) {
      assert.equal((await store.seal(id)).size, CONTENT.length);
      await checkBlob(store, blobId(id), key);
      continue;
    }
    assert.ok(state.durableOffset >= offset, `${state.durableOffset} is left of ${offset}`);
    await store.append(id, state.durableOffset, chunked(CONTENT.subarray(state.durableOffset)), key.dataKey);
    const sealed = await store.seal(id, key.dataKey);
    assert.deepEqual([sealed.crc32c, sealed.md5], [crc32c(CONTENT), MD5]);
    await checkBlob(store, sealed.blobId, key);
  }
  for await (const { stagingId: id } of store.listStaging()) await store.discard(id);
}

/** One store through several power cuts. */
async function live(seed: number, lies: readonly Lie[] = [], key: Key = {}): Promise<void> {
  const random = seededRandom(seed);
  const disk = new SimulatedDisk(random, lies);
  const open = () => {
    const deps = { clock: systemClock, random, crashPoints: noCrashPoints, layer: disk.mount() };
    return FileBlobStore.open(deps, { folder: '/simulated/blobs', checkpointBytes: 20_000 });
  };
  disk.powerOn();
  await disk.mount().makeFolder('/');
  await open();
  for (let cut = 0; cut < 4; cut += 1) {
    disk.powerOn(Math.floor(random.unit() * 600));
    const promises: Promises = { blobs: new Set(), offsets: new Map() };
    const workers = async () => {
      const store = await open();
      await Promise.all([1, 2, 3].map(() => work(store, promises, { random, key })));
    };
    await Promise.race([disk.off, workers()]);
    disk.loseUnflushed();
    disk.powerOn();
    await checkPromises(await open(), promises, key);
  }
}

for (const [kind, key] of [
  ['', {}],
  [', encrypted', { dataKey: new SecretKey(patterned(32)) }],
] as const) {
  test(`what was acknowledged survives power cuts at random steps${kind}`, async () => {
    const seeds = figureFor({ quick: 12, full: 1000 });
    for (let seed = 1; seed <= seeds; seed += 1) {
      await live(seed, [], key).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
    }
    recordFigure({ name: `blob store power cuts survived${kind}`, value: seeds * 4 });
  });
}

for (const lie of ['sync', 'syncFolder'] as const) {
  test(`a disk that only pretends to ${lie} is found out`, async () => {
    const key = { dataKey: new SecretKey(patterned(32)) };
    const lives = Array.from({ length: 10 }, (_, seed) => live(seed, [lie], seed % 2 === 0 ? {} : key));
    const outcomes = await Promise.allSettled(lives);
    const found = outcomes.filter(({ status }) => status === 'rejected');
    assert.ok(found.length > 0);
    for (const { reason } of found as readonly PromiseRejectedResult[]) {
      assert.ok(isStraitError(reason) || reason instanceof assert.AssertionError, String(reason));
    }
  });
}
