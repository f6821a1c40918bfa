/** `strait serve`: builds one site by hand, in the order things start. Closing goes the other way. */
import { adminRoutes } from '../dialects/admin/routes.ts';
import { ownerStatus, siteStatus } from '../dialects/admin/site-status.ts';
import { createGcsJsonServer, eventRenderer } from '../dialects/gcs-json/server.ts';
import { createRetryTests } from '../dialects/retry-test/retry-tests.ts';
import { StraitError } from '../model/errors.ts';
import { channelDelivery } from '../namespace/channels/deliver.ts';
import { CLEANUP_DEFAULTS, Cleanup } from '../namespace/cleanup.ts';
import type { NamespaceDeps } from '../namespace/deps.ts';
import { notificationDelivery } from '../namespace/notifications/deliver.ts';
import { bindNamespace } from '../namespace/service.ts';
import { credentialsFor } from '../remotes/gcs/credentials.ts';
import { GcsRemote } from '../remotes/gcs/gcs-remote.ts';
import { PubSubPublisher } from '../remotes/pubsub/pubsub-publisher.ts';
import { WebHookCaller } from '../remotes/webhooks/web-hook-caller.ts';
import { systemClock } from '../runtime/clock.ts';
import { renderAddress } from '../runtime/config/render-settings.ts';
import type { CloudConfig, ServeConfig } from '../runtime/config/serve-config.ts';
import { crashAt, noCrashPoints } from '../runtime/crash-points.ts';
import { createMetrics } from '../runtime/create-metrics.ts';
import { Lifecycle, RESTART_DEFAULTS } from '../runtime/lifecycle.ts';
import { jsonLogger } from '../runtime/logger.ts';
import { systemRandom } from '../runtime/random.ts';
import type { MetadataStore } from '../stores/metadata/port.ts';
import { createOwnerReads } from '../sync/owner-reads.ts';
import { Sync } from '../sync/sync.ts';
import { observeProcess } from './observe-process.ts';
import { openBlobs, openMetadata } from './open-stores.ts';
import {
  CLOSE_MS,
  channelPolicy,
  gatewaySettings,
  HOOK_TIMEOUT_MS,
  namespaceSettings,
  PUBLISH_TIMEOUT_MS,
  syncSettings,
} from './service-settings.ts';
import { tableFormats } from './table-formats.ts';

export interface RunningSite {
  /** Where it listens: `http://127.0.0.1:9000`. */
  readonly url: string;
  /** Lets requests under way end and closes everything. False when something did not close cleanly. */
  close(): Promise<boolean>;
}

/** Resolves when the site serves. When something cannot be opened, what already was is closed again. */
export async function startSite(config: ServeConfig, writeLog: (line: string) => void): Promise<RunningSite> {
  const [clock, random, metrics] = [systemClock, systemRandom, createMetrics()];
  const logger = jsonLogger(clock, config.logLevel, writeLog);
  const crashPoints = config.crashAt ? crashAt(config.crashAt.point, config.crashAt.count) : noCrashPoints;
  const basics = { clock, random, logger, metrics, crashPoints };
  const lifecycle = new Lifecycle(basics, { ...RESTART_DEFAULTS, drainMs: config.drainMs + CLOSE_MS });
  try {
    observeProcess(metrics);
    const metadata = await openMetadata(basics, config);
    lifecycle.own('metadata store', () => metadata.close());
    const blobs = await openBlobs(basics, config);
    lifecycle.own('blob store', () => blobs.close());
    const stores = { ...basics, metadata, blobs, settings: namespaceSettings(config) };
    lifecycle.run(new Cleanup(stores, { ...CLEANUP_DEFAULTS, lifecycleEveryMs: config.lifecycleMs }));

    const sync = config.cloud && startSync(lifecycle, stores, { ...config, cloud: config.cloud });
    const namespace = bindNamespace({ ...stores, ...sync?.reading });

    const faults = config.testFaults ? createRetryTests(basics) : undefined;
    const admin = adminRoutes({
      status: { readStatus: async () => (sync ? sync.readStatus() : ownerStatus(config.site)) },
      readiness: { whyNotReady: () => whyNotReady(metadata) },
      renderMetrics: () => metrics.render(),
    });
    const routes = [...admin, ...(faults?.routes ?? [])];
    const gateway = {
      ...basics,
      namespace,
      routes,
      ...(sync && { owner: sync.owner }),
      ...(faults && { decorate: faults.decorate }),
    };
    const server = createGcsJsonServer(gateway, gatewaySettings(config));
    const address = renderAddress(await server.listen().catch((error) => cannotListen(config, error)));
    lifecycle.own('gateway', () => server.close());
    startNotifications(lifecycle, stores, { config, origin: `http://${address}` });
    logger.log('info', 'serving', { site: config.site, address });
    return { url: `http://${address}`, close: () => lifecycle.close() };
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

/** Follows the cloud from now on. */
function startSync(lifecycle: Lifecycle, stores: NamespaceDeps, config: ServeConfig & { readonly cloud: CloudConfig }) {
  const { cloud, bucket: buckets, project } = config;
  const remote = new GcsRemote(
    { ...stores, credentials: credentialsFor(cloud.credentials) },
    { endpoint: cloud.url.href.replace(/\/$/, ''), ...(project === undefined ? {} : { project }) },
  );
  lifecycle.own('cloud connections', () => remote.close());
  const sync = new Sync({ ...stores, remote, formats: tableFormats() }, syncSettings(config));
  const owner = createOwnerReads({ ...stores, remote }, cloud.url.origin);
  lifecycle.run({ name: 'sync', run: (signal) => sync.run(signal) });
  return {
    owner,
    reading: { readThrough: sync.readThrough, passThrough: sync.passThrough, ownerListings: owner.listings },
    readStatus: async () => siteStatus(await sync.report(), { cloud: cloud.url.origin, buckets }),
  };
}

/** Tells topics and applications what happens to the objects of this site's buckets. */
function startNotifications(
  lifecycle: Lifecycle,
  stores: NamespaceDeps,
  { config, origin }: { readonly config: ServeConfig; readonly origin: string },
): void {
  const { url, credentials } = config.pubsub;
  const publisher = new PubSubPublisher(
    { credentials: credentialsFor(credentials, 'pubsub') },
    { endpoint: url.origin, timeoutMs: PUBLISH_TIMEOUT_MS },
  );
  lifecycle.own('Pub/Sub connections', () => publisher.close());
  const renderer = eventRenderer(origin, gatewaySettings(config));
  lifecycle.run(notificationDelivery({ ...stores, publisher, renderer }));
  const hooks = new WebHookCaller({ policy: channelPolicy(config), timeoutMs: HOOK_TIMEOUT_MS });
  lifecycle.own('channel connections', () => hooks.close());
  lifecycle.run(channelDelivery({ ...stores, hooks, renderer }));
}

function cannotListen({ listen }: ServeConfig, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  throw new StraitError('unavailable', `${reason}; choose another address than ${renderAddress(listen)}: --listen`, {});
}

/** A site serves when its metadata store answers. */
async function whyNotReady(metadata: MetadataStore): Promise<string | undefined> {
  try {
    await metadata.get([Buffer.from('ready')]);
    return undefined;
  } catch (error) {
    return `the metadata store does not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}
