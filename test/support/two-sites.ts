import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FOLLOWER_DEFAULTS } from '../../src/apps/demo/check/site-follower.ts';
import { type DemoSites, demoSites, startSites, stopSites } from '../../src/apps/demo/demo-sites.ts';
import { type PreparedTable, prepareTable } from '../../src/apps/demo/demo-tables.ts';
import { type LakeRunReport, type RunningLake, runLake } from '../../src/apps/demo/lake-run.ts';
import type { PlanOptions } from '../../src/apps/demo/replay/plan.ts';
import { anyPort } from '../../src/apps/demo/site-process.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { readSample, type SampleTable, sampleAliases } from './sample-tables.ts';

/** For `test(name, { skip: SERVE_MISSING })`: the sites are processes of `strait serve`. */
export const SERVE_MISSING = existsSync(resolve(import.meta.dirname, '../../src/apps/serve.ts'))
  ? false
  : 'strait serve is not there yet';

/** A sample table, ready to be replayed and checked, under its own name in the bucket `lake`. */
export async function prepareSample(sample: SampleTable, options: Partial<PlanOptions> = {}): Promise<PreparedTable> {
  const rows = sample.latest.readOptimisedRows ?? sample.latest.rows;
  const table = { name: sample.name, rows, pathAliases: sampleAliases(sample) };
  return await prepareTable(table, await readSample(sample.name), options);
}

export interface TwoSitesOptions {
  readonly tables: readonly PreparedTable[];
  readonly commitsPerSecond: number;
  readonly seed?: number;
  /** Further arguments of `strait serve`. */
  readonly cloudArgs?: readonly string[];
  readonly siteArgs?: readonly string[];
  readonly convergeMs?: number;
  /** Runs beside the replay until its signal aborts: the place to kill processes. */
  readonly beside?: (running: RunningLake) => Promise<void>;
  /** Runs after the report, while the sites are still up. */
  readonly after?: (processes: DemoSites) => Promise<void>;
}

export const RETIRE_GRACE_MS = 2_000;

const TEST_SITE_ARGS = [
  ...['--tail-poll-ms', '100', '--tail-poll-max-ms', '500', '--reconcile-ms', '1s'],
  ...['--retire-grace-ms', `${RETIRE_GRACE_MS}ms`, '--loose-after-ms', '1s', '--log-level', 'warn'],
];

/**
 * Starts a cloud and two sites as processes of their own, in a folder of their own and on free ports; replays tables
 * with a checking reader at each site; stops everything. The folder stays when the report does not match.
 */
export async function runTwoSites(options: TwoSitesOptions): Promise<LakeRunReport> {
  const folder = await mkdtemp(join(tmpdir(), 'strait-two-sites-'));
  const processes = demoSites(systemClock, options.tables, {
    folder,
    cloudPort: await anyPort(),
    sitePorts: { east: await anyPort(), west: await anyPort() },
    cloudArgs: ['--log-level', 'warn', ...(options.cloudArgs ?? [])],
    siteArgs: [...TEST_SITE_ARGS, ...(options.siteArgs ?? [])],
  });
  let keep = true;
  try {
    await startSites(processes);
    const { tables, commitsPerSecond, seed = 1, convergeMs = 60_000 } = options;
    const reading = { ...FOLLOWER_DEFAULTS, pauseMs: 50 };
    const report = await runLake(
      { clock: systemClock, signal: new AbortController().signal },
      {
        processes,
        tables,
        settings: { commitsPerSecond, seed, convergeMs, cloudPatienceMs: 30_000, reading },
        ...(options.beside === undefined ? {} : { beside: options.beside }),
      },
    );
    if (report === undefined) throw new Error('nobody told this run to stop');
    await options.after?.(processes);
    keep = !report.matched;
    return report;
  } finally {
    await stopSites(processes);
    if (keep) console.log(`data and logs of the sites stay in ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}
