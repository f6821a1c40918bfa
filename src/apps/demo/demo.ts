import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Clock } from '../../runtime/clock.ts';
import { FOLLOWER_DEFAULTS } from './check/site-follower.ts';
import { DemoProgress, type DemoTerminal } from './demo-progress.ts';
import { renderReport } from './demo-report.ts';
import { type DemoSites, demoSites, startSites, stopSites } from './demo-sites.ts';
import { DEMO_BUCKET, type PreparedTable, prepareDemoTables } from './demo-tables.ts';
import { clientHints } from './hints.ts';
import { type LakeRunReport, runLake } from './lake-run.ts';
import { freePort } from './site-process.ts';

export interface DemoSettings {
  /** Holds the data of the three sites; kept from run to run. */
  readonly data: string;
  readonly reset: boolean;
  /** Ends when everything has arrived, instead of staying up. */
  readonly once: boolean;
  readonly commitsPerSecond: number;
  readonly isJson: boolean;
}

export interface DemoDeps {
  readonly clock: Clock;
  readonly terminal: DemoTerminal;
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
}

const FIRST_PORT = 9000;
const SITE_NAMES = ['east', 'west'] as const;
/** Gentle enough to leave two cores to four processes. */
const READING = { ...FOLLOWER_DEFAULTS, pauseMs: 250 };
const RUN = { seed: 1, cloudPatienceMs: 30_000, convergeMs: 120_000, reading: READING };
/** The demo shows quickly what a lake at rest shows in half a minute. */
const SITE_ARGS = ['--tail-poll-ms', '100', '--reconcile-ms', '2s', '--log-level', 'warn'];

/**
 * The whole story on one machine: a cloud reached only through the GCS JSON API, two sites, real tables replayed commit
 * by commit, readers that trust nothing. Returns 0 when everything matched (or, without `once`, when told to stop), 1
 * when not.
 */
export async function runDemo(deps: DemoDeps, settings: DemoSettings): Promise<0 | 1> {
  const { clock, terminal, signal } = deps;
  const folder = resolve(settings.data);
  if (settings.reset) await rm(folder, { recursive: true, force: true });
  const tables = await prepareDemoTables();
  const ports = await choosePorts();
  const logging = { cloudArgs: ['--log-level', 'warn'], siteArgs: SITE_ARGS };
  const processes = demoSites(clock, tables, { folder, ...ports, ...logging });
  try {
    await startSites(processes);
    if (!settings.isJson) terminal.out(introduce(processes, folder, tables));
    const report = await runLake(deps, {
      processes,
      tables,
      settings: { ...RUN, commitsPerSecond: settings.commitsPerSecond },
      beside: ({ replay, followers, signal: ending }) => {
        return settings.isJson ? Promise.resolve() : new DemoProgress(deps, replay, followers).run(ending);
      },
    });
    if (report === undefined) return 0;
    terminal.out(settings.isJson ? `${JSON.stringify(report)}\n` : conclude(report, processes));
    if (settings.once) return report.matched ? 0 : 1;
    if (!settings.isJson) terminal.out('\nThe sites stay up. Ctrl-C ends the demo; its data stays.\n');
    while (!signal.aborted) await clock.sleep(60_000, signal);
    return 0;
  } finally {
    await stopSites(processes);
  }
}

async function choosePorts() {
  const taken = new Set<number>();
  const next = async (wanted: number) => {
    const port = await freePort(wanted, taken);
    taken.add(port);
    return port;
  };
  const cloudPort = await next(FIRST_PORT);
  const sitePorts: Record<string, number> = {};
  for (const [index, name] of SITE_NAMES.entries()) sitePorts[name] = await next(FIRST_PORT + 1 + index);
  return { cloudPort, sitePorts };
}

function introduce({ cloud, sites }: DemoSites, folder: string, tables: readonly PreparedTable[]): string {
  const commits = tables.reduce((sum, table) => sum + table.plan.steps.length, 0);
  const places = sites.map((site) => `  ${site.spec.name.padEnd(6)} ${site.url}   a site that follows it\n`);
  return (
    `Three sites, each a process of its own; data and logs in ${folder}\n` +
    `  cloud  ${cloud.url}   stands in for GCS; the others know only its JSON API\n${places.join('')}` +
    `Replaying ${tables.length} tables, ${commits} commits, while a reader at each site opens what it sees.\n\n`
  );
}

function conclude(report: LakeRunReport, { sites }: DemoSites): string {
  const proof = 'every commit at every site, 0 broken snapshots, rows as expected, verify clean';
  const verdict = report.matched
    ? `Everything matched in ${report.seconds} s: ${proof}.`
    : `Something did not match:\n${report.problems.map((problem) => `  ${problem}`).join('\n')}`;
  const [first] = sites;
  const hints = first === undefined ? '' : `\n${clientHints(first.url, DEMO_BUCKET)}`;
  return `\n${renderReport(report)}\n\n${verdict}\n${hints}`;
}
