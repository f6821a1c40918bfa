/** The part of the blob store's contract that speaks of encrypted blobs; `blob-store.ts` runs it. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { isStraitError } from '../../src/model/errors.ts';
import { blobId } from '../../src/model/ids.ts';
import { SecretKey } from '../../src/model/secret-key.ts';
import type { BlobStore } from '../../src/stores/blobs/port.ts';
import { chunked, patterned } from '../support/patterned-bytes.ts';
import { PlaintextSearch } from '../support/plaintext-search.ts';
import { type BlobContext, readBlob } from './blob-subject.ts';

const BLOCK = 65_536;
/** Nonce, tag and check. */
const ADDED = 12 + 16 + 4;
const STRIDE = BLOCK + ADDED;
const BORDER_SIZES = [0, 1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 17];

const newKey = () => new SecretKey(randomBytes(32));
const isCorrupt = (error: unknown) => isStraitError(error, 'corrupt');
const md5Of = (bytes: Uint8Array) => Uint8Array.from(createHash('md5').update(bytes).digest());

export function encryptionTests(context: () => BlobContext): void {
  keyTests(context);
  stagedTests(context);
  storedTests(context);
}

function keyTests(context: () => BlobContext): void {
  test('encrypted: sums and bytes at every border; no key, another key or a key too many is corrupt', async () => {
    const { store, other } = context();
    for (const size of BORDER_SIZES) {
      const dataKey = newKey();
      const content = patterned(size);
      const sealed = await store.write(chunked(content), { md5: true, dataKey });
      assert.deepEqual([sealed.size, sealed.crc32c, sealed.md5], [size, crc32c(content), md5Of(content)]);
      assert.equal(await other.size(sealed.blobId), size);
      const range = { start: 0, end: size };
      assert.ok((await readBlob(other, sealed.blobId, range, { dataKey })).equals(content), `${size} bytes`);
      await assert.rejects(readBlob(other, sealed.blobId, range), isCorrupt);
      if (size > 0) await assert.rejects(readBlob(other, sealed.blobId, range, { dataKey: newKey() }), isCorrupt);
    }
    const plain = await store.write(chunked(patterned(10)), { md5: false });
    await assert.rejects(readBlob(store, plain.blobId, { start: 0, end: 10 }, { dataKey: newKey() }), isCorrupt);
  });

  test('encrypted: every range is exactly its bytes, with fresh and with reused buffers', async () => {
    const { store, harness } = context();
    const dataKey = newKey();
    const content = patterned(10 * BLOCK + 321);
    const { blobId: id } = await store.write(chunked(content, 100_000), { md5: false, dataKey });
    const near = fc
      .tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: -2, max: 2 }))
      .map(([block, delta]) => Math.max(0, block * BLOCK + delta));
    const offset = fc.oneof(near, fc.integer({ min: 0, max: content.length }));
    await fc.assert(
      fc.asyncProperty(offset, offset, fc.boolean(), async (one, two, reuseBuffers) => {
        const [start, end] = [Math.min(one, two), Math.max(one, two)];
        const read = await readBlob(store, id, { start, end }, { reuseBuffers, dataKey });
        assert.ok(read.equals(content.subarray(start, end)), `${start}-${end}`);
      }),
      { numRuns: harness.rounds * 2 },
    );
  });
}

function stagedTests(context: () => BlobContext): void {
  test('encrypted: chunks that alternate between two processes make what one Buffer would hold', async () => {
    const { store, other, harness } = context();
    const chunk = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(BLOCK - 1, BLOCK, BLOCK + 1, 200_000));
    const step = fc.tuple(chunk, fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.boolean(), async (steps, md5) => {
        const dataKey = newKey();
        const model: Buffer[] = [];
        const id = await store.begin({ md5, dataKey });
        let offset = 0;
        for (const [index, [length, isOther]] of steps.entries()) {
          const content = patterned(length, index + 1);
          const appended = await (isOther ? other : store).append(id, offset, chunked(content, 30_000), dataKey);
          offset += length;
          model.push(content);
          assert.deepEqual(appended, { durableOffset: offset });
          assert.equal((await (isOther ? store : other).staging(id))?.durableOffset, offset);
        }
        const whole = Buffer.concat(model);
        const sealed = await other.seal(id, dataKey);
        assert.deepEqual(await store.seal(id), sealed, 'sealing again needs no key');
        assert.deepEqual([sealed.size, sealed.crc32c], [whole.length, crc32c(whole)]);
        assert.deepEqual(sealed.md5, md5 ? md5Of(whole) : undefined);
        const range = { start: 0, end: whole.length };
        assert.ok((await readBlob(store, sealed.blobId, range, { dataKey })).equals(whole));
        await store.remove(sealed.blobId);
      }),
      { numRuns: harness.rounds },
    );
  });

  test('encrypted: a staging takes and gives nothing without its key, and is as it was afterwards', async () => {
    const { store, other } = context();
    const dataKey = newKey();
    const content = patterned(100_000);
    for (const offset of [0, 100, BLOCK, 99_999]) {
      const id = await store.begin({ md5: true, dataKey });
      if (offset > 0) await store.append(id, 0, chunked(content.subarray(0, offset)), dataKey);
      for (const wrong of [undefined, newKey()]) {
        await assert.rejects(other.append(id, offset, chunked(content), wrong), isCorrupt);
        await assert.rejects(other.seal(id, wrong), isCorrupt);
      }
      await other.append(id, offset, chunked(content.subarray(offset)), dataKey);
      assert.deepEqual((await store.seal(id, dataKey)).md5, md5Of(content));
      assert.ok((await readBlob(store, blobId(id), { start: 0, end: 100_000 }, { dataKey })).equals(content));
    }
    const plain = await store.begin({ md5: false });
    await assert.rejects(store.append(plain, 0, chunked(content), dataKey), isCorrupt);
    await store.discard(plain);
  });
}

