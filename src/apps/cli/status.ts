import type { SiteStatus, TableStatus } from '../../dialects/admin/site-status.ts';
import { StraitError } from '../../model/errors.ts';
import { systemClock } from '../../runtime/clock.ts';
import { readSettings } from '../../runtime/config/read-settings.ts';
import { withDeadline } from '../../runtime/deadline.ts';
import { type Call, EXIT, type ExitCode } from './command.ts';
import { json } from './run-cli.ts';
import { OTHER_VARIABLES, STATUS_SETTINGS } from './settings.ts';

const ANSWER_MS_MAX = 10_000;

export async function runStatus({ args, env, terminal, isJson, signal }: Call): Promise<ExitCode> {
  const { site } = readSettings(STATUS_SETTINGS, { args, env, otherVariables: OTHER_VARIABLES });
  const status = await fetchStatus(site, signal);
  terminal.out(isJson ? json(status) : renderStatus(status));
  return status.caughtUp ? EXIT.ok : EXIT.notEqual;
}

/** `unavailable` when the site does not answer, or answers something else. */
export async function fetchStatus(site: URL, signal: AbortSignal): Promise<SiteStatus> {
  const url = new URL('/admin/v1/status', site);
  try {
    const body: unknown = await withDeadline({ clock: systemClock, ms: ANSWER_MS_MAX, signal }, async (ending) => {
      const response = await fetch(url, { signal: ending });
      if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`);
      return await response.json();
    });
    if (isSiteStatus(body)) return body;
    throw new Error('what it answered is not a status');
  } catch (error) {
    const message = `${site.origin} cannot be asked for its status: ${reasonOf(error)}; is it serving?`;
    throw new StraitError('unavailable', message, {}, { cause: error });
  }
}

/** `fetch` hides what went wrong one level down. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || String(Reflect.get(error.cause, 'code')) : error.message;
}

function isSiteStatus(value: unknown): value is SiteStatus {
  if (typeof value !== 'object' || value === null) return false;
  return 'site' in value && 'caughtUp' in value && typeof value.caughtUp === 'boolean' && 'tables' in value;
}

export function renderStatus(status: SiteStatus): string {
  const { site, cloud, caughtUp, backlog, retiring, callsPerMinute, lagMs, alarms, trouble, tables } = status;
  if (cloud === undefined) return `${site}: a gateway of its own; nothing to catch up with\n`;
  const lines = [
    `${site} follows ${cloud}: ${caughtUp ? 'caught up' : 'not caught up'}`,
    `backlog ${count(backlog, 'name')}, retiring ${count(retiring, 'name')}, ` +
      `${count(callsPerMinute, 'call')} a minute, lag p50 ${seconds(lagMs.p50)} p99 ${seconds(lagMs.p99)}`,
    ...alarms.map((alarm) => `ALARM  ${alarm}`),
    ...Object.entries(trouble).map(([name, reason]) => `trying again  ${name}: ${reason}`),
    ...(tables.length > 0 ? ['', ...renderTables(tables)] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function renderTables(tables: readonly TableStatus[]): readonly string[] {
  const rows = [
    ['TABLE', 'FORMAT', 'STATE', 'AT', 'BEHIND', 'LAG', 'PUBLISHED'],
    ...tables.map((table) => [
      `gs://${table.bucket}/${table.prefix}`,
      table.format,
      table.state,
      table.published ?? '–',
      String(table.lagCommits),
      table.lagMs === undefined ? '–' : seconds(table.lagMs.last),
      `${table.publishedCount}${table.skippedCount > 0 ? ` (+${table.skippedCount} skipped)` : ''}`,
    ]),
  ];
  const notes = tables.map((table) => [
    ...(table.reason === undefined ? [] : [`    ${table.reason}`]),
    ...table.missing.map((name) => `    waits for ${name}`),
    ...table.warnings.map((warning) => `    ${warning}`),
  ]);
  return alignColumns(rows).flatMap((line, index) => [line, ...(notes[index - 1] ?? [])]);
}

/** Columns as wide as their widest cell. */
export function alignColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function count(value: number, what: string): string {
  return `${value} ${what}${value === 1 ? '' : 's'}`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`;
}
