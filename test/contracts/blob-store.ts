/**
 * The contract of `src/stores/blobs/port.ts` as a suite, run against every adapter. The model is a Buffer: whatever
 * is staged, sealed and read must be what one Buffer would hold.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { isStraitError } from '../../src/model/errors.ts';
import { blobId, stagingId } from '../../src/model/ids.ts';
import type { BlobStore } from '../../src/stores/blobs/port.ts';
import { chunked, patterned } from '../support/patterned-bytes.ts';
import { encryptionTests } from './blob-encryption.ts';
import { type BlobContext, type BlobHarness, readBlob } from './blob-subject.ts';

const BLOCK = 65_536;
const md5Of = (bytes: Uint8Array) => Uint8Array.from(createHash('md5').update(bytes).digest());
const fails = (code: Parameters<typeof isStraitError>[1]) => (error: unknown) => isStraitError(error, code);

async function* breaking(content: Uint8Array, error: unknown): AsyncGenerator<Uint8Array, void, void> {
  yield* chunked(content);
  throw error;
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A source that hands out its chunks when told, as a slow client does. */
function manualSource() {
  const gates: (() => void)[] = [];
  const steps = [0, 1, 2].map(() => new Promise<void>((resolve) => gates.push(resolve)));
  async function* chunks(content: Uint8Array) {
    const third = Math.ceil(content.length / 3);
    for (const [index, step] of steps.entries()) {
      await step;
      yield content.subarray(index * third, (index + 1) * third);
    }
  }
  return { chunks, release: (step: number) => gates[step]?.() };
}

export function blobStoreContract(adapter: string, start: () => Promise<BlobHarness>): void {
  describe(`blob store contract: ${adapter}`, () => {
    const at: { harness?: BlobHarness; store?: BlobStore; other?: BlobStore } = {};
    before(async () => {
      at.harness = await start();
      at.store = await at.harness.open();
      at.other = await at.harness.open();
    });
    after(async () => {
      await at.store?.close();
      await at.other?.close();
      await at.harness?.close();
    });
    const context = (): BlobContext => {
      assert.ok(at.harness && at.store && at.other);
      return { harness: at.harness, store: at.store, other: at.other };
    };
    writingTests(context);
    stagingTests(context);
    appenderTests(context);
    readingTests(context);
    corruptionTests(context);
    limitTests(context);
    encryptionTests(context);
    largeTests(context);
  });
}

type Context = () => BlobContext;

const BORDER_SIZES = [0, 1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 17];

function writingTests(context: Context): void {
  test('write: size, checksums and bytes at every border', async () => {
    const { store, other } = context();
    for (const size of BORDER_SIZES) {
      const content = patterned(size);
      const sealed = await store.write(chunked(content), { md5: true });
      assert.equal(sealed.size, size);
      assert.equal(sealed.crc32c, crc32c(content));
      assert.deepEqual(sealed.md5, md5Of(content));
      assert.equal(await other.size(sealed.blobId), size);
      assert.ok((await readBlob(other, sealed.blobId, { start: 0, end: size })).equals(content), `${size} bytes`);
    }
    const { md5 } = await store.write(chunked(patterned(10)), { md5: false });
    assert.equal(md5, undefined, 'no MD5 where none is wanted');
  });

  test('write: a hundred thousand one-byte chunks and chunks of many blocks', async () => {
    const { store } = context();
    const content = patterned(100_000);
    for (const chunkBytes of [1, 99_999]) {
      const { blobId: id, crc32c: sum } = await store.write(chunked(content, chunkBytes), { md5: false });
      assert.equal(sum, crc32c(content));
      assert.ok((await readBlob(store, id, { start: 0, end: content.length })).equals(content));
    }
  });

  test('write: a source that fails gives its own error and leaves nothing', async () => {
    const { store } = context();
    const before = await collect(store.listBlobs());
    const failure = new Error('the client went away');
    for (const error of [failure, undefined]) {
      const write = store.write(breaking(patterned(200_000), error), { md5: true });
      await assert.rejects(write, (thrown) => thrown === error);
    }
    assert.equal((await collect(store.listBlobs())).length, before.length);
  });

  test('remove is idempotent; a removed blob is corrupt to read and has no size', async () => {
    const { store, other } = context();
    const { blobId: id } = await store.write(chunked(patterned(1000)), { md5: false });
    await other.remove(id);
    await store.remove(id);
    assert.equal(await store.size(id), undefined);
    await assert.rejects(readBlob(store, id, { start: 0, end: 1 }), fails('corrupt'));
    await assert.rejects(readBlob(store, id, { start: 0, end: 0 }), fails('corrupt'));
  });

  test('listBlobs: sealed blobs once, removed ones and stagings never', async () => {
    const { store, other } = context();
    const kept = await store.write(chunked(patterned(70_000)), { md5: false });
    const gone = await store.write(chunked(patterned(70_000)), { md5: false });
    await store.remove(gone.blobId);
    const staged = await store.begin({ md5: false });
    await store.append(staged, 0, chunked(patterned(70_000)));
    const listed = await collect(other.listBlobs());
    assert.equal(listed.filter((id) => id === kept.blobId).length, 1);
    assert.ok(!listed.includes(gone.blobId) && !listed.includes(blobId(staged)));
    await store.discard(staged);
  });

  test('free share is between 0 and 1', async () => {
    const share = await context().store.freeShare();
    assert.ok(share >= 0 && share <= 1);
  });
}

