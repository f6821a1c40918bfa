/**
 * A copy against the removal of its source and the reaping of its bytes, 10,000 times on every metadata store: whoever
 * comes first wins. A copy that was acknowledged has its bytes for good; one that was refused left nothing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NamespaceDeps } from '../../src/namespace/deps.ts';
import { reapOnce } from '../../src/namespace/reap.ts';
import { bindNamespace, type Namespace } from '../../src/namespace/service.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { MemoryBlobStore } from '../../src/stores/blobs/memory/memory-blob-store.ts';
import { MemoryMetadataStore } from '../../src/stores/metadata/memory/memory-store.ts';
import type { MetadataStore } from '../../src/stores/metadata/port.ts';
import { collect, streamOf } from '../support/namespace-fixture.ts';
import { openMetadataStore } from '../support/open-metadata-store.ts';
import { recordFigure } from '../support/record-figure.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const RACES = 10_000;
const LANES = 50;
const BUCKET = 'lake';
const forever = new AbortController().signal;

function depsOver(metadata: MetadataStore): NamespaceDeps {
  return {
    metadata,
    blobs: new MemoryBlobStore({ clock: systemClock, random: systemRandom }),
    clock: systemClock,
    random: systemRandom,
    crashPoints: noCrashPoints,
    logger: silentLogger,
    // Bytes go at once, so that a copy that named them too late is found out.
    settings: { site: 'here', inlineBytesMax: 8, uploadTtlMs: 3_600_000, reapGraceMs: 0 },
  };
}

/** Now and then there is time between a decision and its commit: what was decided on may have changed by then. */
function dawdling(metadata: MetadataStore): MetadataStore {
  return {
    get: (keys) => metadata.get(keys),
    scan: (range, options) => metadata.scan(range, options),
    snapshot: (read) => metadata.snapshot(read),
    tail: (journal, after, signal) => metadata.tail(journal, after, signal),
    head: (journal) => metadata.head(journal),
    close: () => metadata.close(),
    async commit(transaction) {
      if (Math.random() < 0.05) await systemClock.sleep(3);
      return metadata.commit(transaction);
    },
  };
}

async function raceAll(metadata: MetadataStore): Promise<{ copied: number; refused: number }> {
  const deps = depsOver(dawdling(metadata));
  const namespace = bindNamespace(deps);
  const settings = { project: 'p', location: 'US', storageClass: 'STANDARD', settings: {} };
  await namespace.insertBucket({ name: BUCKET, ...settings });
  const counts = { copied: 0, refused: 0 };
  let isOver = false;
  const reaper = (async () => {
    while (!isOver) {
      await reapOnce(deps, forever);
      await systemClock.sleep(1);
    }
  })();
  const lane = async (number: number) => {
    for (let race = 0; race < RACES / LANES; race += 1) {
      const body = race % 2 === 0 ? `${race}` : `the bytes of race ${race}`;
      counts[await raceOnce(namespace, `${number}`, body)] += 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number))).finally(() => {
    isOver = true;
  });
  await reaper;
  await checkNothingLeft(deps);
  return counts;
}

async function raceOnce(namespace: Namespace, lane: string, body: string): Promise<'copied' | 'refused'> {
  const [source, destination] = [`${lane}/source`, `${lane}/copy`].map((name) => ({ bucket: BUCKET, name }));
  assert.ok(source !== undefined && destination !== undefined);
  const target = { ...source, attributes: {}, preconditions: {}, expected: {} };
  await namespace.insertObject({ target, body: streamOf(body) });
  const request = { source, destination, sourcePreconditions: {}, preconditions: {} };
  const headStart = Math.floor(Math.random() * 12);
  const [copied, removed] = await Promise.allSettled([
    turns(headStart).then(() => namespace.copyObject(request)),
    turns(12 - headStart).then(() => namespace.deleteObject({ address: source, preconditions: {} })),
  ]);
  assert.equal(removed.status, 'fulfilled');
  if (copied.status === 'rejected') {
    assert.equal(copied.reason.code, 'objectNotFound');
    const left = namespace.getObject({ address: destination, preconditions: {} });
    await assert.rejects(left, { code: 'objectNotFound' });
    return 'refused';
  }
  await systemClock.sleep(2);
  const range = { start: 0, end: copied.value.state.size };
  const bytes = await collect(namespace.openObject({ object: copied.value, range, signal: forever }));
  assert.equal(bytes.toString(), body);
  await namespace.deleteObject({ address: destination, preconditions: {} });
  return 'copied';
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

async function checkNothingLeft(deps: NamespaceDeps): Promise<void> {
  await reapOnce(deps, forever);
  await systemClock.sleep(2);
  await reapOnce(deps, forever);
  assert.deepEqual(await Array.fromAsync(deps.blobs.listBlobs()), []);
  const everything = { start: Buffer.from('a'), end: Buffer.from('z') };
  assert.equal((await deps.metadata.scan(everything, { limit: 10 })).length, 2, 'the bucket and nothing else');
}

test('a copy against the removal of its source: memory', async () => {
  const metadata = new MemoryMetadataStore({ clock: systemClock, crashPoints: noCrashPoints });
  const { copied, refused } = await raceAll(metadata);
  assert.ok(copied > RACES / 20 && refused > RACES / 20, `copied ${copied}, refused ${refused}`);
  recordFigure({ name: 'copies against removals, memory', value: copied + refused });
});

test('a copy against the removal of its source: LMDB', async () => {
  await using folder = await temporaryFolder('copy-races');
  const metadata = await openMetadataStore('lmdb', folder.path);
  const { copied, refused } = await raceAll(metadata);
  await metadata.close();
  assert.ok(copied > RACES / 20 && refused > RACES / 20, `copied ${copied}, refused ${refused}`);
  recordFigure({ name: 'copies against removals, LMDB', value: copied + refused });
});
