import type { HudiSnapshot } from '../formats/hudi-snapshot.ts';
import { HUDI_METADATA_TABLE } from '../formats/hudi-timeline.ts';
import { UnresolvedPathError } from '../formats/iceberg-snapshot.ts';
import {
  openTable,
  type SnapshotFile,
  type SnapshotFormat,
  snapshotControl,
  snapshotFiles,
  type TableSnapshot,
  versionLabel,
  versionOrder,
} from '../formats/snapshot.ts';
import { BrokenLogError, MissingFileError, type TableSource } from '../formats/source.ts';
import type { TableTruth } from '../replay/truth.ts';
import { type Download, type ListedObject, type SiteHttp, SiteUnavailableError } from './site-http.ts';

/** Where a table is and what it should hold. */
export interface CheckTarget {
  readonly table: string;
  readonly format: SnapshotFormat;
  readonly bucket: string;
  /** Ends in `/`. */
  readonly prefix: string;
  readonly pathAliases: readonly string[];
  /** The source's own history; without it only what the site itself promises is checked. */
  readonly truth: TableTruth | undefined;
}

export interface CheckReport {
  readonly table: string;
  /** Undefined while the site shows no version. */
  readonly version: string | undefined;
  /** True when the snapshot was walked whole; false when nothing had changed since the last whole walk. */
  readonly walked: boolean;
  /** Files of the snapshot, control files included. */
  readonly files: number;
  /** Bytes downloaded in this walk. */
  readonly bytes: number;
  /** Empty for a whole snapshot. */
  readonly broken: readonly string[];
  /** Why nothing can be said about the data now; counted apart from `broken`. */
  readonly unavailable: string | undefined;
  /** Iceberg paths that resolve nowhere: the table is plain objects at this site. */
  readonly unresolved: string | undefined;
  /** What was opened, for counting its rows. */
  readonly snapshot: TableSnapshot | undefined;
}

/** Where a change of version shows. */
const LOG_PREFIX: Readonly<Record<SnapshotFormat, string>> = {
  delta: '_delta_log/',
  iceberg: 'metadata/',
  hudi: '.hoodie/',
  directory: '',
};
const MARKER = '_SUCCESS';
const WALKS_MAX = 5;
const PARALLEL_DOWNLOADS = 4;
/** Contents of control files kept between walks. */
const CONTROL_CACHE_BYTES = 64 * 1024 * 1024;

/**
 * A reader of one table at one site that trusts nothing: HTTP alone, its own parsers. It opens the newest version,
 * reads every file of it and compares size and CRC32C with the listing, the answer's header and the source. It
 * remembers the highest version and hint it has seen here: going back is broken too.
 */
export class CheckingReader {
  readonly target: CheckTarget;
  readonly #site: SiteHttp;
  /** Name → generation whose bytes were read and found right. */
  readonly #verified = new Map<string, string>();
  readonly #control = new Map<string, Download>();
  #controlBytes = 0;
  #listed = new Map<string, ListedObject>();
  #highestOrder = '';
  #highestLabel = '';
  #highestHint = -1;
  /** The last walk, if it was clean: its report, and the log's names and generations before it. */
  #clean: { readonly report: CheckReport; readonly log: string } | undefined;
  #bytes = 0;

  constructor(site: SiteHttp, target: CheckTarget) {
    this.#site = site;
    this.target = target;
  }

  /** Forgets verified contents, so that the next walk downloads every file again. */
  forget(): void {
    this.#verified.clear();
    this.#control.clear();
    this.#controlBytes = 0;
    this.#clean = undefined;
  }