function stagingTests(context: Context): void {
  test('chunks that alternate between two processes make what one Buffer would hold', async () => {
    const { store, other, harness } = context();
    const chunk = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(BLOCK - 1, BLOCK, BLOCK + 1, 200_000));
    const step = fc.tuple(chunk, fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.boolean(), async (steps, md5) => {
        const model: Buffer[] = [];
        const id = await store.begin({ md5 });
        let offset = 0;
        for (const [index, [length, isOther]] of steps.entries()) {
          const content = patterned(length, index + 1);
          const appended = await (isOther ? other : store).append(id, offset, chunked(content, 30_000));
          offset += length;
          model.push(content);
          assert.deepEqual(appended, { durableOffset: offset });
          assert.equal((await (isOther ? store : other).staging(id))?.durableOffset, offset);
        }
        const whole = Buffer.concat(model);
        const sealed = await other.seal(id);
        assert.equal(sealed.size, whole.length);
        assert.equal(sealed.crc32c, crc32c(whole), 'the running CRC32C equals the one-shot one');
        assert.deepEqual(sealed.md5, md5 ? md5Of(whole) : undefined, 'the running MD5 equals the one-shot one');
        assert.ok((await readBlob(store, sealed.blobId, { start: 0, end: whole.length })).equals(whole));
        await store.remove(sealed.blobId);
      }),
      { numRuns: harness.rounds },
    );
  });

  test('nothing can be opened before it is sealed', async () => {
    const { store } = context();
    const id = await store.begin({ md5: false });
    await store.append(id, 0, chunked(patterned(200_000)));
    await assert.rejects(readBlob(store, blobId(id), { start: 0, end: 1 }), fails('corrupt'));
    assert.equal(await store.size(blobId(id)), undefined);
    await store.discard(id);
  });

  test('sealing again, anywhere, answers the same; a sealed staging is gone and takes no more', async () => {
    const { store, other } = context();
    const content = patterned(100_001);
    const id = await store.begin({ md5: true });
    await store.append(id, 0, chunked(content));
    const [first, second] = await Promise.all([store.seal(id), other.seal(id)]);
    assert.deepEqual(second, first);
    assert.deepEqual(await other.seal(id), first);
    assert.equal(await store.staging(id), undefined);
    await assert.rejects(other.append(id, content.length, chunked(content)), fails('preconditionFailed'));
    await store.discard(id);
    assert.equal(await store.size(first.blobId), content.length, 'a discard leaves a sealed blob alone');
  });

  test('an unknown or discarded staging is uploadNotFound', async () => {
    const { store, other } = context();
    const discarded = await store.begin({ md5: false });
    await store.append(discarded, 0, chunked(patterned(100_000)));
    await other.discard(discarded);
    await store.discard(discarded);
    for (const id of [discarded, stagingId('0'.repeat(32)), stagingId('../../etc/passwd')]) {
      assert.equal(await store.staging(id), undefined);
      await assert.rejects(store.append(id, 0, chunked(patterned(5))), fails('uploadNotFound'));
      await assert.rejects(store.seal(id), fails('uploadNotFound'));
      await store.discard(id);
    }
  });

  test('listStaging: what is staged, from every process, with its offset', async () => {
    const { store, other } = context();
    const [empty, some] = [await store.begin({ md5: false }), await store.begin({ md5: true })];
    const sealedId = await store.begin({ md5: false });
    await store.append(some, 0, chunked(patterned(12_345)));
    await store.seal(sealedId);
    const listed = await collect(other.listStaging());
    assert.equal(listed.find((state) => state.stagingId === empty)?.durableOffset, 0);
    assert.equal(listed.find((state) => state.stagingId === some)?.durableOffset, 12_345);
    assert.ok(!listed.some((state) => state.stagingId === sealedId));
    assert.ok(listed.every((state) => Number.isFinite(state.createdMs)));
    for (const id of [empty, some]) await store.discard(id);
  });

  test('an empty blob is sealed from a staging nobody appended to', async () => {
    const { store, other } = context();
    const sealed = await store.seal(await store.begin({ md5: true }));
    assert.deepEqual([sealed.size, sealed.crc32c, sealed.md5], [0, 0, md5Of(Buffer.alloc(0))]);
    assert.equal((await readBlob(other, sealed.blobId, { start: 0, end: 0 })).length, 0);
  });
}

