/** A cloud in memory, a site in memory, and a clock that only this file moves: sync without a machine below it. */
import { type ObjectFaces, visibleState } from '../../src/model/faces.ts';
import { type BucketId, bucketId } from '../../src/model/ids.ts';
import type { ObjectState } from '../../src/model/object.ts';
import { openObject } from '../../src/namespace/read-object.ts';
import { decodeBucket } from '../../src/namespace/rows/bucket-row.ts';
import { allSets, bucketKey, leafOf, objectsOf, setIdOf } from '../../src/namespace/rows/keys.ts';
import { decodeObjectRow } from '../../src/namespace/rows/object-row.ts';
import { decodeSet } from '../../src/namespace/rows/sync-rows.ts';
import { MemoryRemote } from '../../src/remotes/memory/memory-remote.ts';
import { type CrashPoint, noCrashPoints } from '../../src/runtime/crash-points.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { seededRandom } from '../../src/runtime/random.ts';
import { MemoryBlobStore } from '../../src/stores/blobs/memory/memory-blob-store.ts';
import { MemoryMetadataStore } from '../../src/stores/metadata/memory/memory-store.ts';
import type { MetadataStore } from '../../src/stores/metadata/port.ts';
import type { SyncDeps, SyncSettings } from '../../src/sync/deps.ts';
import { Sync, type SyncReport } from '../../src/sync/sync.ts';
import type { TableFormat } from '../../src/tables/port.ts';
import { manualClock } from './manual-clock.ts';

export const BUCKET = 'lake';

const SETTINGS: SyncSettings = {
  buckets: [],
  policies: { rules: [], fallback: 'keep' },
  pathAliases: [],
  reconcileMs: 1_000,
  tailPollMs: 200,
  tailPollMaxMs: 1_000,
  heldAfterMs: 60_000,
  looseAfterMs: 5_000,
  retireGraceMs: 2_000,
  transferConcurrency: 4,
  transferPartBytes: 64 * 1024,
  transferWindowParts: 2,
  readThroughWholeBytesMax: 1024 * 1024,
  capacityBytes: 0,
  freeShareMin: 0,
};

export function createSyncWorld(formats: readonly TableFormat[], changes: Partial<SyncSettings> = {}) {
  const clock = manualClock();
  const random = seededRandom(11);
  const remote = new MemoryRemote({ clock, random });
  remote.createBucket(BUCKET);
  const metadata = new MemoryMetadataStore({ clock, crashPoints: noCrashPoints });
  const blobs = new MemoryBlobStore({ clock, random });
  const settings = { site: 'east', inlineBytesMax: 1024, uploadTtlMs: 1e9, reapGraceMs: 1e6, followsCloud: true };
  const deps: SyncDeps = {
    clock,
    random,
    metadata,
    blobs,
    remote,
    formats,
    settings,
    crashPoints: noCrashPoints,
    logger: silentLogger,
  };

  /** One life of the site's process. After its crash nothing it still does reaches the stores. */
  const start = (crash?: { readonly point: CrashPoint; readonly count: number }) => {
    const stop = new AbortController();
    let left = crash?.count ?? Number.POSITIVE_INFINITY;
    const life = { isDead: false };
    const crashPoints = {
      reach(point: CrashPoint) {
        if (point !== crash?.point) return;
        left -= 1;
        if (left === 0) life.isDead = true;
      },
    };
    const never = new Promise<never>(() => {});
    const mortal = mortalStore(metadata, () => (life.isDead ? never : undefined));
    const sync = new Sync({ ...deps, metadata: mortal, crashPoints }, { ...SETTINGS, ...changes });
    return { sync, stop, life, running: sync.run(stop.signal) };
  };
  let process = start();

  const id = async (): Promise<BucketId | undefined> => {
    const [row] = await metadata.get([bucketKey(BUCKET)]);
    return row === undefined ? undefined : bucketId(decodeBucket(row.value).id);
  };

  /** Every visible name with its state, as one snapshot: what a LIST of the bucket answers. */
  const published = async (): Promise<Map<string, ObjectState>> => {
    const bucket = await id();
    if (bucket === undefined) return new Map();
    return metadata.snapshot(async (view) => {
      const sets = await view.scan(allSets(), { limit: 1000 });
      const flipped = new Set(
        sets.filter(({ value }) => decodeSet(value).state === 'flipped').map(({ key }) => setIdOf(key)),
      );
      const names = new Map<string, ObjectState>();
      for (const row of await view.scan(objectsOf(bucket), { limit: 1_000_000 })) {
        const faces: ObjectFaces = decodeObjectRow(row.value);
        const state = visibleState(faces, (setId) => flipped.has(setId));
        if (state !== undefined) names.set(leafOf('object', row.key), state);
      }
      return names;
    });
  };

  const content = async (name: string, state: ObjectState): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    const range = { start: 0, end: state.size };
    const object = { bucket: BUCKET, name, state };
    for await (const chunk of openObject(
      { ...deps, readThrough: process.sync.readThrough },
      { object, range, signal: process.stop.signal },
    )) {
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  };

  return {
    clock,
    remote,
    metadata,
    blobs,
    published,
    content,
    get sync() {
      return process.sync;
    },
    get isDead() {
      return process.life.isDead;
    },
    /** Ends the process as a power cut does and starts another on the same stores. */
    restart(crash?: { readonly point: CrashPoint; readonly count: number }) {
      process.life.isDead = true;
      process.stop.abort();
      process = start(crash);
    },
    put: (name: string, text: string) => remote.put(BUCKET, name, text),
    /** Moves time in small steps until `isDone`, or fails after `limitMs` of it. */
    async until(isDone: (report: SyncReport) => boolean | Promise<boolean>, limitMs = 30_000): Promise<SyncReport> {
      for (let spent = 0; spent <= limitMs; spent += 50) {
        const report = await process.sync.report();
        if (await isDone(report)) return report;
        await clock.advance(50);
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error(`not reached in ${limitMs} ms: ${JSON.stringify(await process.sync.report(), null, 1)}`);
    },
    /** Until everything the source has now is listed and done here. */
    async settle(limitMs = 60_000): Promise<SyncReport> {
      const nowMs = clock.nowMs();
      return this.until(
        ({ caughtUp, buckets }) => caughtUp && buckets.every(({ listedMs }) => (listedMs ?? 0) > nowMs),
        limitMs,
      );
    },
    async close() {
      process.stop.abort();
      await clock.advance(1);
      await process.running;
    },
  };
}

/** A store that a dead process can no longer write to: its commits never come back. */
function mortalStore(store: MetadataStore, fate: () => Promise<never> | undefined): MetadataStore {
  return {
    get: (keys) => store.get(keys),
    scan: (range, options) => store.scan(range, options),
    snapshot: (read) => store.snapshot(read),
    tail: (journal, after, signal) => store.tail(journal, after, signal),
    head: (journal) => store.head(journal),
    close: () => store.close(),
    commit: (transaction) => fate() ?? store.commit(transaction),
  };
}

export type SyncWorld = ReturnType<typeof createSyncWorld>;
