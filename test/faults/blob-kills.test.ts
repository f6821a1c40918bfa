/**
 * `kill -9` of processes that write and stage blobs, at each of the store's crash points and at any instant: what was
 * acknowledged is there and right, what was not is whole or not there, and every staging can be gone on with.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32c } from '@node-rs/crc32';
import { blobId, stagingId } from '../../src/model/ids.ts';
import type { SecretKey } from '../../src/model/secret-key.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { type CrashPoint, noCrashPoints } from '../../src/runtime/crash-points.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { FileBlobStore } from '../../src/stores/blobs/files/file-blob-store.ts';
import { NodeFileLayer } from '../../src/stores/blobs/files/node-file-layer.ts';
import {
  type Acknowledged,
  WORK_CONTENT,
  WORK_KEY,
  type WorkerReply,
  type WorkerRequest,
} from '../support/blob-worker.ts';
import { figureFor } from '../support/full-figures.ts';
import { chunked, patterned } from '../support/patterned-bytes.ts';
import { recordFigure } from '../support/record-figure.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const WORKER = join(import.meta.dirname, '../support/blob-worker.ts');
const openStore = (folder: string) => {
  const layer = new NodeFileLayer();
  const deps = { clock: systemClock, random: systemRandom, crashPoints: noCrashPoints, layer };
  return FileBlobStore.open(deps, { folder });
};

interface Kill {
  readonly point?: CrashPoint;
  readonly count?: number;
  readonly afterMs?: number;
  readonly isEncrypted?: boolean;
}

/** Lets a worker write until it is killed; answers what it had acknowledged. */
async function workUntilKilled(folder: string, how: Kill) {
  const crash = how.point === undefined ? [] : [how.point, String(how.count)];
  const mode = how.isEncrypted === true ? ['work', 'encrypted'] : ['work'];
  const child = spawn(process.execPath, [WORKER, folder, ...mode, ...crash], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const ended = once(child, 'close');
  if (how.afterMs !== undefined) {
    await once(child.stdout, 'data');
    await sleep(how.afterMs);
    child.kill('SIGKILL');
  }
  const [, signal] = await ended;
  assert.equal(signal, 'SIGKILL', 'it died where it should, not of an error');
  const lines = output.split('\n').slice(0, -1);
  return lines.map((line): Acknowledged => JSON.parse(line));
}

interface Key {
  readonly dataKey?: SecretKey;
}

async function contentOf(store: FileBlobStore, id: string, size: number, key: Key = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.open(blobId(id), { start: 0, end: size }, key)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Everything acknowledged is there; everything there is right; everything begun can be finished. */
async function checkStore(folder: string, acknowledged: readonly Acknowledged[], key: Key = {}): Promise<void> {
  const store = await openStore(folder);
  const acknowledgedOffsets = new Map<string, number>();
  for (const line of acknowledged) {
    if (line.kind === 'staged') acknowledgedOffsets.set(line.id, line.offset);
    else acknowledgedOffsets.delete(line.id);
    if (line.kind !== 'staged')
      assert.ok((await contentOf(store, line.id, line.size, key)).equals(WORK_CONTENT), line.id);
  }
  for await (const id of store.listBlobs()) {
    const size = await store.size(id);
    assert.equal(size, WORK_CONTENT.length, 'a blob has its name only when it is whole');
    assert.ok((await contentOf(store, id, size, key)).equals(WORK_CONTENT));
  }
  const staged: string[] = [];
  for await (const { stagingId: id, createdMs } of store.listStaging()) {
    // A `begin` that was cut off before its first save: nobody was told of it, and it can only be discarded.
    if (createdMs === 0 && !acknowledgedOffsets.has(id)) await store.discard(id);
    else staged.push(id);
  }
  for (const id of new Set([...acknowledgedOffsets.keys(), ...staged])) {
    const durableOffset = (await store.staging(stagingId(id)))?.durableOffset;
    if (durableOffset !== undefined) {
      assert.ok(durableOffset >= (acknowledgedOffsets.get(id) ?? 0), 'an acknowledged offset is durable');
      await store.append(stagingId(id), durableOffset, chunked(WORK_CONTENT.subarray(durableOffset)), key.dataKey);
    }
    const sealed = await store.seal(stagingId(id), key.dataKey);
    assert.equal(sealed.crc32c, crc32c(WORK_CONTENT));
    const md5 = createHash('md5').update(WORK_CONTENT).digest();
    assert.deepEqual(sealed.md5, Uint8Array.from(md5), 'the MD5 went on from its saved state');
    await store.remove(sealed.blobId);
  }
  await store.close();
}

const POINTS: readonly CrashPoint[] = [
  'blob.after-data-write',
  'blob.after-data-fsync',
  'blob.after-rename',
  'blob.after-folder-fsync',
  'staging.after-append',
  'staging.after-progress-saved',
];

const ENCRYPTED: Key = { dataKey: WORK_KEY };

for (const point of POINTS) {
  for (const isEncrypted of [false, true]) {
    test(`killed at ${point}${isEncrypted ? ', encrypted' : ''}`, async () => {
      await using folder = await temporaryFolder('kills');
      for (const count of figureFor({ quick: [4], full: [1, 2, 3, 7, 20, 50] })) {
        const acknowledged = await workUntilKilled(folder.path, { point, count, isEncrypted });
        await checkStore(folder.path, acknowledged, isEncrypted ? ENCRYPTED : {});
      }
    });
  }
}

test('killed at any instant, again and again over the same store', async () => {
  await using folder = await temporaryFolder('kills');
  const kills = figureFor({ quick: 4, full: 100 });
  for (let kill = 0; kill < kills; kill += 1) {
    await checkStore(folder.path, await workUntilKilled(folder.path, { afterMs: Math.random() * 200 }));
  }
  recordFigure({ name: 'blob store kills at random instants', value: kills });
});

test('chunks of one upload alternate between two processes, and one of them is killed on the way', async () => {
  await using folder = await temporaryFolder('alternate');
  const store = await openStore(folder.path);
  const id = await store.begin({ md5: true });
  const start = () => fork(WORKER, [folder.path, 'serve']);
  const ask = async (child: ChildProcess, request: WorkerRequest): Promise<WorkerReply> => {
    child.send(request);
    const [reply] = await once(child, 'message');
    return reply;
  };
  const children = [start(), start()];
  const model: Buffer[] = [];
  let offset = 0;
  for (let step = 0; step < 12; step += 1) {
    const length = [1, 65_536, 100_000, 7][step % 4] ?? 0;
    const child = children[step % 2];
    assert.ok(child);
    const reply = await ask(child, { id, offset, length, seed: step + 1 });
    offset += length;
    assert.deepEqual(reply, { durableOffset: offset });
    model.push(patterned(length, step + 1));
    if (step !== 6) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
    children[step % 2] = start();
  }
  for (const child of children) child.kill('SIGKILL');
  const sealed = await store.seal(id);
  const whole = Buffer.concat(model);
  assert.equal(sealed.crc32c, crc32c(whole));
  assert.deepEqual(sealed.md5, Uint8Array.from(createHash('md5').update(whole).digest()));
  assert.ok((await contentOf(store, sealed.blobId, sealed.size)).equals(whole));
  await store.close();
});

test('what dead writers left is removed, what living ones write is not', async () => {
  await using folder = await temporaryFolder('left-over');
  const store = await openStore(folder.path);
  let release = () => {};
  const waiting = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* slow() {
    yield patterned(10);
    await waiting;
    yield patterned(10);
  }
  const writing = store.write(slow(), { md5: false });
  await sleep(20);
  const folderOfWriters = join(folder.path, 'writing');
  await writeFile(join(folderOfWriters, 'f'.repeat(32)), 'left by a process that died');
  const longAgo = new Date(Date.now() - 3_600_000);
  for (const name of await readdir(folderOfWriters)) await utimes(join(folderOfWriters, name), longAgo, longAgo);
  await writeFile(join(folderOfWriters, 'e'.repeat(32)), 'just begun: its writer may not have its lock yet');
  const second = await openStore(folder.path);
  const left = await readdir(folderOfWriters);
  assert.ok(!left.includes('f'.repeat(32)) && left.includes('e'.repeat(32)) && left.length === 2);
  release();
  const { blobId: id, size } = await writing;
  assert.equal((await contentOf(second, id, size)).length, 20);
  await Promise.all([store.close(), second.close()]);
});

test('half-made and half-discarded stagings are listed or cleared, and can be discarded', async () => {
  await using folder = await temporaryFolder('half-made');
  const store = await openStore(folder.path);
  const [cutOff, orphan] = ['a'.repeat(32), 'b'.repeat(32)];
  await writeFile(join(folder.path, 'staging', `${cutOff}.progress`), '');
  await writeFile(join(folder.path, 'staging', `${orphan}.data`), 'bytes without progress');
  const listed: string[] = [];
  for await (const { stagingId: id } of store.listStaging()) listed.push(id);
  assert.deepEqual(listed, [cutOff]);
  await store.discard(stagingId(cutOff));
  assert.deepEqual(await readdir(join(folder.path, 'staging')), []);
  await store.close();
});

test('a store of another format is refused', async () => {
  await using folder = await temporaryFolder('format');
  await (await openStore(folder.path)).close();
  await writeFile(join(folder.path, 'format'), 'strait blobs 2\n');
  await assert.rejects(openStore(folder.path), { code: 'unsupported' });
});