function appenderTests(context: Context): void {
  test('an append elsewhere than at the durable offset is refused and changes nothing', async () => {
    const { store, other } = context();
    const id = await store.begin({ md5: true });
    await store.append(id, 0, chunked(patterned(1000)));
    for (const offset of [0, 999, 1001, BLOCK]) {
      await assert.rejects(other.append(id, offset, chunked(patterned(10))), fails('preconditionFailed'));
    }
    assert.equal((await store.staging(id))?.durableOffset, 1000);
    assert.equal((await store.seal(id)).crc32c, crc32c(patterned(1000)));
  });

  test('a source that fails half-way leaves what came before it, durable, and the upload goes on', async () => {
    const { store, other } = context();
    const content = patterned(400_000);
    const failure = new Error('connection reset');
    const id = await store.begin({ md5: true });
    const appended = await store.append(id, 0, breaking(content.subarray(0, 250_000), failure));
    assert.equal(appended.sourceError, failure);
    const { durableOffset } = appended;
    const reached = Math.floor(250_000 / store.granularityBytes) * store.granularityBytes;
    assert.equal(durableOffset, reached);
    assert.equal((await other.staging(id))?.durableOffset, durableOffset);
    await other.append(id, durableOffset, chunked(content.subarray(durableOffset)));
    const sealed = await store.seal(id);
    assert.equal(sealed.crc32c, crc32c(content));
    assert.deepEqual(sealed.md5, md5Of(content));
  });

  test('of two appends at one offset the newer takes over from a stalled one, which cannot spoil it', async () => {
    const { store, other } = context();
    const [stalled, fresh] = [patterned(300_000, 1), patterned(200_000, 2)];
    const id = await store.begin({ md5: true });
    const slow = manualSource();
    const losing = store.append(id, 0, slow.chunks(stalled));
    losing.catch(() => {});
    slow.release(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const offset = (await other.staging(id))?.durableOffset ?? 0;
    const won = await other.append(id, offset, chunked(fresh));
    assert.equal(won.durableOffset, offset + fresh.length);
    slow.release(1);
    slow.release(2);
    await assert.rejects(losing, fails('preconditionFailed'));
    const whole = Buffer.concat([stalled.subarray(0, offset), fresh]);
    const sealed = await store.seal(id);
    assert.deepEqual([sealed.size, sealed.crc32c, sealed.md5], [whole.length, crc32c(whole), md5Of(whole)]);
    assert.ok((await readBlob(store, sealed.blobId, { start: 0, end: whole.length })).equals(whole));
  });

  test('many appends race at one offset: the staging holds exactly one of them', async () => {
    const { store, other } = context();
    const id = await store.begin({ md5: false });
    const contents = Array.from({ length: 8 }, (_, index) => patterned(100_000 + index, index + 1));
    const outcomes = await Promise.allSettled(
      contents.map((content, index) => (index % 2 === 0 ? store : other).append(id, 0, chunked(content))),
    );
    const winners = outcomes.filter(({ status }) => status === 'fulfilled');
    assert.equal(winners.length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.ok(isStraitError(outcome.reason, 'preconditionFailed'), outcome.reason);
    }
    const winner = contents[outcomes.findIndex(({ status }) => status === 'fulfilled')];
    const sealed = await store.seal(id);
    assert.ok((await readBlob(store, sealed.blobId, { start: 0, end: sealed.size })).equals(winner ?? Buffer.alloc(0)));
  });

  test('a seal or a discard stops an append that runs', async () => {
    const { store, other } = context();
    for (const stop of ['seal', 'discard'] as const) {
      const id = await store.begin({ md5: false });
      await store.append(id, 0, chunked(patterned(500)));
      const slow = manualSource();
      const running = store.append(id, 500, slow.chunks(patterned(3000, 2)));
      running.catch(() => {});
      slow.release(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await other[stop](id);
      slow.release(1);
      slow.release(2);
      await assert.rejects(running, (error) => isStraitError(error));
      if (stop === 'seal') assert.equal((await store.seal(id)).crc32c, crc32c(patterned(500)));
    }
  });
}

function readingTests(context: Context): void {
  test('every range is exactly its bytes, with fresh and with reused buffers', async () => {
    const { store, harness } = context();
    const content = patterned(10 * BLOCK + 321);
    const { blobId: id } = await store.write(chunked(content, 100_000), { md5: false });
    const nearBorder = fc
      .tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: -2, max: 2 }))
      .map(([block, delta]) => Math.max(0, block * BLOCK + delta));
    const offset = fc.oneof(nearBorder, fc.integer({ min: 0, max: content.length }));
    await fc.assert(
      fc.asyncProperty(offset, offset, fc.boolean(), async (one, two, reuseBuffers) => {
        const [start, end] = [Math.min(one, two), Math.max(one, two)];
        const read = await readBlob(store, id, { start, end }, { reuseBuffers });
        assert.ok(read.equals(content.subarray(start, end)), `${start}-${end}`);
      }),
      { numRuns: harness.rounds * 4 },
    );
    await assert.rejects(readBlob(store, id, { start: 0, end: content.length + 1 }), fails('corrupt'));
  });

  test('chunks of a plain read stay as they are while the blob is read again', async () => {
    const { store } = context();
    const content = patterned(8 * BLOCK);
    const { blobId: id } = await store.write(chunked(content), { md5: false });
    const kept = await collect(store.open(id, { start: 0, end: content.length }));
    for (let round = 0; round < 3; round += 1) {
      await readBlob(store, id, { start: 0, end: content.length }, { reuseBuffers: true });
    }
    assert.ok(Buffer.concat(kept).equals(content));
  });

  test('a read that is left early ends, and many at once each get their own bytes', async () => {
    const { store } = context();
    const blobs = await Promise.all(
      [1, 2, 3, 4].map(async (seed) => {
        const content = patterned(5 * BLOCK + seed, seed);
        return { content, ...(await store.write(chunked(content), { md5: false })) };
      }),
    );
    for (const { blobId: id, size } of blobs) {
      for await (const _ of store.open(id, { start: 0, end: size }, { reuseBuffers: true })) break;
    }
    const rounds = [...blobs, ...blobs, ...blobs].map(async ({ blobId: id, size, content }) => {
      const read = await readBlob(store, id, { start: 0, end: size }, { reuseBuffers: true });
      assert.ok(read.equals(content));
    });
    await Promise.all(rounds);
  });
}

