/**
 * What a site says of itself at `GET /admin/v1/status`, for `strait status`, the demo and monitoring. JSON: numbers are
 * plain, times are milliseconds since the epoch, an absent field is unknown or does not apply.
 */
export interface SiteStatus {
  readonly site: string;
  /** The endpoint this site follows; absent for a gateway of its own, which is always caught up. */
  readonly cloud?: string;
  /**
   * Every table is at the newest complete commit of the last full listing, nothing waits or is held, and no name is
   * left to apply. False until the first full listing has ended.
   */
  readonly caughtUp: boolean;
  /** When the last full listing of every followed bucket began. */
  readonly listedMs?: number;
  /** Names whose newest state is not published yet, or whose bytes are still wanted. */
  readonly backlog: number;
  /** Calls to the cloud in the last minute: GCS bills them. */
  readonly callsPerMinute: number;
  /** What someone should look at, in words: a full disk, a held table, a cloud that does not answer. */
  readonly alarms: readonly string[];
  readonly tables: readonly TableStatus[];
}

/**
 * `current`: at the newest complete commit. `publishing`: on its way there. `waiting`: the next commit's files are not
 * all there yet. `held`: for longer than `heldAfterMs`, or the log is broken. `unresolved`: mirrored as plain objects.
 */
export type TableState = 'current' | 'publishing' | 'waiting' | 'held' | 'unresolved';

export interface TableStatus {
  readonly bucket: string;
  /** Ends in `/`, or is empty for a bucket that is one table. */
  readonly prefix: string;
  readonly format: string;
  readonly state: TableState;
  /** The commit readers see here; absent before the first publish. */
  readonly published?: string;
  /** The newest commit known at the cloud. */
  readonly newest?: string;
  /** Commits known at the cloud that are not published here. */
  readonly lagCommits: number;
  /** Of commits published since this process started: publish time − the cloud's time of the visibility object. */
  readonly lagMs?: { readonly last: number; readonly p50: number; readonly p99: number; readonly count: number };
  /** Names a waiting or held commit misses: the first few. */
  readonly missing: readonly string[];
  /** Why it is held or unresolved, in words. */
  readonly reason?: string;
}