  /**
   * One walk. With `onlyNew`, the table is not walked again while its log is, name by name and generation by
   * generation, what it was before the last clean walk.
   */
  async check(onlyNew = false): Promise<CheckReport> {
    this.#bytes = 0;
    try {
      // Taken before anything is opened: whatever changes from here on shows as a difference next time.
      const log = await this.#logState();
      const clean = this.#clean;
      if (onlyNew && clean?.log === log) return { ...clean.report, walked: false, bytes: 0 };
      this.#clean = undefined;
      for (let walks = 1; ; walks += 1) {
        if (walks > 1) this.#listed = new Map();
        const snapshot = await this.#open(undefined);
        if (snapshot === undefined || isEmptyDirectory(snapshot)) return this.#noVersion();
        const opened = this.#listed;
        const broken = this.#wentBack(snapshot, versionLabel(snapshot), versionOrder(snapshot));
        const report = await this.#walk(snapshot, broken);
        if (report.broken.length === 0) this.#clean = { report, log };
        else if (walks < WALKS_MAX && (await this.#wasOvertaken(snapshot, opened))) continue;
        return report;
      }
    } catch (error) {
      return this.#failed(error);
    }
  }

  /**
   * Walks an older version, as a reader who resolved it earlier would. A site that went past a version without showing
   * it need not have its files: what is missing then is no promise broken.
   */
  async checkOlder(label: string): Promise<CheckReport> {
    this.#bytes = 0;
    this.#listed = new Map();
    try {
      const snapshot = await this.#open(label);
      return snapshot === undefined ? this.#report({}) : await this.#walk(snapshot, []);
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #open(at: string | undefined): Promise<TableSnapshot | undefined> {
    const { format, bucket, prefix, pathAliases } = this.target;
    const place = { format, root: `gs://${bucket}/${prefix}`, pathAliases };
    return await openTable(this.#source(), at === undefined ? place : { ...place, at });
  }

  async #logState(): Promise<string> {
    this.#listed = new Map();
    await this.#relist(LOG_PREFIX[this.target.format]);
    return [...this.#listed].map(([name, { generation }]) => `${name}#${generation}`).join('\n');
  }

  #noVersion(): CheckReport {
    const broken = this.#highestLabel === '' ? [] : [`no version is readable; ${this.#highestLabel} was seen before`];
    return this.#report({ broken });
  }

  #failed(error: unknown): CheckReport {
    if (error instanceof SiteUnavailableError) return this.#report({ unavailable: error.message });
    if (error instanceof UnresolvedPathError) return this.#report({ unresolved: error.message });
    if (error instanceof MissingFileError || error instanceof BrokenLogError) {
      return this.#report({ broken: [error.message] });
    }
    throw error;
  }

  #report(part: Partial<CheckReport>): CheckReport {
    const nothing = { version: undefined, walked: false, files: 0, broken: [], unavailable: undefined };
    const empty = { ...nothing, unresolved: undefined, snapshot: undefined };
    return { table: this.target.table, ...empty, bytes: this.#bytes, ...part };
  }

  async #walk(snapshot: TableSnapshot, found: readonly string[]): Promise<CheckReport> {
    const label = versionLabel(snapshot);
    const files = this.#filesOf(snapshot);
    const unlike = this.#unlikeTruth(snapshot, label);
    // Listed afresh now that the version is resolved: every file of it must be there.
    this.#listed = new Map();
    await this.#relist('');
    const broken = [...found, ...unlike, ...(await this.#verifyAll(files))];
    return this.#report({ version: label, snapshot, walked: true, files: files.length, broken });
  }

  /**
   * Some names are not kept for whoever resolved a version: a restore takes Hudi instants back with its commit, nobody
   * needs archived ones, and a plain folder is what it lists. A walk they were taken from is made again.
   */
  async #wasOvertaken(snapshot: TableSnapshot, opened: ReadonlyMap<string, ListedObject>): Promise<boolean> {
    if (snapshot.format !== 'hudi' && snapshot.format !== 'directory') return false;
    this.#listed = new Map();
    await this.#relist('');
    const now = this.#listed;
    if (snapshot.format === 'hudi') return snapshot.control.some((name) => opened.has(name) && !now.has(name));
    const markers = snapshot.files.filter((name) => name.endsWith(MARKER));
    return markers.some((name) => opened.get(name)?.generation !== now.get(name)?.generation);
  }

  #wentBack(snapshot: TableSnapshot, label: string, order: string): string[] {
    const broken: string[] = [];
    if (order < this.#highestOrder) broken.push(`version ${label} is older than ${this.#highestLabel}, seen before`);
    else [this.#highestOrder, this.#highestLabel] = [order, label];
    const hint = hintOf(snapshot);
    if (hint !== undefined && hint < this.#highestHint) {
      broken.push(`the hint went back from ${this.#highestHint} to ${hint}`);
    }
    this.#highestHint = Math.max(this.#highestHint, hint ?? -1);
    return broken;
  }

  #filesOf(snapshot: TableSnapshot): readonly SnapshotFile[] {
    const files = new Map<string, SnapshotFile>();
    for (const name of snapshotControl(snapshot)) files.set(name, { name, size: undefined });
    for (const file of snapshotFiles(snapshot)) {
      if (files.get(file.name)?.size === undefined) files.set(file.name, file);
    }
    const truth = this.target.truth?.versions.get(versionLabel(snapshot));
    // A Hudi version and its metadata table appear at one instant, so every control file of the source must be there.
    if (snapshot.format === 'hudi') {
      for (const name of truth?.control ?? []) {
        if (!files.has(name) && !isArchived(snapshot, name)) files.set(name, { name, size: undefined });
      }
    }
    return [...files.values()];
  }

  #unlikeTruth(snapshot: TableSnapshot, label: string): readonly string[] {
    const { truth } = this.target;
    if (truth === undefined) return [];
    const expected = truth.versions.get(label);
    if (expected === undefined) return [`the source never had a version ${label}`];
    const live = new Set(snapshotFiles(snapshot).map((file) => file.name));
    if (snapshot.format === 'directory') return mixedFolders(live, truth.folderStates);
    const missing = [...expected.files.difference(live)].map(
      (name) => `${name}: live at the source in ${label}, not here`,
    );
    const extra = [...live.difference(expected.files)].map(
      (name) => `${name}: live here in ${label}, not at the source`,
    );
    return [...missing, ...extra];
  }

  async #verifyAll(files: readonly SnapshotFile[]): Promise<readonly string[]> {
    const broken: string[] = [];
    const queue = files.values();
    const work = async () => {
      for (const file of queue) {
        const problem = await this.#verify(file);
        if (problem !== undefined) broken.push(`${file.name}: ${problem}`);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_DOWNLOADS }, work));
    return broken;
  }

  /** What is wrong with a file, if anything. Verified generations are not read again, but must still be listed. */
  async #verify(file: SnapshotFile): Promise<string | undefined> {
    const listed = this.#listed.get(file.name);
    if (listed !== undefined && this.#verified.get(file.name) === listed.generation) return undefined;
    const read = this.#control.get(file.name);
    let download = read?.generation === listed?.generation ? read : undefined;
    try {
      download ??= await this.#download(file.name, false);
    } catch (error) {
      if (error instanceof MissingFileError) return listed === undefined ? '404' : '404, though it is listed';
      throw error;
    }
    if (listed === undefined) return 'is not listed, though it can be read';
    const problem = this.#differs(file, listed, download);
    if (problem === undefined) this.#verified.set(file.name, download.generation);
    return problem;
  }

  #differs(file: SnapshotFile, listed: ListedObject, download: Download): string | undefined {
    if (download.statedCrc32c !== download.crc32c) {
      return `bytes have CRC32C ${download.crc32c}, the answer says ${download.statedCrc32c ?? 'nothing'}`;
    }
    // A file rewritten between the listing and the download is compared with the source only.
    if (listed.generation === download.generation) {
      if (listed.size !== download.size) return `has ${download.size} bytes, the listing says ${listed.size}`;
      if (listed.crc32c !== download.crc32c) return `has CRC32C ${download.crc32c}, the listing says ${listed.crc32c}`;
    }
    const source = this.target.truth?.contents.get(file.name);
    if (source === undefined) {
      const isOtherSize = file.size !== undefined && file.size !== download.size;
      return isOtherSize ? `has ${download.size} bytes, the log says ${file.size}` : undefined;
    }
    const same = source.some((one) => one.crc32c === download.crc32c && one.size === download.size);
    return same ? undefined : `${download.size} bytes with CRC32C ${download.crc32c} are not the source's`;
  }

  async #relist(prefix: string): Promise<readonly string[]> {
    const { bucket, prefix: root } = this.target;
    const objects = (await this.#site.list(bucket, `${root}${prefix}`)) ?? [];
    const names = objects.map((object) => object.name.slice(root.length));
    for (const [index, object] of objects.entries()) this.#listed.set(names[index] ?? '', object);
    return names;
  }

  /** The parser's window on the site. Control files whose listed generation is known are not downloaded again. */
  #source(): TableSource {
    return {
      list: (prefix) => this.#relist(prefix),
      read: async (name) => {
        const cached = this.#control.get(name);
        if (cached?.bytes !== undefined && cached.generation === this.#listed.get(name)?.generation)
          return cached.bytes;
        const download = await this.#download(name, true);
        if (download.statedCrc32c !== download.crc32c) {
          throw new BrokenLogError(name, `bytes have CRC32C ${download.crc32c}, the answer says otherwise`);
        }
        this.#remember(name, download);
        return download.bytes ?? new Uint8Array();
      },
    };
  }

  async #download(name: string, keep: boolean): Promise<Download> {
    try {
      const download = await this.#site.download(this.target.bucket, `${this.target.prefix}${name}`, keep);
      this.#bytes += download.size;
      return download;
    } catch (error) {
      throw error instanceof MissingFileError ? new MissingFileError(name) : error;
    }
  }

  #remember(name: string, download: Download): void {
    this.#controlBytes += download.size - (this.#control.get(name)?.size ?? 0);
    this.#control.set(name, download);
    for (const [oldest, { size }] of this.#control) {
      if (this.#controlBytes <= CONTROL_CACHE_BYTES) break;
      this.#control.delete(oldest);
      this.#controlBytes -= size;
    }
  }
}

