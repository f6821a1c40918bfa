import type { SiteHttp } from './check/site-http.ts';
import { asFields, asList, type Fields, optionalFields, optionalNumber, optionalText } from './formats/values.ts';

/** The part of `GET /admin/v1/status` that the demo shows; read as any monitoring would, by field name. */
export interface SiteView {
  readonly caughtUp: boolean;
  readonly backlog: number;
  readonly callsPerMinute: number;
  readonly alarms: readonly string[];
  /** By prefix within the demo's bucket. */
  readonly tables: ReadonlyMap<string, TableView>;
}

export interface TableView {
  readonly state: string;
  readonly published: string | undefined;
  readonly lagCommits: number;
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly count: number } | undefined;
  readonly reason: string | undefined;
}

export async function readSiteView(site: SiteHttp, bucket: string): Promise<SiteView> {
  const status = asFields(await site.json('/admin/v1/status'), 'status');
  const tables = asList(status['tables']).map((table) => asFields(table, 'table status'));
  const own = tables.filter((table) => table['bucket'] === bucket);
  return {
    caughtUp: status['caughtUp'] === true,
    backlog: optionalNumber(status['backlog']) ?? 0,
    callsPerMinute: optionalNumber(status['callsPerMinute']) ?? 0,
    alarms: asList(status['alarms']).map(String),
    tables: new Map(own.map((table) => [optionalText(table['prefix']) ?? '', parseTable(table)])),
  };
}

function parseTable(table: Fields): TableView {
  const lag = optionalFields(table['lagMs'], 'lagMs');
  return {
    state: optionalText(table['state']) ?? 'unknown',
    published: optionalText(table['published']),
    lagCommits: optionalNumber(table['lagCommits']) ?? 0,
    lagMs:
      lag === undefined
        ? undefined
        : {
            p50: optionalNumber(lag['p50']) ?? 0,
            p99: optionalNumber(lag['p99']) ?? 0,
            count: optionalNumber(lag['count']) ?? 0,
          },
    reason: optionalText(table['reason']),
  };
}