function storedTests(context: () => BlobContext): void {
  test('encrypted: nothing of the content is in any stored byte, staged, sealed or appended in pieces', async (t) => {
    const { store, harness } = context();
    const { folder } = harness;
    if (folder === undefined) return t.skip('this adapter stores no bytes outside the process');
    const contents = [1, 2, 3].map((seed) => patterned(3 * BLOCK + 12_345, seed + 100));
    const search = new PlaintextSearch();
    for (const content of contents) search.add(content);
    const [first, second, third] = contents.map((content) => ({ content, dataKey: newKey() }));
    assert.ok(first && second && third);
    await store.write(chunked(first.content), { md5: true, dataKey: first.dataKey });
    const sealed = await appendPieces(store, second);
    await store.seal(sealed, second.dataKey);
    const staged = await appendPieces(store, third);
    assert.deepEqual(await search.filesWith(folder), []);
    const plain = await store.write(chunked(first.content), { md5: true });
    assert.equal((await search.filesWith(folder)).length, 1, 'the search would have found it');
    await store.remove(plain.blobId);
    await store.discard(staged);
  });

  test('encrypted: another byte, order or length is corrupt, also when its checksums are made to fit', async (t) => {
    const { store, harness } = context();
    const { stored } = harness;
    if (stored === undefined) return t.skip('this adapter stores no bytes that could be tampered with');
    const content = patterned(3 * BLOCK);
    const dataKey = newKey();
    const { blobId: id, size } = await store.write(chunked(content), { md5: true, dataKey });
    const good = await stored.read(id);
    const refused = async (bytes: Buffer, what: string) => {
      await stored.replace(id, bytes);
      await assert.rejects(readBlob(store, id, { start: 0, end: size }, { dataKey }), isCorrupt, what);
    };
    const edges = [0, 10, 64, 75, 76, 64 + BLOCK + 12, 64 + STRIDE - 1, good.length - 65, good.length - 1];
    for (const position of [...edges, ...fc.sample(fc.nat(good.length - 1), harness.rounds)]) {
      const flipped = Buffer.from(good);
      flipped[position] = (flipped[position] ?? 0) ^ (1 << (position % 8));
      await refused(flipped, `byte ${position}`);
    }
    const block = (index: number) => good.subarray(64 + index * STRIDE, 64 + (index + 1) * STRIDE);
    const [head, foot] = [good.subarray(0, 64), good.subarray(good.length - 64)];
    const assembled = (blocks: readonly Buffer[], footer = foot) =>
      Buffer.concat([head, ...blocks.map((bytes, at) => withFittingCheck(bytes, id, at)), footer]);
    assert.ok(assembled([block(0), block(1), block(2)]).equals(good), 'the checks are made as the store makes them');
    await refused(assembled([block(1), block(0), block(2)]), 'swapped');
    await refused(assembled([block(0), block(0), block(2)]), 'repeated');
    const inside = Buffer.from(block(1));
    inside[100] = (inside[100] ?? 0) ^ 1;
    await refused(assembled([block(0), inside, block(2)]), 'flipped under a fitting check');
    const shorter = Buffer.from(foot);
    shorter.writeBigUInt64BE(BigInt(2 * BLOCK), 16);
    shorter.writeUInt32BE(crc32c(Buffer.from(id, 'hex'), crc32c(shorter.subarray(0, 60))), 60);
    await stored.replace(id, assembled([block(0), block(1)], shorter));
    const cut = readBlob(store, id, { start: 0, end: 2 * BLOCK }, { dataKey });
    await assert.rejects(cut, isCorrupt, 'cut at a block, with a footer that says so');
    await stored.replace(id, good);
    assert.ok((await readBlob(store, id, { start: 0, end: size }, { dataKey })).equals(content));
  });

  test('encrypted: what is stored again is never encrypted the same way', async (t) => {
    const { store, harness } = context();
    const { stored } = harness;
    if (stored === undefined) return t.skip('this adapter stores no bytes that could be compared');
    const dataKey = newKey();
    const content = patterned(3 * BLOCK + 5);
    const [one, two] = await Promise.all(
      [1, 2].map(async () => await stored.read((await store.write(chunked(content), { md5: false, dataKey })).blobId)),
    );
    assert.ok(one && two);
    const nonces = [one, two].flatMap((bytes) =>
      [0, 1, 2, 3].map((index) => bytes.toString('hex', 64 + index * STRIDE, 64 + index * STRIDE + 12)),
    );
    assert.equal(new Set(nonces).size, nonces.length);
  });
}

async function appendPieces(store: BlobStore, { content, dataKey }: { content: Buffer; dataKey: SecretKey }) {
  const id = await store.begin({ md5: true, dataKey });
  let offset = 0;
  for (const end of [40, 1_000, BLOCK - 1, BLOCK, 2 * BLOCK + 50, content.length]) {
    await store.append(id, offset, chunked(content.subarray(offset, end)), dataKey);
    offset = end;
  }
  return id;
}

/** A stored block with the check that its place asks for: what a forger can compute, since it needs no key. */
function withFittingCheck(stored: Buffer, id: string, index: number): Buffer {
  const box = stored.subarray(0, stored.length - 4);
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(index));
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32c(number, crc32c(Buffer.from(id, 'hex'), crc32c(box))));
  return Buffer.concat([box, check]);
}
