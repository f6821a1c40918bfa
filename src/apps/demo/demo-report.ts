import type { FollowedTable } from './check/site-follower.ts';
import type { ReplayedTable } from './replay/lake-replay.ts';
import type { RowCount } from './rows/count-rows.ts';
import type { TableView } from './site-status.ts';

/** One table at one site, as the demo ends. */
export interface SiteTableReport {
  readonly site: string;
  readonly commits: number;
  readonly rows: number | undefined;
  readonly lagMs: TableView['lagMs'];
  /** Whole walks by the checking reader, and how many different versions they saw. */
  readonly opened: number;
  readonly versions: number;
  readonly broken: number;
  readonly findings: readonly string[];
  readonly unavailable: number;
}

export interface TableReport {
  readonly name: string;
  readonly format: string;
  /** Commits in the table's history. */
  readonly history: number;
  readonly cloudCommits: number;
  readonly expectedRows: number | undefined;
  readonly how: RowCount['how'];
  readonly bytes: number;
  readonly sites: readonly SiteTableReport[];
}

export interface SiteReport {
  readonly name: string;
  readonly url: string;
  /** Names whose presence, size or CRC32C differ from the cloud's, by our own comparison of the listings. */
  readonly differences: readonly string[];
  /** What `strait verify` said: its exit code and output. */
  readonly verifyCode: number;
  readonly verifyOutput: string;
}

export interface TableFacts {
  readonly replayed: ReplayedTable;
  readonly how: RowCount['how'];
  readonly sites: readonly {
    readonly site: string;
    readonly followed: FollowedTable;
    readonly view: TableView | undefined;
    readonly rows: number | undefined;
  }[];
}

export function reportTable({ replayed, how, sites }: TableFacts): TableReport {
  const { table, commits } = replayed;
  return {
    name: table.table.name,
    format: table.plan.format,
    history: table.plan.steps.length,
    cloudCommits: commits,
    expectedRows: table.table.rows,
    how,
    bytes: table.bytes,
    sites: sites.map(({ site, followed, view, rows }) => ({
      site,
      commits: followed.position,
      rows,
      lagMs: view?.lagMs,
      opened: followed.opened,
      versions: followed.versions.size,
      broken: followed.broken,
      findings: followed.findings,
      unavailable: followed.unavailable,
    })),
  };
}

/** Everything that keeps the report from saying "matched". */
export function problemsOf(tables: readonly TableReport[], sites: readonly SiteReport[]): readonly string[] {
  const problems: string[] = [];
  for (const table of tables) {
    if (table.cloudCommits !== table.history) {
      problems.push(`${table.name}: ${table.cloudCommits} of ${table.history} commits reached the cloud`);
    }
    for (const site of table.sites) {
      const where = `${table.name} at ${site.site}`;
      if (site.commits !== table.history) problems.push(`${where}: at commit ${site.commits} of ${table.history}`);
      if (site.broken > 0) problems.push(`${where}: ${site.broken} broken snapshots: ${site.findings.join('; ')}`);
      if (site.opened === 0) problems.push(`${where}: no snapshot was ever opened`);
      if (table.how !== '–' && site.rows !== table.expectedRows) {
        problems.push(`${where}: ${site.rows ?? 'no'} rows, expected ${table.expectedRows}`);
      }
    }
  }
  for (const site of sites) {
    const [first] = site.differences;
    if (first !== undefined) problems.push(`${site.name} differs in ${site.differences.length} names: ${first}`);
    if (site.verifyCode !== 0) problems.push(`strait verify of ${site.name} exits ${site.verifyCode}`);
  }
  return problems;
}

const HEAD = ['table', 'format', 'commits', 'rows', 'lag p50/p99', 'opened', 'broken', 'size'];

/** The table printed at the end. Commits are cloud/site/site; opened and broken are sums over the sites. */
export function renderReport(report: { readonly tables: readonly TableReport[] }): string {
  const [firstTable] = report.tables;
  const places = ['cloud', ...(firstTable?.sites ?? []).map((site) => site.site)].join('/');
  const head = HEAD.map((title) => (title === 'commits' ? `commits ${places}` : title));
  const rows = report.tables.map(renderRow);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [line(head), rule, ...rows.map(line), rule, line(renderTotals(report.tables))]
    .map((text) => text.trimEnd())
    .join('\n');
}

function renderRow(table: TableReport): readonly string[] {
  const commits = [table.cloudCommits, ...table.sites.map((site) => site.commits)].join('/');
  const rows = table.how === '–' ? '–' : `${rowsText(table)} ${table.how}`;
  return [
    table.name,
    table.format,
    commits,
    rows,
    lagText(table.sites),
    String(sum(table.sites, (site) => site.opened)),
    String(sum(table.sites, (site) => site.broken)),
    bytesText(table.bytes),
  ];
}

function rowsText(table: TableReport): string {
  const counts = new Set(table.sites.map((site) => site.rows?.toLocaleString('en') ?? '?'));
  return [...counts].join('≠');
}

/** The worse of the sites. */
function lagText(sites: readonly SiteTableReport[]): string {
  const known = sites.flatMap((site) => (site.lagMs === undefined || site.lagMs.count === 0 ? [] : [site.lagMs]));
  if (known.length === 0) return '–';
  const worst = (pick: (lag: (typeof known)[number]) => number) => Math.round(Math.max(...known.map(pick)));
  return `${worst((lag) => lag.p50)}/${worst((lag) => lag.p99)} ms`;
}

function renderTotals(tables: readonly TableReport[]): readonly string[] {
  const sites = tables.flatMap((table) => table.sites);
  return [
    `${tables.length} tables`,
    '',
    String(sum(tables, (table) => table.cloudCommits)),
    '',
    '',
    String(sum(sites, (site) => site.opened)),
    String(sum(sites, (site) => site.broken)),
    bytesText(sum(tables, (table) => table.bytes)),
  ];
}

function sum<T>(items: readonly T[], pick: (item: T) => number): number {
  return items.reduce((total, item) => total + pick(item), 0);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB'];

export function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const scaled = bytes / 1024 ** power;
  return `${power === 0 ? scaled : scaled.toFixed(1)} ${UNITS[power]}`;
}