/**
 * A plain directory fills name by name, but a `_SUCCESS` marker promises that its folder is whole: what it held after
 * one job, with nothing of another.
 */
function mixedFolders(live: ReadonlySet<string>, states: readonly ReadonlySet<string>[]): readonly string[] {
  const marked = [...live].filter((name) => name === '_SUCCESS' || name.endsWith('/_SUCCESS'));
  return marked.flatMap((marker) => {
    const folder = marker.slice(0, -'_SUCCESS'.length);
    const within = (names: ReadonlySet<string>) => new Set([...names].filter((name) => name.startsWith(folder)));
    const here = within(live);
    const unlike = states.map((state) => [...within(state).symmetricDifference(here)]);
    if (unlike.some((names) => names.length === 0)) return [];
    const [nearest = []] = unlike.toSorted((one, other) => one.length - other.length);
    return nearest.map((name) => `${name}: ${here.has(name) ? 'too much' : 'missing'} beside ${marker}`);
  });
}

/** The source has archived more by now than it had at this version. */
function isArchived({ control }: HudiSnapshot, name: string): boolean {
  const leafOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  const instants = control.filter((each) => /^\d/.test(leafOf(each)) && !each.startsWith(HUDI_METADATA_TABLE));
  const oldest = instants.map(leafOf).toSorted()[0] ?? '';
  return !name.startsWith(HUDI_METADATA_TABLE) && /^\d/.test(leafOf(name)) && leafOf(name) < oldest;
}

function isEmptyDirectory(snapshot: TableSnapshot): boolean {
  return snapshot.format === 'directory' && snapshot.files.length === 0;
}

function hintOf(snapshot: TableSnapshot): number | undefined {
  if (snapshot.format === 'delta') return snapshot.hint?.version;
  return snapshot.format === 'iceberg' ? snapshot.hint : undefined;
}
