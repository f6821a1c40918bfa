/**
 * Lifecycle rules at work (docs/protocols/lifecycle.md). A pass goes over all versions of a bucket, page by page; how
 * far it has come is a row, saved after what the page changed. A crash repeats a page, and what was done in it no
 * longer asks for anything. Every change is judged again by the rows its own transaction is about, so that whoever got
 * in between wins.
 */
import type { Bucket } from '../model/bucket.ts';
import { isStraitError } from '../model/errors.ts';
import type { Row } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { type Candidate, changeVersions, letOthersRun } from './lifecycle-changes.ts';
import { namesOf } from './listed-names.ts';
import { readVersion } from './object-access.ts';
import { decodeBucket } from './rows/bucket-row.ts';
import {
  allBuckets,
  allLifecycles,
  bucketKey,
  justAfter,
  lifecycleKey,
  newerNoncurrentOf,
  noncurrentOf,
  versionPlaceOf,
} from './rows/keys.ts';
import { decodeLifecycle, encodeLifecycle, type LifecycleRow } from './rows/lifecycle-row.ts';
import { unchanged } from './rows/references.ts';
import { judgeVersion, type LifecycleVersion, type ReadyRules, readyRules } from './rules/lifecycle-action.ts';
import { scanPages } from './scan-pages.ts';

const ROWS_PER_PAGE = 200;
/** Versions of one name that are counted to find how many are newer, when a rule asks for more than these. */
const COUNTED_MAX = 10_000;
/** Pages of one bucket before others have their turn. */
const PAGES_PER_VISIT = 20;
/** How long a turn goes on: other chores wait for its end. */
const TURN_MS = 500;
/** Buckets are looked through for rules this seldom while no pass is under way. */
const REST_MS = 30_000;
/** Pages without a change after which progress is saved nevertheless. */
const PAGES_PER_SAVE = 10;

export class ObjectLifecycle {
  readonly #deps: NamespaceDeps;
  readonly #everyMs: number;
  /** Where the round over all buckets goes on. */
  #from = allBuckets().start;
  #isUnderWay = false;
  #restUntilMs = 0;

  /** A pass over a bucket begins `everyMs` after the one before began, or when that is through. */
  constructor(deps: NamespaceDeps, everyMs: number) {
    this.#deps = deps;
    this.#everyMs = everyMs;
  }

