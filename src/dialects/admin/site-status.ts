import type { LagSummary } from '../../sync/lag-record.ts';
import type { SyncReport } from '../../sync/sync.ts';

/**
 * What a site says of itself at `GET /admin/v1/status`, for `strait status`, the demo and monitoring. JSON: times are
 * milliseconds since the epoch, an absent field is unknown or does not apply.
 */
export interface SiteStatus {
  readonly site: string;
  /** The endpoint this site follows; absent for a gateway of its own, which is always caught up. */
  readonly cloud?: string;
  /** The buckets it follows; absent: every bucket of the cloud. */
  readonly buckets?: readonly string[];
  /**
   * Every table is at the newest complete commit of the last full listing, nothing waits or is held, and no name is
   * left to apply. False until the first full listing has ended.
   */
  readonly caughtUp: boolean;
  /** Names whose newest state is not published yet, or whose bytes are still wanted. */
  readonly backlog: number;
  /** Names the cloud deleted that stay for running readers. */
  readonly retiring: number;
  /** When the oldest of the buckets' last complete listings began; absent until every bucket was listed once. */
  readonly listedMs?: number;
  /** Calls to the cloud: GCS bills them. */
  readonly callsPerMinute: number;
  readonly callsTotal: number;
  readonly bytesFetched: number;
  /** Of the commits published by this process: publish time − the cloud's time of the visibility object. */
  readonly lagMs: LagSummary;
  /** What someone should look at, in words. */
  readonly alarms: readonly string[];
  /** Objects that cannot be brought, `gs://…` → why. They are tried again. */
  readonly trouble: Readonly<Record<string, string>>;
  readonly tables: readonly TableStatus[];
}

export interface TableStatus {
  readonly bucket: string;
  /** Ends in `/`, or is empty for a bucket that is one table. */
  readonly prefix: string;
  readonly format: string;
  readonly state: string;
  /** The commit readers see here; absent before the first publish. */
  readonly published?: string;
  /** Commits published here one by one, and commits stepped over because a newer one was complete. */
  readonly publishedCount: number;
  readonly skippedCount: number;
  /** Commits known here that are not published yet. */
  readonly lagCommits: number;
  /** Of the commits published by this process; absent before the first. */
  readonly lagMs?: LagSummary;
  /** Names a waiting or held commit misses: the first few. */
  readonly missing: readonly string[];
  readonly reason?: string;
  readonly warnings: readonly string[];
}

const MISSING_SHOWN_MAX = 20;
const TROUBLE_SHOWN_MAX = 100;

export interface Following {
  readonly cloud: string;
  /** Empty: every bucket. */
  readonly buckets: readonly string[];
}

export function siteStatus(report: SyncReport, following: Following): SiteStatus {
  const { site, caughtUp, buckets, calls, bytesFetched, lagMs, alarms } = report;
  const listed = buckets.map((bucket) => bucket.listedMs);
  const isListed = listed.length > 0 && listed.every((ms) => ms !== undefined);
  const trouble = buckets.flatMap((bucket) =>
    Object.entries(bucket.trouble).map(([name, reason]) => [`gs://${bucket.bucket}/${name}`, reason]),
  );
  return {
    site,
    cloud: following.cloud,
    ...(following.buckets.length > 0 ? { buckets: following.buckets } : {}),
    caughtUp,
    backlog: sum(buckets.map((bucket) => bucket.backlog)),
    retiring: sum(buckets.map((bucket) => bucket.retiring)),
    ...(isListed ? { listedMs: Math.min(...listed.map((ms) => ms ?? 0)) } : {}),
    callsPerMinute: calls.perMinute,
    callsTotal: calls.total,
    bytesFetched,
    lagMs,
    alarms,
    trouble: Object.fromEntries(trouble.slice(0, TROUBLE_SHOWN_MAX)),
    tables: buckets.flatMap((bucket) => bucket.tables.map(tableStatus)),
  };
}

/** A gateway that follows nobody owns all it has: there is nothing to catch up with. */
export function ownerStatus(site: string): SiteStatus {
  return {
    site,
    caughtUp: true,
    backlog: 0,
    retiring: 0,
    callsPerMinute: 0,
    callsTotal: 0,
    bytesFetched: 0,
    lagMs: { last: 0, p50: 0, p99: 0, max: 0, count: 0 },
    alarms: [],
    trouble: {},
    tables: [],
  };
}

type TableReport = SyncReport['buckets'][number]['tables'][number];

function tableStatus({ location, state, version, missing, reason, lagMs, ...rest }: TableReport): TableStatus {
  return {
    bucket: location.bucket,
    prefix: location.prefix,
    format: location.format,
    state,
    ...(version === undefined ? {} : { published: version }),
    publishedCount: rest.published,
    skippedCount: rest.skipped,
    lagCommits: rest.lagCommits,
    ...(lagMs === undefined ? {} : { lagMs }),
    missing: missing.slice(0, MISSING_SHOWN_MAX),
    ...(reason === undefined ? {} : { reason }),
    warnings: rest.warnings,
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
