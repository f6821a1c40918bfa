import { join } from 'node:path';
import { SiteHttp } from '../../src/apps/demo/check/site-http.ts';
import { compareListings } from '../../src/apps/demo/compare-sites.ts';
import { demoSites, startSites, stopSites } from '../../src/apps/demo/demo-sites.ts';
import { DEMO_BUCKET, type PreparedTable } from '../../src/apps/demo/demo-tables.ts';
import { CloudWriter } from '../../src/apps/demo/replay/cloud-writer.ts';
import { LakeReplay } from '../../src/apps/demo/replay/lake-replay.ts';
import { anyPort } from '../../src/apps/demo/site-process.ts';
import { readSiteView } from '../../src/apps/demo/site-status.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A cloud and one site, each a process of its own, with tables replayed at the cloud and all arrived at the site. */
export interface SyncedSite extends AsyncDisposable {
  /** The site's `http://127.0.0.1:port`. */
  readonly url: string;
  readonly site: SiteHttp;
}

const CLOUD_ARGS = ['--log-level', 'warn'];
const SITE_ARGS = [
  ...['--tail-poll-ms', '100', '--tail-poll-max-ms', '500', '--reconcile-ms', '1s', '--loose-after-ms', '1s'],
  ...CLOUD_ARGS,
];
const POLL_MS = 200;

export interface SyncedSiteOptions {
  readonly commitsPerSecond?: number;
  readonly convergeMs?: number;
}

/** Replays commit by commit while the site follows. Rejects, everything stopped, when they do not become equal. */
export async function startSyncedSite(
  tables: readonly PreparedTable[],
  options: SyncedSiteOptions = {},
): Promise<SyncedSite> {
  const { commitsPerSecond = 20, convergeMs = 60_000 } = options;
  await using started = new AsyncDisposableStack();
  const folder = started.use(await temporaryFolder('synced-site'));
  const processes = demoSites(systemClock, tables, {
    folder: join(folder.path, 'sites'),
    cloudPort: await anyPort(),
    sitePorts: { east: await anyPort() },
    cloudArgs: CLOUD_ARGS,
    siteArgs: SITE_ARGS,
  });
  started.defer(() => stopSites(processes));
  await startSites(processes);
  const url = processes.sites[0]?.url ?? '';
  const cloud = new SiteHttp(processes.cloud.url);
  const site = new SiteHttp(url);
  started.defer(async () => void (await Promise.all([cloud.close(), site.close()])));
  const writer = new CloudWriter(systemClock, { endpoint: cloud.baseUrl, project: 'test', patienceMs: 5_000 });
  const replay = new LakeReplay({ clock: systemClock, writer }, tables, { commitsPerSecond, seed: 1 });
  await replay.run(new AbortController().signal);
  await arrive(cloud, site, convergeMs);
  const running = started.move();
  return { url, site, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Waits until the site says it is caught up and lists exactly the cloud's objects. */
async function arrive(cloud: SiteHttp, site: SiteHttp, convergeMs: number): Promise<void> {
  const endMs = performance.now() + convergeMs;
  for (;;) {
    const { caughtUp } = await readSiteView(site, DEMO_BUCKET);
    const differences = await compareListings(cloud, site, DEMO_BUCKET);
    if (caughtUp && differences.length === 0) return;
    if (performance.now() > endMs) {
      throw new Error(
        `the site does not become equal to the cloud: ${differences.slice(0, 10).join('; ') || 'behind'}`,
      );
    }
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}