function corruptionTests(context: Context): void {
  const storedOf = (t: { skip(reason: string): void }) => {
    const { stored } = context().harness;
    if (stored === undefined) t.skip('this adapter stores no bytes that could rot');
    return stored;
  };

  test('a flipped bit anywhere is corrupt and never returned', async (t) => {
    const { store, harness } = context();
    const stored = storedOf(t);
    if (stored === undefined) return;
    const content = patterned(2 * BLOCK + 100);
    const { blobId: id, size } = await store.write(chunked(content), { md5: true });
    const good = await stored.read(id);
    const interesting = [0, 9, 10, 63, 64, 64 + BLOCK - 1, 64 + BLOCK, 64 + BLOCK + 3, 64 + BLOCK + 4];
    const fromEnd = [1, 4, 5, 30, 40, 55, 63, 64, 65, 68, 69].map((back) => good.length - back);
    const anywhere = fc.sample(fc.nat(good.length - 1), harness.rounds);
    for (const position of [...interesting, ...fromEnd, ...anywhere]) {
      const broken = Buffer.from(good);
      broken[position] = (broken[position] ?? 0) ^ (1 << (position % 8));
      await stored.replace(id, broken);
      await assert.rejects(readBlob(store, id, { start: 0, end: size }), fails('corrupt'), `byte ${position}`);
    }
    await stored.replace(id, good);
    assert.ok((await readBlob(store, id, { start: 0, end: size })).equals(content));
  });

  test('a ranged read verifies the blocks it touches, and no others', async (t) => {
    const { store } = context();
    const stored = storedOf(t);
    if (stored === undefined) return;
    const content = patterned(4 * BLOCK);
    const { blobId: id } = await store.write(chunked(content), { md5: false });
    const broken = await stored.read(id);
    broken[64 + 2 * (BLOCK + 4) + 5] = (broken[64 + 2 * (BLOCK + 4) + 5] ?? 0) ^ 1;
    await stored.replace(id, broken);
    for (const [start, end] of [
      [0, 2 * BLOCK],
      [3 * BLOCK, 4 * BLOCK],
      [3 * BLOCK + 1, 3 * BLOCK + 2],
    ] as const) {
      assert.ok((await readBlob(store, id, { start, end })).equals(content.subarray(start, end)));
    }
    await assert.rejects(readBlob(store, id, { start: 2 * BLOCK + 100, end: 2 * BLOCK + 101 }), fails('corrupt'));
    await assert.rejects(readBlob(store, id, { start: 2 * BLOCK - 1, end: 2 * BLOCK + 1 }), fails('corrupt'));
  });

  test('cut short, grown, swapped blocks, another blob, nothing at all: corrupt', async (t) => {
    const { store } = context();
    const stored = storedOf(t);
    if (stored === undefined) return;
    const { blobId: id, size } = await store.write(chunked(patterned(3 * BLOCK)), { md5: false });
    const good = await stored.read(id);
    const other = await stored.read((await store.write(chunked(patterned(3 * BLOCK)), { md5: false })).blobId);
    const stride = BLOCK + 4;
    const swapped = Buffer.from(good);
    good.copy(swapped, 64, 64 + stride, 64 + 2 * stride);
    good.copy(swapped, 64 + stride, 64, 64 + stride);
    const foreignBlock = Buffer.from(good);
    other.copy(foreignBlock, 64 + stride, 64 + stride, 64 + 2 * stride);
    const withoutBlock = Buffer.concat([good.subarray(0, 64 + stride), good.subarray(64 + 2 * stride)]);
    const cuts = [0, 1, 63, 64, 128, 64 + stride, good.length - 64, good.length - 1].map((end) =>
      good.subarray(0, end),
    );
    const torn = Buffer.concat([good.subarray(0, 64 + stride), Buffer.alloc(good.length - 64 - stride)]);
    const grown = [Buffer.concat([good, Buffer.alloc(1)]), Buffer.concat([good, good])];
    for (const [index, broken] of [swapped, foreignBlock, other, withoutBlock, torn, ...grown, ...cuts].entries()) {
      await stored.replace(id, Buffer.from(broken));
      await assert.rejects(readBlob(store, id, { start: 0, end: size }), fails('corrupt'), `variant ${index}`);
    }
  });
}

