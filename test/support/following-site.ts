/** A cloud and a site that follows it, both in this process and on stores in memory, spoken to over HTTP. */
import assert from 'node:assert/strict';
import { createGcsJsonServer } from '../../src/dialects/gcs-json/server.ts';
import { HTTP_SERVER_DEFAULTS } from '../../src/dialects/shared/http-server.ts';
import type { NamespaceDeps } from '../../src/namespace/deps.ts';
import { bindNamespace } from '../../src/namespace/service.ts';
import { credentialsFor } from '../../src/remotes/gcs/credentials.ts';
import { GcsRemote } from '../../src/remotes/gcs/gcs-remote.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { createMetrics } from '../../src/runtime/create-metrics.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { MemoryBlobStore } from '../../src/stores/blobs/memory/memory-blob-store.ts';
import { MemoryMetadataStore } from '../../src/stores/metadata/memory/memory-store.ts';
import type { SyncSettings } from '../../src/sync/deps.ts';
import { createOwnerReads } from '../../src/sync/owner-reads.ts';
import { Sync } from '../../src/sync/sync.ts';
import type { TableFormat } from '../../src/tables/port.ts';
import { Gcs } from './gcs.ts';
import type { Answer } from './http-call.ts';
import { type MemoryGateway, type MemoryGatewayOptions, startMemoryGateway } from './memory-gateway.ts';

const SYNC: SyncSettings = {
  buckets: [],
  policies: { rules: [], fallback: 'keep' },
  pathAliases: [],
  reconcileMs: 50,
  tailPollMs: 50,
  tailPollMaxMs: 50,
  heldAfterMs: 60_000,
  looseAfterMs: 0,
  retireGraceMs: 0,
  transferConcurrency: 4,
  transferPartBytes: 64 * 1024,
  readThroughWholeBytesMax: 64 * 1024,
  capacityBytes: 0,
  freeShareMin: 0,
};
const ARRIVES_WITHIN_MS = 20_000;
const POLL_MS = 25;

export interface FollowedOptions {
  readonly sync?: Partial<SyncSettings>;
  readonly formats?: readonly TableFormat[];
  readonly cloud?: MemoryGatewayOptions;
  /** Changes at the cloud before the site looks at it for the first time. */
  readonly prepare?: (cloud: Gcs) => Promise<void>;
}

export class FollowedCloud implements AsyncDisposable {
  readonly cloud = new Gcs();
  readonly site = new Gcs();
  /** Of the site: tests compare its rows before and after. */
  readonly metadata: MemoryMetadataStore;
  readonly gateway: MemoryGateway;
  readonly #sync: Sync;
  readonly #parts = new AsyncDisposableStack();

  private constructor(gateway: MemoryGateway, metadata: MemoryMetadataStore, sync: Sync) {
    this.gateway = gateway;
    this.metadata = metadata;
    this.#sync = sync;
  }

  static async start(options: FollowedOptions = {}): Promise<FollowedCloud> {
    const gateway = await startMemoryGateway({ site: 'cloud', ...options.cloud });
    const parts = { clock: systemClock, random: systemRandom, crashPoints: noCrashPoints, logger: silentLogger };
    const metadata = new MemoryMetadataStore(parts);
    const stores: NamespaceDeps = {
      ...parts,
      metadata,
      blobs: new MemoryBlobStore(parts),
      settings: { site: 'east', inlineBytesMax: 1024, uploadTtlMs: 1e9, reapGraceMs: 60_000, followsCloud: true },
    };
    const remote = new GcsRemote(
      { ...parts, credentials: credentialsFor('none') },
      { endpoint: gateway.url, attemptsMax: 2, firstDelayMs: 10 },
    );
    const sync = new Sync({ ...stores, remote, formats: options.formats ?? [] }, { ...SYNC, ...options.sync });
    const { readThrough, passThrough } = sync;
    const owner = createOwnerReads({ ...parts, remote }, gateway.url);
    const namespace = bindNamespace({ ...stores, readThrough, passThrough, ownerListings: owner.listings });
    const server = createGcsJsonServer(
      { ...parts, metrics: createMetrics(), namespace, owner },
      { http: { ...HTTP_SERVER_DEFAULTS, host: '127.0.0.1', port: 0, drainTimeoutMs: 1_000 } },
    );
    const followed = new FollowedCloud(gateway, metadata, sync);
    const { port } = await server.listen();
    followed.cloud.connect(gateway.url);
    followed.site.connect(`http://127.0.0.1:${port}`);
    await options.prepare?.(followed.cloud);
    const stop = new AbortController();
    const running = sync.run(stop.signal);
    followed.#parts.defer(async () => {
      stop.abort();
      await running;
      await server.close();
      await remote.close();
      await gateway.close();
    });
    return followed;
  }

  /** A read at both ends, below `/storage/v1`: the same, byte for byte, but for the host in links. */
  async sameRead(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const target = `/storage/v1${path}`;
    const ask = (gcs: Gcs) => gcs.call('GET', target, { headers });
    const [there, here] = await Promise.all([ask(this.cloud), ask(this.site)]);
    assert.equal(here.text, there.text.replaceAll(this.cloud.base, this.site.base), target);
    assert.equal(here.status, there.status, target);
    assert.equal(here.headers.etag, there.headers.etag, target);
    return here;
  }

  /** Until the site has what the cloud had when this was called: a listing that began later, and nothing left to do. */
  async arrived(bucket: string): Promise<void> {
    const sinceMs = systemClock.nowMs();
    const endMs = performance.now() + ARRIVES_WITHIN_MS;
    for (;;) {
      const { buckets } = await this.#sync.report();
      const report = buckets.find((one) => one.bucket === bucket);
      const isListed = (report?.listedMs ?? 0) > sinceMs;
      const isSettled = isListed && report?.backlog === 0 && report.retiring === 0;
      if (isSettled && (await this.#hasBucketOf(bucket))) return;
      assert.ok(performance.now() < endMs, `gs://${bucket} does not arrive: ${JSON.stringify(report)}`);
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }

  async #hasBucketOf(bucket: string): Promise<boolean> {
    const path = `/storage/v1/b/${bucket}?fields=etag`;
    const [there, here] = [await this.cloud.call('GET', path), await this.site.call('GET', path)];
    return here.status === 200 && here.text === there.text;
  }

  /** Until the site lists the name. */
  async shows(bucket: string, name: string): Promise<void> {
    const endMs = performance.now() + ARRIVES_WITHIN_MS;
    while ((await this.site.get(bucket, name)).status !== 200) {
      assert.ok(performance.now() < endMs, `gs://${bucket}/${name} does not arrive`);
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }

  /** From now on the cloud is not there. */
  async cutCloud(): Promise<void> {
    await this.gateway.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync();
  }
}
