/** Sync of one site: every followed bucket of the cloud, and what `status` says of it all. */
import type { Bucket } from '../model/bucket.ts';
import { type BucketId, type BucketName, bucketId, scopeId } from '../model/ids.ts';
import { BUCKET_BYTES_MAX, bucketWrite } from '../namespace/bucket-write.ts';
import type { PassThrough, ReadThrough } from '../namespace/deps.ts';
import { decodeBlob } from '../namespace/rows/blob-rows.ts';
import { decodeBucket } from '../namespace/rows/bucket-row.ts';
import { encodeRow } from '../namespace/rows/codec.ts';
import { allBlobs, backlogOf, bucketAliveKey, bucketKey, justAfter } from '../namespace/rows/keys.ts';
import { unchanged } from '../namespace/rows/references.ts';
import { decodeBacklog } from '../namespace/rows/sync-rows.ts';
import type { RemoteBucket } from '../remotes/port.ts';
import { randomHex } from '../runtime/random.ts';
import type { MetadataStore } from '../stores/metadata/port.ts';
import { BucketSync } from './bucket-sync.ts';
import { CLOUD, type SyncDeps, type SyncSettings } from './deps.ts';
import { LagRecord, type LagSummary } from './lag-record.ts';
import { createPassThrough } from './pass-through.ts';
import { createReadThrough } from './read-through.ts';
import { isWhollyPassThrough } from './rules/policy.ts';
import type { TableReport } from './table-sync.ts';
import { Transfers } from './transfer.ts';

export interface BucketReport {
  readonly bucket: BucketName;
  /** When the last complete listing began: the bucket's watermark. */
  readonly listedMs?: number;
  /** Names with work left; counted up to `BACKLOG_COUNT_MAX`. */
  readonly backlog: number;
  /** Names the cloud deleted that stay for running readers. */
  readonly retiring: number;
  readonly tables: readonly TableReport[];
  /** Objects that cannot be brought, with the reason; they are tried again. */
  readonly trouble: Readonly<Record<string, string>>;
}

export interface SyncReport {
  readonly site: string;
  /** Every table at the newest complete commit of the last listing, nothing waiting or held, no backlog. */
  readonly caughtUp: boolean;
  readonly buckets: readonly BucketReport[];
  readonly lagMs: LagSummary;
  readonly calls: { readonly total: number; readonly perMinute: number };
  readonly bytesFetched: number;
  readonly alarms: readonly string[];
}

const BACKLOG_COUNT_MAX = 10_000;
const BUCKET_POLL_MS = 1_000;
const BUCKET_BURST_MS = 60_000;
const RESTART_MS = 1_000;
const SPACE_CHECK_MS = 5_000;
const RECOUNT_MS = 600_000;
const RECOUNT_ROWS = 1_000;

export class Sync {
  readonly readThrough: ReadThrough;
  readonly passThrough: PassThrough;
  readonly #deps: SyncDeps;
  readonly #settings: SyncSettings;
  readonly #transfers: Transfers;
  readonly #buckets = new Map<BucketName, BucketSync>();
  readonly #lag = new LagRecord();
  readonly #startedMs: number;
  #isPressed = false;
  #counted: { readonly atMs: number; readonly bytes: number; readonly fetched: number } | undefined;
  #newBucketMs = 0;
  #trouble: string | undefined;
  /** Buckets that the cloud has too, and that are not followed. */
  readonly #own = new Set<BucketName>();

  constructor(deps: SyncDeps, settings: SyncSettings) {
    this.#settings = settings;
    this.#transfers = new Transfers(deps, settings);
    this.readThrough = createReadThrough(deps, settings, {
      transfers: this.#transfers,
      isPressed: () => this.#isPressed,
    });
    this.passThrough = createPassThrough(deps.remote, settings.policies);
    this.#deps = { ...deps, readThrough: this.readThrough };
    this.#startedMs = deps.clock.monotonicMs();
  }