/** The same chunk again and again: content of any size without memory of its own. */
async function* repeated(chunk: Uint8Array, count: number): AsyncGenerator<Uint8Array, void, void> {
  for (let index = 0; index < count; index += 1) yield chunk;
}

function largeTests(context: Context): void {
  test('content of many parts, staged by two processes in turn, one of them overtaken', async () => {
    const { store, other } = context();
    const content = patterned(26_000_000);
    const id = await store.begin({ md5: true });
    let offset = 0;
    for (const [index, end] of [1000, 9_000_000, 9_500_000, 21_000_000, content.length].entries()) {
      const [now, overtaken] = index % 2 === 0 ? [store, other] : [other, store];
      const slow = manualSource();
      const losing = overtaken.append(id, offset, slow.chunks(content.subarray(0, 3_000_000)));
      losing.catch(() => {});
      await now.append(id, offset, chunked(content.subarray(offset, end), 100_000));
      for (const step of [0, 1, 2]) slow.release(step);
      await assert.rejects(losing, fails('preconditionFailed'));
      offset = end;
    }
    const sealed = await other.seal(id);
    assert.deepEqual([sealed.size, sealed.crc32c], [content.length, crc32c(content)]);
    assert.deepEqual(sealed.md5, md5Of(content));
    const read = await readBlob(store, sealed.blobId, { start: 0, end: content.length });
    assert.ok(read.equals(content));
    await store.remove(sealed.blobId);
  });

  test('256 MiB are written, staged and read in bounded memory', async (t) => {
    const { store, harness } = context();
    if (harness.keepsAllInMemory === true) return t.skip('it keeps all blobs in memory');
    const chunk = patterned(65_536);
    const count = 4096;
    let [peak, looks] = [0, 0];
    const before = process.memoryUsage();
    const look = () => {
      looks += 1;
      if (looks % 64 !== 0) return;
      const { rss, arrayBuffers } = process.memoryUsage();
      peak = Math.max(peak, Math.min(rss - before.rss, arrayBuffers - before.arrayBuffers));
    };
    async function* watched() {
      for await (const bytes of repeated(chunk, count)) {
        look();
        yield bytes;
      }
    }
    const written = await store.write(watched(), { md5: false });
    const id = await store.begin({ md5: false });
    await store.append(id, 0, watched());
    const sealed = await store.seal(id);
    assert.equal(sealed.crc32c, written.crc32c);
    let sum = 0;
    for await (const bytes of store.open(sealed.blobId, { start: 0, end: sealed.size }, { reuseBuffers: true })) {
      sum = crc32c(bytes, sum);
      look();
    }
    assert.equal(sum, written.crc32c);
    for (const blob of [written, sealed]) await store.remove(blob.blobId);
    assert.ok(peak < 100 * 2 ** 20, `${Math.round(peak / 2 ** 20)} MiB`);
  });
}

