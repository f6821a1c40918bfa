import type { Clock } from '../../../runtime/clock.ts';
import type { PreparedTable } from '../demo-tables.ts';
import { CheckingReader, type CheckReport } from './checking-reader.ts';
import { SiteHttp } from './site-http.ts';

/** What the checking reader of one table has seen at one site so far. */
export interface FollowedTable {
  readonly table: PreparedTable;
  /** The newest version seen, and which commit of the replay that is (1 for the first); 0 before any. */
  readonly version: string | undefined;
  readonly position: number;
  /** Whole walks. */
  readonly opened: number;
  /** Versions that were walked whole at least once, with when each was first seen (milliseconds since the epoch). */
  readonly versions: ReadonlyMap<string, number>;
  /** Walks that found something broken, and the first few findings. */
  readonly broken: number;
  readonly findings: readonly string[];
  /** Walks the site gave no answer for. */
  readonly unavailable: number;
  readonly bytes: number;
}

export interface FollowerSettings {
  /** Rest between rounds over all tables. */
  readonly pauseMs: number;
  /** Every so many rounds an unchanged version is walked again: its files must still be there. */
  readonly rewalkRounds: number;
}

export const FOLLOWER_DEFAULTS: FollowerSettings = { pauseMs: 100, rewalkRounds: 20 };
const FINDINGS_MAX = 20;
/** Versions between two looks that are opened after all: more only come at once when a run starts on kept data. */
const PASSED_MAX = 20;

interface Followed {
  readonly reader: CheckingReader;
  readonly positions: ReadonlyMap<string, number>;
  state: FollowedTable;
}

/** Opens the newest version of every table at one site, again and again, and keeps the record. */
export class SiteFollower {
  readonly name: string;
  readonly site: SiteHttp;
  readonly #clock: Clock;
  readonly #settings: FollowerSettings;
  readonly #followed: readonly Followed[];

  constructor(
    clock: Clock,
    site: { readonly name: string; readonly url: string; readonly bucket: string },
    tables: readonly PreparedTable[],
    settings: FollowerSettings = FOLLOWER_DEFAULTS,
  ) {
    this.#clock = clock;
    this.name = site.name;
    this.site = new SiteHttp(site.url);
    this.#settings = settings;
    this.#followed = tables.map((table) => ({
      reader: new CheckingReader(this.site, {
        table: table.table.name,
        format: table.plan.format,
        bucket: site.bucket,
        prefix: table.prefix,
        pathAliases: table.table.pathAliases,
        truth: table.truth,
      }),
      positions: new Map(table.plan.steps.map((step, index) => [step.label, index + 1])),
      state: nothingSeen(table),
    }));
  }

  tables(): readonly FollowedTable[] {
    return this.#followed.map((one) => one.state);
  }

  /** True when every table is at its last version. */
  get atEnd(): boolean {
    return this.#followed.every(({ state }) => state.position === state.table.plan.steps.length);
  }

  async run(signal: AbortSignal): Promise<void> {
    for (let round = 1; !signal.aborted; round += 1) {
      const rewalk = round % this.#settings.rewalkRounds === 0;
      for (const followed of this.#followed) {
        if (signal.aborted) break;
        await this.#check(followed, !rewalk);
      }
      await this.#clock.sleep(this.#settings.pauseMs, signal);
    }
  }

  /** Reads every file of every table afresh. */
  async finalWalk(): Promise<readonly CheckReport[]> {
    const reports: CheckReport[] = [];
    for (const followed of this.#followed) {
      followed.reader.forget();
      reports.push(await this.#check(followed, false));
    }
    return reports;
  }

  async close(): Promise<void> {
    await this.site.close();
  }

  async #check(followed: Followed, onlyNew: boolean): Promise<CheckReport> {
    const report = await followed.reader.check(onlyNew);
    const position = followed.positions.get(report.version ?? '') ?? 0;
    const older = await this.#openPassed(followed, position);
    this.#note(followed, report);
    const { state } = followed;
    const versions = new Map(state.versions);
    for (const { version = '' } of older) versions.set(version, this.#clock.nowMs());
    if (older.length > 0) followed.state = { ...state, versions, opened: state.opened + older.length };
    return report;
  }

  /** Versions that came and went between two looks: whoever resolved one then still finds all of it. */
  async #openPassed({ reader, state }: Followed, position: number): Promise<readonly CheckReport[]> {
    const passed = state.table.plan.steps.slice(state.position, Math.max(0, position - 1)).slice(-PASSED_MAX);
    const reports: CheckReport[] = [];
    for (const { label } of passed) {
      const report = await reader.checkOlder(label);
      if (report.walked && report.broken.length === 0) reports.push(report);
    }
    return reports;
  }

  #note(followed: Followed, report: CheckReport): void {
    const { state } = followed;
    const { version } = report;
    const isFirst = version !== undefined && report.walked && !state.versions.has(version);
    const versions = isFirst ? new Map(state.versions).set(version, this.#clock.nowMs()) : state.versions;
    const isBroken = report.broken.length > 0;
    const findings = isBroken ? report.broken.map((one) => `${version ?? 'no version'}: ${one}`) : [];
    followed.state = {
      ...state,
      version: version ?? state.version,
      position: version === undefined ? state.position : (followed.positions.get(version) ?? 0),
      opened: state.opened + (report.walked ? 1 : 0),
      versions,
      broken: state.broken + (isBroken ? 1 : 0),
      findings: [...state.findings, ...findings].slice(0, FINDINGS_MAX),
      unavailable: state.unavailable + (report.unavailable === undefined ? 0 : 1),
      bytes: state.bytes + report.bytes,
    };
  }
}

function nothingSeen(table: PreparedTable): FollowedTable {
  const counts = { opened: 0, broken: 0, unavailable: 0, bytes: 0, position: 0 };
  return { table, version: undefined, versions: new Map(), findings: [], ...counts };
}
