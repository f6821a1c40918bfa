/**
 * `kill -9` cannot see a missing fsync: the page cache survives it. So a recording layer under the file store shows,
 * for every acknowledged operation, that its bytes were flushed, then named, then the name flushed, and only then
 * acknowledged; and that leaving out any one of these steps is seen.
 */
import assert from 'node:assert/strict';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { FileBlobStore } from '../../src/stores/blobs/files/file-blob-store.ts';
import { NodeFileLayer } from '../../src/stores/blobs/files/node-file-layer.ts';
import { figureFor } from '../support/full-figures.ts';
import { chunked, patterned } from '../support/patterned-bytes.ts';
import { recordFigure } from '../support/record-figure.ts';
import { type Dropping, FileHistory, RecordingLayer } from '../support/recording-layer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const WRITERS = 8;
const CONTENT = patterned(90_000);

interface Promised {
  readonly kind: 'write' | 'begin' | 'append' | 'seal';
  readonly id: string;
  readonly acknowledged: number;
}

/** Does `count` of each kind, eight at a time, and answers what was promised and what the disk saw. */
async function work(count: number, drops?: Dropping) {
  await using folder = await temporaryFolder('flush-order');
  const layer = new RecordingLayer(new NodeFileLayer(), drops);
  const deps = { clock: systemClock, random: systemRandom, crashPoints: noCrashPoints, layer };
  const store = await FileBlobStore.open(deps, { folder: folder.path });
  const promised: Promised[] = [];
  const promise = (kind: Promised['kind'], id: string) => void promised.push({ kind, id, acknowledged: layer.now() });
  const writer = async (share: number) => {
    for (let index = 0; index < share; index += 1) {
      promise('write', (await store.write(chunked(CONTENT), { md5: false })).blobId);
      const id = await store.begin({ md5: true });
      promise('begin', id);
      await store.append(id, 0, chunked(CONTENT));
      promise('append', id);
      await store.append(id, CONTENT.length, chunked(CONTENT.subarray(0, 50)));
      promise('append', id);
      promise('seal', (await store.seal(id)).blobId);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, () => writer(Math.ceil(count / WRITERS))));
  await store.close();
  return { promised, history: new FileHistory(layer.steps), folder: folder.path };
}

/** What each acknowledgement lacked; nothing when every promise was kept. */
function brokenPromises({ promised, history, folder }: Awaited<ReturnType<typeof work>>): readonly string[] {
  return promised.flatMap(({ kind, id, acknowledged }) => {
    const blob = join(folder, 'blobs', id.slice(0, 2), id);
    const [data, progress] = [join(folder, 'staging', `${id}.data`), join(folder, 'staging', `${id}.progress`)];
    const missing: (string | undefined)[] = [];
    if (kind === 'write' || kind === 'seal') missing.push(history.missingForFile(blob, acknowledged));
    if (kind === 'begin') missing.push(history.missingForFile(progress, acknowledged));
    if (kind === 'append') {
      missing.push(history.missingForContents(progress, acknowledged));
      const saved = history.lastWriteBegan(progress, acknowledged) ?? 0;
      missing.push(history.missingForFile(data, saved));
    }
    return missing.filter((reason) => reason !== undefined).map((reason) => `${kind}: ${reason}`);
  });
}

test('acknowledged operations of each kind: data flushed, named, name flushed, then acknowledged', async () => {
  const each = figureFor({ quick: 200, full: 1000 });
  const done = await work(each);
  assert.deepEqual(brokenPromises(done), []);
  const counts = Object.groupBy(done.promised, ({ kind }) => kind);
  for (const kind of ['write', 'begin', 'append', 'seal'] as const) assert.ok((counts[kind]?.length ?? 0) >= each);
  recordFigure({ name: 'blob operations with proven flush order', value: done.promised.length });
});

const isFanOut = (path: string) => basename(dirname(path)) === 'blobs';
const LEFT_OUT: Readonly<Record<string, Dropping>> = {
  'the flush of written data': (step, path) => step === 'sync' && dirname(path).endsWith('writing'),
  'the flush of staged data': (step, path) => step === 'sync' && path.endsWith('.data'),
  'the flush of progress': (step, path) => step === 'sync' && path.endsWith('.progress'),
  'the flush of the folder of blobs': (step, path) => step === 'syncFolder' && isFanOut(path),
  'the flush of the folder of stagings': (step, path) => step === 'syncFolder' && basename(path) === 'staging',
};

for (const [name, drops] of Object.entries(LEFT_OUT)) {
  test(`left out on purpose, ${name} is missed`, async () => {
    assert.notDeepEqual(brokenPromises(await work(8, drops)), []);
  });
}

test('left out on purpose, the rename fails the operation itself or is missed', async () => {
  const withoutRename = work(8, (step, path) => step === 'rename' && isFanOut(dirname(path)));
  const broken = await withoutRename.then(brokenPromises, (error: unknown) => [String(error)]);
  assert.notDeepEqual(broken, []);
});
