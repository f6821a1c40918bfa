import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock.ts';
import type { CheckReport } from './check/checking-reader.ts';
import { type FollowerSettings, SiteFollower } from './check/site-follower.ts';
import { SiteHttp, SiteUnavailableError } from './check/site-http.ts';
import { compareListings } from './compare-sites.ts';
import { countTables } from './count-tables.ts';
import { problemsOf, reportTable, type SiteReport, type TableReport } from './demo-report.ts';
import type { DemoSites } from './demo-sites.ts';
import { DEMO_BUCKET, type PreparedTable } from './demo-tables.ts';
import { CloudWriter } from './replay/cloud-writer.ts';
import { LakeReplay } from './replay/lake-replay.ts';
import type { RowCount } from './rows/count-rows.ts';
import { Duck } from './rows/duck.ts';
import { runStrait } from './site-process.ts';
import { readSiteView, type SiteView } from './site-status.ts';

export interface LakeRunSettings {
  readonly commitsPerSecond: number;
  readonly seed: number;
  /** How long one upload is tried while the cloud does not answer. */
  readonly cloudPatienceMs: number;
  /** How long after the last commit everything may take to arrive. */
  readonly convergeMs: number;
  readonly reading: FollowerSettings;
}

/** What is under way, for a progress display, or for a test that kills processes meanwhile. */
export interface RunningLake {
  readonly replay: LakeReplay;
  readonly followers: readonly SiteFollower[];
  readonly processes: DemoSites;
  /** Aborts when replay and convergence are over. */
  readonly signal: AbortSignal;
}

export interface LakeRunInput {
  readonly processes: DemoSites;
  readonly tables: readonly PreparedTable[];
  readonly settings: LakeRunSettings;
  /** Runs beside the replay until its signal aborts. */
  readonly beside?: (running: RunningLake) => Promise<void>;
}

export interface LakeRunReport {
  readonly matched: boolean;
  /** Why it did not match, in words; empty when it did. */
  readonly problems: readonly string[];
  readonly seconds: number;
  readonly tables: readonly TableReport[];
  readonly sites: readonly SiteReport[];
}

const CONVERGE_POLL_MS = 250;

interface Deps {
  readonly clock: Clock;
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
}

/**
 * Replays tables at a running cloud while a reader at each site opens every version it sees; waits until everything has
 * arrived; then reads all of it once more, counts rows, compares listings and asks `strait verify`. Undefined when
 * told to stop before the end.
 */
export async function runLake(deps: Deps, input: LakeRunInput): Promise<LakeRunReport | undefined> {
  const { clock, signal } = deps;
  const { processes, tables, settings } = input;
  const startedMs = clock.monotonicMs();
  const cloud = new SiteHttp(processes.cloud.url);
  const patience = { patienceMs: settings.cloudPatienceMs };
  const writer = new CloudWriter(clock, { endpoint: processes.cloud.url, project: 'demo', ...patience });
  const replay = new LakeReplay({ clock, writer }, tables, settings);
  const followers = processes.sites.map(
    ({ spec, url }) => new SiteFollower(clock, { name: spec.name, url, bucket: DEMO_BUCKET }, tables, settings.reading),
  );
  const ending = new AbortController();
  const end = () => ending.abort();
  signal.addEventListener('abort', end, { once: true });
  const background = [
    ...followers.map((follower) => follower.run(ending.signal)),
    input.beside?.({ replay, followers, processes, signal: ending.signal }),
  ];
  try {
    const running = { clock, signal: ending.signal };
    const work = replay
      .run(ending.signal)
      .then(() => converge(running, { cloud, followers, convergeMs: settings.convergeMs }));
    // A reader or companion that fails ends the run at once.
    await Promise.race([work, Promise.all(background).then(() => work)]);
    end();
    await Promise.all(background);
    if (signal.aborted) return undefined;
    const audited = await audit({ replay, followers, cloud, processes });
    const problems = problemsOf(audited.tables, audited.sites);
    const seconds = Math.round((clock.monotonicMs() - startedMs) / 100) / 10;
    return { matched: problems.length === 0, problems, seconds, ...audited };
  } finally {
    end();
    signal.removeEventListener('abort', end);
    await Promise.allSettled(background);
    await Promise.all([cloud, ...followers].map((one) => one.close()));
  }
}

