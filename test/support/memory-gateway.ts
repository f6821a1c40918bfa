import { adminRoutes } from '../../src/dialects/admin/routes.ts';
import type { RequestFilter } from '../../src/dialects/gcs-json/api/call.ts';
import { createGcsJsonServer, type GcsJsonServerSettings } from '../../src/dialects/gcs-json/server.ts';
import { createRetryTests } from '../../src/dialects/retry-test/retry-tests.ts';
import { HTTP_SERVER_DEFAULTS, type HttpServerSettings } from '../../src/dialects/shared/http-server.ts';
import { CHORES } from '../../src/namespace/cleanup.ts';
import type { NamespaceDeps } from '../../src/namespace/deps.ts';
import { expireUploadsOnce } from '../../src/namespace/expire-uploads.ts';
import { ObjectLifecycle } from '../../src/namespace/object-lifecycle.ts';
import { bindNamespace, type Namespace } from '../../src/namespace/service.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { createMetrics } from '../../src/runtime/create-metrics.ts';
import { type Logger, silentLogger } from '../../src/runtime/logger.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { MemoryBlobStore } from '../../src/stores/blobs/memory/memory-blob-store.ts';
import { MemoryMetadataStore } from '../../src/stores/metadata/memory/memory-store.ts';
import type { MetadataStore } from '../../src/stores/metadata/port.ts';

export interface MemoryGateway {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly namespace: Namespace;
  /** Gives the background work that is due one turn: operations, and what has expired. */
  runChores(): Promise<void>;
  close(): Promise<void>;
}

export interface MemoryGatewayOptions {
  /** Its name; `test` when absent. */
  readonly site?: string;
  readonly http?: Partial<HttpServerSettings>;
  readonly manners?: GcsJsonServerSettings['manners'];
  readonly logger?: Logger;
  readonly metadata?: MetadataStore;
  /** Serves the retry test API. */
  readonly testFaults?: boolean;
  /** The real one when absent. */
  readonly clock?: Clock;
  readonly filter?: RequestFilter;
}

/** A gateway over stores in memory, on a free port: the same dialects and namespace that `strait serve` runs. */
export async function startMemoryGateway(options: MemoryGatewayOptions = {}): Promise<MemoryGateway> {
  const parts = { clock: options.clock ?? systemClock, random: systemRandom, crashPoints: noCrashPoints };
  const logger = options.logger ?? silentLogger;
  const deps: NamespaceDeps = {
    ...parts,
    logger,
    metadata: options.metadata ?? new MemoryMetadataStore(parts),
    blobs: new MemoryBlobStore(parts),
    settings: {
      site: options.site ?? 'test',
      inlineBytesMax: 16 * 1024,
      uploadTtlMs: 7 * 24 * 3_600_000,
      reapGraceMs: 60_000,
    },
  };
  const namespace = bindNamespace(deps);
  const metrics = createMetrics();
  const faults = options.testFaults === true ? createRetryTests(parts) : undefined;
  const admin = adminRoutes({
    readiness: { whyNotReady: async () => undefined },
    renderMetrics: () => metrics.render(),
  });
  const routes = [...admin, ...(faults?.routes ?? [])];
  const server = createGcsJsonServer(
    {
      ...parts,
      logger,
      metrics,
      namespace,
      routes,
      ...(faults && { decorate: faults.decorate }),
      ...(options.filter && { filter: options.filter }),
    },
    {
      http: { ...HTTP_SERVER_DEFAULTS, host: '127.0.0.1', port: 0, drainTimeoutMs: 1_000, ...options.http },
      ...(options.manners === undefined ? {} : { manners: options.manners }),
    },
  );
  const { port } = await server.listen();
  const lifecycle = new ObjectLifecycle(deps, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    namespace,
    runChores: () => runChores(deps, lifecycle),
    close: () => server.close(),
  };
}

async function runChores(deps: NamespaceDeps, lifecycle: ObjectLifecycle): Promise<void> {
  const { signal } = new AbortController();
  for (const { run } of CHORES) await run(deps, signal);
  await expireUploadsOnce(deps, signal);
  await lifecycle.turnOnce(signal);
}
