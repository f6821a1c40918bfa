/** A cloud in memory, a site in memory, and a clock that only this file moves: sync without a machine below it. */
import { visibleState } from '../../src/model/faces.ts';
import type { ObjectState } from '../../src/model/object.ts';
import type { NamespaceDeps } from '../../src/namespace/deps.ts';
import { type ListInput, type ListResult, listObjects } from '../../src/namespace/list-objects.ts';
import { getObject, openObject } from '../../src/namespace/read-object.ts';
import { decodeBucket } from '../../src/namespace/rows/bucket-row.ts';
import { allSets, bucketKey, leafOf, objectsOf, setIdOf } from '../../src/namespace/rows/keys.ts';
import { decodeObjectRow } from '../../src/namespace/rows/object-row.ts';
import { decodeSet } from '../../src/namespace/rows/sync-rows.ts';
import { MemoryRemote } from '../../src/remotes/memory/memory-remote.ts';
import { type CrashPoint, noCrashPoints } from '../../src/runtime/crash-points.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { seededRandom } from '../../src/runtime/random.ts';
import { MemoryBlobStore } from '../../src/stores/blobs/memory/memory-blob-store.ts';
import type { BlobStore } from '../../src/stores/blobs/port.ts';
import { MemoryMetadataStore } from '../../src/stores/metadata/memory/memory-store.ts';
import type { MetadataStore, Row } from '../../src/stores/metadata/port.ts';
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
  readThroughWholeBytesMax: 1024 * 1024,
  capacityBytes: 0,
  freeShareMin: 0,
};

/** Where a life of the site's process ends: the `count`-th time `point` is reached. */
export interface PlannedCrash {
  readonly point: CrashPoint;
  readonly count: number;
}

export function createSyncWorld(formats: readonly TableFormat[], changes: Partial<SyncSettings> = {}): SyncWorld {
  return new SyncWorld(formats, { ...SETTINGS, ...changes });
}

export class SyncWorld {
  readonly clock = manualClock();
  readonly remote: MemoryRemote;
  readonly metadata: MetadataStore;
  readonly blobs: BlobStore;
  readonly #deps: SyncDeps;
  readonly #settings: SyncSettings;
  #process: Life;

  constructor(formats: readonly TableFormat[], settings: SyncSettings) {
    const { clock } = this;
    const random = seededRandom(11);
    this.remote = new MemoryRemote({ clock, random });
    this.remote.createBucket(BUCKET);
    this.metadata = new MemoryMetadataStore({ clock, crashPoints: noCrashPoints });
    this.blobs = new MemoryBlobStore({ clock, random });
    this.#settings = settings;
    this.#deps = {
      clock,
      random,
      metadata: this.metadata,
      blobs: this.blobs,
      remote: this.remote,
      formats,
      settings: { site: 'east', inlineBytesMax: 1024, uploadTtlMs: 1e9, reapGraceMs: 1e6, followsCloud: true },
      crashPoints: noCrashPoints,
      logger: silentLogger,
    };
    this.#process = this.#start();
  }

  get sync(): Sync {
    return this.#process.sync;
  }

  get isDead(): boolean {
    return this.#process.fate.isDead;
  }

  /** One life of the site's process. After its crash nothing it still does reaches the stores. */
  #start(crash?: PlannedCrash): Life {
    const stop = new AbortController();
    const fate = { isDead: false };
    let left = crash?.count ?? 0;
    const crashPoints = {
      reach(point: CrashPoint) {
        if (point !== crash?.point) return;
        left -= 1;
        if (left === 0) fate.isDead = true;
      },
    };
    const never = new Promise<never>(() => {});
    const metadata = mortalStore(this.metadata, () => (fate.isDead ? never : undefined));
    const sync = new Sync({ ...this.#deps, metadata, crashPoints }, this.#settings);
    return { sync, stop, fate, running: sync.run(stop.signal) };
  }

  /** Ends the process as a power cut does and starts another on the same stores. */
  restart(crash?: PlannedCrash): void {
    this.#process.fate.isDead = true;
    this.#process.stop.abort();
    this.#process = this.#start(crash);
  }

  put(name: string, text: string): ObjectState {
    return this.remote.put(BUCKET, name, text);
  }

  /** Every visible name with its state, as one snapshot: what a LIST of the bucket answers. */
  async published(): Promise<Map<string, ObjectState>> {
    return this.metadata.snapshot(async (view) => {
      const names = new Map<string, ObjectState>();
      const [bucketRow] = await view.get([bucketKey(BUCKET)]);
      if (bucketRow === undefined) return names;
      const sets = await view.scan(allSets(), { limit: 1000 });
      const isFlipped = (row: Row) => decodeSet(row.value).state === 'flipped';
      const flipped = new Set(sets.filter(isFlipped).map(({ key }) => setIdOf(key)));
      for (const row of await view.scan(objectsOf(decodeBucket(bucketRow.value).id), { limit: 1_000_000 })) {
        const state = visibleState(decodeObjectRow(row.value), (setId) => flipped.has(setId));
        if (state !== undefined) names.set(leafOf('object', row.key), state);
      }
      return names;
    });
  }

  async content(name: string, state: ObjectState): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    const range = { start: 0, end: state.size };
    const object = { bucket: BUCKET, name, state };
    const signal = this.#process.stop.signal;
    for await (const chunk of openObject(this.#reading, { object, range, signal })) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  get #reading(): NamespaceDeps {
    const { readThrough, passThrough } = this.sync;
    return { ...this.#deps, readThrough, passThrough };
  }

  /** A page as a client of the site gets it. */
  list(input: Omit<ListInput, 'bucket'>): Promise<ListResult> {
    return listObjects(this.#reading, { bucket: BUCKET, ...input });
  }

  /** The text of an object as a client of the site gets it. */
  async read(name: string): Promise<string> {
    const object = await getObject(this.#reading, { address: { bucket: BUCKET, name }, preconditions: {} });
    return (await this.content(name, object.state)).toString();
  }

  /** Moves time in small steps until `isDone`, or fails after `limitMs` of it. */
  async until(isDone: (report: SyncReport) => boolean | Promise<boolean>, limitMs = 30_000): Promise<SyncReport> {
    for (let spent = 0; spent <= limitMs; spent += 50) {
      const report = await this.sync.report();
      if (await isDone(report)) return report;
      await this.clock.advance(50);
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`not reached in ${limitMs} ms: ${JSON.stringify(await this.sync.report(), null, 1)}`);
  }

  /** Until everything the source has now is listed and done here. */
  async settle(limitMs = 60_000): Promise<SyncReport> {
    const nowMs = this.clock.nowMs();
    return this.until(
      ({ caughtUp, buckets }) => caughtUp && buckets.every(({ listedMs }) => (listedMs ?? 0) > nowMs),
      limitMs,
    );
  }

  async close(): Promise<void> {
    this.#process.stop.abort();
    await this.clock.advance(1);
    await this.#process.running;
  }
}

interface Life {
  readonly sync: Sync;
  readonly stop: AbortController;
  readonly fate: { isDead: boolean };
  readonly running: Promise<void>;
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