interface Converging {
  readonly cloud: SiteHttp;
  readonly followers: readonly SiteFollower[];
  readonly convergeMs: number;
}

/** Waits until each site says it is caught up, shows the cloud's names, and its reader saw every last version. */
async function converge({ clock, signal }: Deps, { cloud, followers, convergeMs }: Converging): Promise<void> {
  const endMs = clock.monotonicMs() + convergeMs;
  while (!signal.aborted && clock.monotonicMs() < endMs) {
    const done = await Promise.all(followers.map((follower) => hasArrived(cloud, follower)));
    if (done.every(Boolean)) return;
    await clock.sleep(CONVERGE_POLL_MS, signal);
  }
}

async function hasArrived(cloud: SiteHttp, follower: SiteFollower): Promise<boolean> {
  if (!follower.atEnd) return false;
  try {
    const view = await readSiteView(follower.site, DEMO_BUCKET);
    return view.caughtUp && (await compareListings(cloud, follower.site, DEMO_BUCKET)).length === 0;
  } catch (error) {
    if (error instanceof SiteUnavailableError) return false;
    throw error;
  }
}

interface AuditInput {
  readonly replay: LakeReplay;
  readonly followers: readonly SiteFollower[];
  readonly cloud: SiteHttp;
  readonly processes: DemoSites;
}

interface SiteAudit {
  readonly follower: SiteFollower;
  readonly view: SiteView;
  readonly counts: readonly RowCount[];
}

async function audit(input: AuditInput): Promise<{ tables: readonly TableReport[]; sites: readonly SiteReport[] }> {
  const { replay, followers, cloud, processes } = input;
  const audits: SiteAudit[] = [];
  const sites: SiteReport[] = [];
  for (const [index, follower] of followers.entries()) {
    const opened = await follower.finalWalk();
    const counts = await countAt(follower, opened);
    audits.push({ follower, view: await readSiteView(follower.site, DEMO_BUCKET), counts });
    const url = processes.sites[index]?.url ?? '';
    sites.push(await auditSite(follower, cloud, url));
  }
  const tables = replay.tables().map((replayed, index) => {
    const reports = audits.flatMap(({ follower, view, counts }) => {
      const followed = follower.tables()[index];
      if (followed === undefined) return [];
      const { rows } = counts[index] ?? { rows: undefined };
      return [{ site: follower.name, followed, view: view.tables.get(replayed.table.prefix), rows }];
    });
    return reportTable({ replayed, how: audits[0]?.counts[index]?.how ?? '–', sites: reports });
  });
  return { tables, sites };
}

async function countAt(follower: SiteFollower, opened: readonly CheckReport[]): Promise<readonly RowCount[]> {
  const folder = await mkdtemp(join(tmpdir(), 'strait-demo-rows-'));
  const duck = await Duck.open();
  try {
    const pairs = follower.tables().flatMap(({ table }, index) => {
      const report = opened[index];
      return report === undefined ? [] : [{ table, report }];
    });
    return await countTables(duck, follower.site, folder, pairs);
  } finally {
    duck.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function auditSite(follower: SiteFollower, cloud: SiteHttp, url: string): Promise<SiteReport> {
  const differences = await compareListings(cloud, follower.site, DEMO_BUCKET);
  const verify = await runStrait(['verify', '--site', url, '--cloud', cloud.baseUrl, '--json']);
  return {
    name: follower.name,
    url,
    differences,
    verifyCode: verify.code,
    verifyOutput: verify.code === 0 ? verify.stdout : `${verify.stdout}${verify.stderr}`,
  };
}