  /** Goes on for a while with the buckets that are due. Answers how many versions were changed. */
  async turnOnce(signal: AbortSignal): Promise<number> {
    const { clock, metadata } = this.#deps;
    const startMs = clock.monotonicMs();
    if (startMs < this.#restUntilMs) return 0;
    let changed = 0;
    const isOver = () => signal.aborted || clock.monotonicMs() - startMs >= TURN_MS;
    const left = { start: this.#from, end: allBuckets().end };
    for await (const rows of scanPages(metadata, left, signal)) {
      const buckets = rows.map(({ value }) => decodeBucket(value));
      const progress = await metadata.get(buckets.map(({ id }) => lifecycleKey(id)));
      for (const [index, bucket] of buckets.entries()) {
        changed += await this.#visit(bucket, progress[index], isOver);
        this.#from = justAfter(bucketKey(bucket.name));
        if (isOver()) return changed;
      }
    }
    if (signal.aborted) return changed;
    await this.#forgetOthers(signal);
    this.#from = allBuckets().start;
    if (!this.#isUnderWay) this.#restUntilMs = startMs + Math.min(REST_MS, this.#everyMs);
    this.#isUnderWay = false;
    return changed;
  }

  /** One bucket's share of a turn. Rules that cannot be read, or a fault of one bucket, keep no other waiting. */
  async #visit(bucket: Bucket, row: Row | undefined, isOver: () => boolean): Promise<number> {
    const { settings, logger } = this.#deps;
    if (bucket.owner !== settings.site || bucket.settings['lifecycle'] === undefined) return 0;
    try {
      const visit = new Visit(this.#deps, bucket, row);
      const changed = visit.isDue(this.#everyMs) ? await visit.run(isOver) : 0;
      if (visit.isUnderWay) this.#isUnderWay = true;
      return changed;
    } catch (error) {
      if (!isStraitError(error)) throw error;
      logger.log('warn', 'lifecycle rules of a bucket wait', { bucket: bucket.name, error: error.message });
      return 0;
    }
  }

  /** Progress of buckets that have no rules any more, or are gone. */
  async #forgetOthers(signal: AbortSignal): Promise<void> {
    const { metadata } = this.#deps;
    for await (const rows of scanPages(metadata, allLifecycles(), signal)) {
      const buckets = await metadata.get(rows.map(({ value }) => bucketKey(decodeLifecycle(value).bucket)));
      for (const [index, row] of rows.entries()) {
        const found = buckets[index];
        const bucket = found && decodeBucket(found.value);
        const isOwn = bucket !== undefined && Buffer.compare(lifecycleKey(bucket.id), row.key) === 0;
        if (isOwn && bucket.settings['lifecycle'] !== undefined) continue;
        await metadata.commit({ checks: [unchanged(row.key, row)], writes: [{ kind: 'delete', key: row.key }] });
      }
    }
  }
}

/** A run over some pages of one bucket. */
class Visit {
  readonly #deps: NamespaceDeps;
  readonly #bucket: Bucket;
  readonly #rules: ReadyRules;
  readonly #key: Uint8Array;
  #saved: { readonly version: bigint } | undefined;
  #progress: LifecycleRow | undefined;

  constructor(deps: NamespaceDeps, bucket: Bucket, row: Row | undefined) {
    this.#deps = deps;
    this.#bucket = bucket;
    this.#rules = readyRules(bucket);
    this.#key = lifecycleKey(bucket.id);
    this.#saved = row;
    this.#progress = row && decodeLifecycle(row.value);
  }

  isDue(everyMs: number): boolean {
    const progress = this.#progress;
    return progress?.phase !== 'ended' || this.#deps.clock.nowMs() - progress.startedMs >= everyMs;
  }

  get isUnderWay(): boolean {
    return this.#progress !== undefined && this.#progress.phase !== 'ended';
  }

  async run(isOver: () => boolean): Promise<number> {
    let progress = this.#begun();
    let [changed, unsaved] = [0, 0];
    for (let pages = 0; pages < PAGES_PER_VISIT && progress.phase !== 'ended' && !isOver(); pages += 1) {
      const page: Page = await (progress.phase === 'live' ? this.#livePage(progress) : this.#noncurrentPage(progress));
      const count = await changeVersions(this.#deps, this.#bucket, page.candidates);
      await letOthersRun();
      changed += count;
      progress = page.next;
      unsaved = count > 0 ? PAGES_PER_SAVE : unsaved + 1;
      if (unsaved < PAGES_PER_SAVE) continue;
      if (!(await this.#save(progress))) return changed;
      unsaved = 0;
    }
    if (unsaved > 0) await this.#save(progress);
    return changed;
  }

  /** The pass that goes on, or a new one. */
  #begun(): LifecycleRow {
    if (this.#progress !== undefined && this.#progress.phase !== 'ended') return this.#progress;
    return { bucket: this.#bucket.name, startedMs: this.#deps.clock.nowMs(), phase: 'noncurrent' };
  }

  /** False when another process goes over the bucket too: it is left to that one. */
  async #save(progress: LifecycleRow): Promise<boolean> {
    const outcome = await this.#deps.metadata.commit({
      checks: [unchanged(this.#key, this.#saved)],
      writes: [{ kind: 'put', key: this.#key, value: encodeLifecycle(progress) }],
    });
    if (outcome.kind === 'conflict') return false;
    this.#saved = outcome;
    this.#progress = progress;
    this.#deps.crashPoints.reach('lifecycle.after-progress');
    return true;
  }

  /** From the last name to the first, and of a name from the newest version on: so that the newer ones are counted. */
  async #noncurrentPage(progress: LifecycleRow): Promise<Page> {
    const { start, end } = noncurrentOf(this.#bucket.id);
    const range = { start, end: progress.at ?? end };
    const { rows, newer } = await this.#deps.metadata.snapshot(async (view) => {
      const found = await view.scan(range, { limit: ROWS_PER_PAGE, reverse: true });
      const [first] = found;
      const limit = Math.min(this.#rules.newerVersionsMax, COUNTED_MAX);
      if (first === undefined || limit === 0) return { rows: found, newer: 0 };
      const counted = await view.scan(newerNoncurrentOf(versionPlaceOf('noncurrent', first.key)), { limit });
      return { rows: found, newer: counted.length };
    });
    const candidates: Candidate[] = [];
    let [name, count] = ['', newer];
    for (const [index, row] of rows.entries()) {
      const version = readVersion('noncurrent', versionPlaceOf('noncurrent', row.key), row);
      if (index > 0) count = version.name === name ? count + 1 : 0;
      name = version.name;
      const { generation } = version.state;
      const candidate = { name, generation, newerNoncurrent: count };
      // Whether a live version is newer too is found out when it comes to a change.
      const either = [count, count + 1].map((newerVersions) => ({ name, state: version.state, newerVersions }));
      if (await this.#isAsked(either)) candidates.push(candidate);
    }
    const last = rows.at(-1);
    const isThrough = last === undefined || rows.length < ROWS_PER_PAGE;
    return { candidates, next: isThrough ? phaseOf(progress, 'live') : { ...progress, at: last.key } };
  }

  async #livePage(progress: LifecycleRow): Promise<Page> {
    const start = progress.at === undefined ? new Uint8Array() : justAfter(progress.at);
    const listed = await this.#deps.metadata.snapshot((view) =>
      namesOf(view, this.#bucket).scan({ start }, ROWS_PER_PAGE),
    );
    const candidates: Candidate[] = [];
    for (const { name, state } of listed) {
      if (state !== undefined && (await this.#isAsked([{ name, state, newerVersions: 0 }]))) candidates.push({ name });
    }
    const last = listed.at(-1);
    const isThrough = last === undefined || listed.length < ROWS_PER_PAGE;
    return { candidates, next: isThrough ? phaseOf(progress, 'ended') : { ...progress, at: last.bytes } };
  }

  async #isAsked(versions: readonly Omit<LifecycleVersion, 'bucket'>[]): Promise<boolean> {
    if (this.#rules.hasPatterns) await letOthersRun();
    const nowMs = this.#deps.clock.nowMs();
    return versions.some((one) => judgeVersion(this.#rules, { bucket: this.#bucket, ...one }, nowMs) !== undefined);
  }
}

interface Page {
  readonly candidates: readonly Candidate[];
  readonly next: LifecycleRow;
}

function phaseOf({ bucket, startedMs }: LifecycleRow, phase: LifecycleRow['phase']): LifecycleRow {
  return { bucket, startedMs, phase };
}