function limitTests(context: Context): void {
  test('a full disk is unavailable: nothing is acknowledged, what was durable stays, other work goes on', async (t) => {
    const { harness } = context();
    if (harness.openFull === undefined) return t.skip('the disk of this adapter cannot be filled');
    const store = await harness.openFull(2_000_000);
    const before = await store.write(chunked(patterned(500_000, 3)), { md5: false });
    const [kept, filling] = [await store.begin({ md5: true }), await store.begin({ md5: true })];
    for (const id of [kept, filling]) await store.append(id, 0, chunked(patterned(300_000)));
    await assert.rejects(store.write(chunked(patterned(3_000_000)), { md5: false }), fails('unavailable'));
    await assert.rejects(store.append(filling, 300_000, chunked(patterned(3_000_000, 2))), fails('unavailable'));
    const reached = (await store.staging(filling))?.durableOffset ?? 0;
    assert.ok(reached >= 300_000, 'what was acknowledged stays, also when more had been saved on the way');
    const partial = await store.seal(filling);
    const whole = Buffer.concat([patterned(300_000), patterned(3_000_000, 2)]);
    assert.equal(partial.crc32c, crc32c(whole.subarray(0, reached)));
    await store.remove(partial.blobId);
    assert.ok((await readBlob(store, before.blobId, { start: 0, end: 500_000 })).equals(patterned(500_000, 3)));
    await store.append(kept, 300_000, chunked(patterned(100_000, 5)));
    const sealed = await store.seal(kept);
    assert.equal(sealed.crc32c, crc32c(Buffer.concat([patterned(300_000), patterned(100_000, 5)])));
    const small = await store.write(chunked(patterned(100_000, 4)), { md5: false });
    const expected = [before, small, sealed].map((blob) => blob.blobId);
    assert.deepEqual((await collect(store.listBlobs())).toSorted(), expected.toSorted());
    await store.close();
  });
}