  async run(signal: AbortSignal): Promise<void> {
    const running: Promise<void>[] = [this.#watchSpace(signal)];
    while (!signal.aborted) {
      try {
        const { found, missing } = await this.#followed(signal);
        const faults = missing.map((name) => `gs://${name} does not exist`);
        for (const remote of found) {
          const bucket = await this.#mirrorBucket(remote).catch((error: unknown) => {
            faults.push(`gs://${remote.name}: ${messageOf(error)}`);
          });
          if (bucket === undefined || this.#isOwn(bucket)) continue;
          if (this.#buckets.has(bucket.name) || isWhollyPassThrough(this.#settings.policies, bucket.name)) continue;
          this.#newBucketMs = this.#deps.clock.monotonicMs();
          running.push(this.#runBucket(bucket, signal));
        }
        this.#noteTrouble(faults[0]);
      } catch (error) {
        if (signal.aborted) break;
        this.#noteTrouble(messageOf(error));
      }
      await this.#deps.clock.sleep(this.#bucketPollMs(), signal);
    }
    await Promise.all(running);
  }

  /** The first thing that keeps a bucket of the cloud from being followed. */
  #noteTrouble(reason: string | undefined): void {
    this.#trouble = reason;
    if (reason !== undefined) this.#deps.logger.log('warn', 'not every bucket of the cloud is followed', { reason });
  }

  /** One bucket's failure is its own: its sync starts again from what is durable. */
  async #runBucket(bucket: Bucket, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const sync = new BucketSync(this.#shared(), bucket);
      const life = new AbortController();
      this.#buckets.set(bucket.name, sync);
      try {
        await sync.run(AbortSignal.any([signal, life.signal]));
      } catch (error) {
        life.abort();
        const reason = messageOf(error);
        this.#deps.logger.log('error', 'sync of a bucket starts again', { bucket: bucket.name, reason });
        await this.#deps.clock.sleep(RESTART_MS, signal);
      }
    }
  }

  /** Buckets come in bursts: after a new one, and while there is none, the next is looked for soon. */
  #bucketPollMs(): number {
    const isSetUp = this.#buckets.size > 0 && this.#deps.clock.monotonicMs() - this.#newBucketMs > BUCKET_BURST_MS;
    return isSetUp ? this.#settings.reconcileMs : Math.min(BUCKET_POLL_MS, this.#settings.reconcileMs);
  }

  #shared() {
    return {
      deps: this.#deps,
      settings: this.#settings,
      transfers: this.#transfers,
      noteLag: (lagMs: number) => this.#lag.note(lagMs),
      isPressed: () => this.#isPressed,
    };
  }

  async #followed(
    signal: AbortSignal,
  ): Promise<{ readonly found: readonly RemoteBucket[]; readonly missing: readonly BucketName[] }> {
    const { buckets } = this.#settings;
    if (buckets.length === 0) return { found: await this.#deps.remote.listBuckets(signal), missing: [] };
    const found: RemoteBucket[] = [];
    const missing: BucketName[] = [];
    for (const name of buckets) {
      const remote = await this.#deps.remote.getBucket(name, signal);
      if (remote === undefined) missing.push(name);
      else found.push(remote);
    }
    return { found, missing };
  }

  /** Following the cloud in a bucket of the site's own would delete there what the cloud does not have. */
  #isOwn({ name, owner }: Bucket): boolean {
    if (owner === CLOUD) {
      this.#own.delete(name);
      return false;
    }
    if (!this.#own.has(name)) this.#deps.logger.log('error', ownAlarm(name), { bucket: name });
    this.#own.add(name);
    return true;
  }

  /** The row is a faithful image of the cloud's bucket, owned by the cloud, unless the site has one of its own. */
  async #mirrorBucket(remote: RemoteBucket): Promise<Bucket> {
    const key = bucketKey(remote.name);
    for (;;) {
      const [row] = await this.#deps.metadata.get([key]);
      const known = row === undefined ? undefined : decodeBucket(row.value);
      const next = imageOf(remote, known ?? this.#newIds());
      if (known !== undefined && (known.owner !== CLOUD || isSameImage(known, next))) return known;
      const alive = { kind: 'put', key: bucketAliveKey(next.id), value: encodeRow(0) } as const;
      const outcome = await this.#deps.metadata.commit({
        checks: [unchanged(key, row)],
        writes: [bucketWrite(key, next, BUCKET_BYTES_MAX.whole), ...(row === undefined ? [alive] : [])],
      });
      if (outcome.kind === 'committed') return next;
    }
  }

  #newIds(): Pick<Bucket, 'id' | 'scopeId'> {
    const id = randomHex(this.#deps.random, 8);
    return { id: bucketId(id), scopeId: scopeId(id) };
  }

  /** Under pressure new bytes are no longer kept: the disk stays free for metadata. */
  async #watchSpace(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const free = await this.#deps.blobs.freeShare().catch(() => 1);
      const isPressed = free < this.#settings.freeShareMin || (await this.#isFull());
      if (isPressed !== this.#isPressed) {
        const message = isPressed ? 'space is short: keep becomes read-through' : 'space is back: keep keeps again';
        this.#deps.logger.log(isPressed ? 'error' : 'info', message, { freeShare: free });
      }
      this.#isPressed = isPressed;
      await this.#deps.clock.sleep(SPACE_CHECK_MS, signal);
    }
  }

  /** Bytes kept, counted now and then from the blob rows and in between by what was fetched since. */
  async #isFull(): Promise<boolean> {
    const { capacityBytes } = this.#settings;
    if (capacityBytes === 0) return false;
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#counted === undefined || nowMs - this.#counted.atMs >= RECOUNT_MS) {
      const fetched = this.#transfers.bytesFetched;
      this.#counted = { atMs: nowMs, bytes: await keptBytes(this.#deps.metadata), fetched };
    }
    return this.#counted.bytes + this.#transfers.bytesFetched - this.#counted.fetched >= capacityBytes;
  }

  async report(): Promise<SyncReport> {
    const buckets = await Promise.all([...this.#buckets.values()].map((bucket) => this.#reportBucket(bucket)));
    const minutes = (this.#deps.clock.monotonicMs() - this.#startedMs) / 60_000;
    const total = this.#deps.remote.callCount();
    const alarms = [
      ...(this.#trouble === undefined ? [] : [`cloud: ${this.#trouble}`]),
      ...(this.#isPressed ? ['space is short: keep becomes read-through'] : []),
      ...[...this.#own].map(ownAlarm),
      ...[...this.#buckets.values()].flatMap(troubleAlarm),
      ...buckets.flatMap(({ bucket, tables }) =>
        tables
          .filter(({ state }) => state === 'held')
          .map(({ location, reason }) => `gs://${bucket}/${location.prefix} is held: ${reason ?? ''}`),
      ),
    ];
    return {
      site: this.#deps.settings.site,
      caughtUp: this.#trouble === undefined && buckets.length > 0 && buckets.every(isCaughtUp),
      buckets,
      lagMs: this.#lag.summary(),
      calls: { total, perMinute: minutes > 0 ? Math.round(total / Math.max(minutes, 1 / 60)) : 0 },
      bytesFetched: this.#transfers.bytesFetched,
      alarms,
    };
  }

  async #reportBucket(bucket: BucketSync): Promise<BucketReport> {
    const { backlog, retiring } = await countBacklog(this.#deps.metadata, bucket.bucket.id);
    return {
      bucket: bucket.bucket.name,
      ...(bucket.listedMs === undefined ? {} : { listedMs: bucket.listedMs }),
      backlog,
      retiring,
      tables: [...bucket.tables.values()].map((table) => table.report()),
      trouble: Object.fromEntries(bucket.trouble),
    };
  }
}

/** Walks past all names that retire: work behind them must not be taken for none. */
async function countBacklog(
  metadata: MetadataStore,
  id: BucketId,
): Promise<{ readonly backlog: number; readonly retiring: number }> {
  const { end } = backlogOf(id);
  let { start } = backlogOf(id);
  const counts = { backlog: 0, retiring: 0 };
  while (counts.backlog < BACKLOG_COUNT_MAX) {
    const rows = await metadata.scan({ start, end }, { limit: RECOUNT_ROWS });
    const retiring = rows.filter(({ value }) => decodeBacklog(value).retireAtMs !== undefined).length;
    counts.retiring += retiring;
    counts.backlog += rows.length - retiring;
    const last = rows.at(-1);
    if (last === undefined || rows.length < RECOUNT_ROWS) break;
    start = justAfter(last.key);
  }
  return counts;
}

async function keptBytes(metadata: MetadataStore): Promise<number> {
  const { end } = allBlobs();
  let { start } = allBlobs();
  let bytes = 0;
  for (;;) {
    const rows = await metadata.scan({ start, end }, { limit: RECOUNT_ROWS });
    for (const { value } of rows) bytes += decodeBlob(value).size;
    const last = rows.at(-1);
    if (last === undefined || rows.length < RECOUNT_ROWS) return bytes;
    start = justAfter(last.key);
  }
}

function isCaughtUp(report: BucketReport): boolean {
  const isDone = ({ state }: TableReport) => state === 'current' || state === 'unresolved';
  const isListed = report.listedMs !== undefined && report.trouble[''] === undefined;
  return isListed && report.backlog === 0 && report.tables.every(isDone);
}

/** A bucket made again under its name may have the metageneration and etag of the one before it. */
function isSameImage(known: Bucket, next: Bucket): boolean {
  return (
    known.generation === next.generation && known.metageneration === next.metageneration && known.etag === next.etag
  );
}

/** The fields we interpret; the rest of the resource is kept word for word. */
function imageOf(remote: RemoteBucket, ids: Pick<Bucket, 'id' | 'scopeId'>): Bucket {
  const {
    kind: _kind,
    id: _id,
    name: _name,
    selfLink: _selfLink,
    projectNumber,
    generation,
    metageneration,
    timeCreated,
    updated,
    location,
    storageClass,
    etag,
    ...settings
  } = remote.resource;
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);
  const time = (value: unknown) => Date.parse(text(value, '')) || 0;
  return {
    name: remote.name,
    id: ids.id,
    scopeId: ids.scopeId,
    owner: CLOUD,
    project: text(projectNumber, ''),
    // A cloud that tells none has one bucket of this name at a time.
    generation: BigInt(text(generation, `${time(timeCreated) * 1_000}`)),
    metageneration: BigInt(text(metageneration, '1')),
    timeCreatedMs: time(timeCreated),
    updatedMs: time(updated),
    location: text(location, 'US'),
    storageClass: text(storageClass, 'STANDARD'),
    settings,
    ...(typeof etag === 'string' ? { etag } : {}),
  };
}

function ownAlarm(bucket: BucketName): string {
  return `gs://${bucket} is this site's own: it is not followed, though the cloud has a bucket of this name`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function troubleAlarm({ bucket, lastingTrouble }: BucketSync): string[] {
  const [reason] = lastingTrouble.values();
  if (reason === undefined) return [];
  return [`gs://${bucket.name}: ${lastingTrouble.size} object(s) cannot be brought, tried again: ${reason}`];
}
