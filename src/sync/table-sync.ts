/** One table: look at its log, gather the next version, publish it, wait, and again. */
import type { Bucket } from '../model/bucket.ts';
import { isStraitError } from '../model/errors.ts';
import { appliedState } from '../model/faces.ts';
import type { ObjectName } from '../model/ids.ts';
import { tableKey } from '../namespace/rows/keys.ts';
import { unchanged } from '../namespace/rows/references.ts';
import { decodeTable, encodeTable, type TableRow } from '../namespace/rows/sync-rows.ts';
import { Wake } from '../runtime/concurrency.ts';
import type { Row } from '../stores/metadata/port.ts';
import {
  type FileRef,
  type StepRange,
  type TableCursor,
  type TableFiles,
  type TableFormat,
  type TableLocation,
  TableLogError,
  type TableLook,
  type TableProblem,
  type TableStep,
  type TableVersion,
} from '../tables/port.ts';
import type { BucketSync } from './bucket-sync.ts';
import type { SyncDeps, SyncSettings } from './deps.ts';
import { readRows } from './faces.ts';
import { tableFiles } from './files.ts';
import { type Gathered, gather } from './gather.ts';
import { LagRecord, type LagSummary } from './lag-record.ts';
import { NAMES_PER_COMMIT, publishVersion, recoverSets } from './publish.ts';
import { candidateOrder, lateState, nextPollMs, type TableState } from './rules/choose-version.ts';
import { settleTable } from './settle.ts';
import type { Transfers } from './transfer.ts';

const CANDIDATES_MAX = 8;
const RETRY_MS = 250;
const LAGS_KEPT = 256;

/** What `status` says of a table. */
export interface TableReport {
  readonly location: TableLocation;
  readonly state: TableState;
  readonly version?: string;
  readonly missing: readonly ObjectName[];
  readonly reason?: string;
  readonly warnings: readonly string[];
  readonly published: number;
  readonly skipped: number;
  /** Commits the last look saw and did not publish yet. */
  readonly lagCommits: number;
  readonly lagMs?: LagSummary;
  readonly sourceMs?: number;
}

type Advance =
  | { readonly kind: 'current' }
  | { readonly kind: 'published' }
  | { readonly kind: 'late'; readonly missing: readonly ObjectName[] }
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'unresolved'; readonly reason: string };

export class TableSync {
  readonly location: TableLocation;
  readonly format: TableFormat;
  readonly #owner: BucketSync;
  readonly #wake = new Wake();
  readonly #applied: TableFiles;
  /** What readers see: for deciding what must not be retired. */
  readonly published: TableFiles;
  #row: Row | undefined;
  #table: TableRow;
  #state: TableState = 'current';
  #missing: readonly ObjectName[] = [];
  #reason: string | undefined;
  #warnings: readonly string[] = [];
  #lateSinceMs: number | undefined;
  #newsMs = 0;
  #probedMs = Number.NEGATIVE_INFINITY;
  readonly #lag = new LagRecord(LAGS_KEPT);
  /** Versions the last look saw and did not publish: their names are claimed. */
  #pending: readonly TableVersion[] = [];
  #hasLooked = false;
  /** Versions that were seen before the folder of `completedBefore` was last listed. */
  #trusted = new Set<string>();
  #signal = new AbortController().signal;

  constructor(owner: BucketSync, location: TableLocation, format: TableFormat) {
    this.#owner = owner;
    this.location = location;
    this.format = format;
    this.#applied = tableFiles(owner.deps, owner.transfers, { bucket: owner.bucket, face: 'applied' });
    this.published = tableFiles(owner.deps, owner.transfers, { bucket: owner.bucket, face: 'published' });
    this.#table = { format: format.name, published: 0, skipped: 0 };
  }

  get deps(): SyncDeps {
    return this.#owner.deps;
  }
  get settings(): SyncSettings {
    return this.#owner.settings;
  }
  get bucket(): Bucket {
    return this.#owner.bucket;
  }
  get transfers(): Transfers {
    return this.#owner.transfers;
  }
  get owner(): BucketSync {
    return this.#owner;
  }
  get files(): TableFiles {
    return this.#applied;
  }
  get cursor(): TableCursor | undefined {
    return this.#table.cursor;
  }
  get sourceMs(): number | undefined {
    return this.#table.sourceMs;
  }
  get state(): TableState {
    return this.#state;
  }
  get pending(): readonly TableVersion[] {
    return this.#pending;
  }
  /** True once the log has been read since the last news about a name of the table. */
  get hasLooked(): boolean {
    return this.#hasLooked;
  }

  /** Something about a name of this table changed. */
  notice(): void {
    this.#newsMs = this.deps.clock.nowMs();
    this.#hasLooked = false;
    this.#wake.ring();
  }

  report(): TableReport {
    const { cursor, sourceMs } = this.#table;
    return {
      location: this.location,
      state: this.#state,
      ...(cursor === undefined ? {} : { version: cursor.label }),
      missing: this.#missing,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      warnings: this.#warnings,
      published: this.#table.published,
      skipped: this.#table.skipped,
      lagCommits: this.#pending.filter(({ kind }) => kind === 'commit').length,
      ...(this.#lag.isEmpty ? {} : { lagMs: this.#lag.summary() }),
      ...(sourceMs === undefined ? {} : { sourceMs }),
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#newsMs = this.deps.clock.nowMs();
    while (!signal.aborted) {
      await this.#round(signal);
      await this.#wake.wait(this.deps.clock.sleep(this.#pauseMs(), signal));
    }
  }

  /** A version that is late is tried often at first; one that stays away asks the cloud less and less. */
  #pauseMs(): number {
    const isDone = this.#state === 'current' || this.#state === 'unresolved';
    const { tailPollMs, tailPollMaxMs } = this.settings;
    return nextPollMs(this.deps.clock.nowMs() - this.#newsMs, {
      tailPollMs: isDone ? tailPollMs : Math.min(RETRY_MS, tailPollMaxMs),
      tailPollMaxMs,
    });
  }

  /** One table's failure is its own: it is logged, shown in status, and tried again. */
  async #round(signal: AbortSignal): Promise<void> {
    try {
      if (this.#row === undefined) await this.#resume();
      await this.#owner.tableSlots.run(async () => {
        const isQuiet = this.#hasLooked && this.#state === 'current';
        if (!isQuiet) await this.#advanceAll(signal);
        if (!signal.aborted) await settleTable(this);
      });
      if (!signal.aborted) await this.#probe(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#row = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      this.#become('waiting', { reason });
      const table = `gs://${this.bucket.name}/${this.location.prefix}`;
      this.deps.logger.log('warn', 'table will be tried again', { table, reason });
      await this.deps.clock.sleep(RETRY_MS, signal);
    }
  }

  async #advanceAll(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#hasLooked = true;
      const advance = await this.#advance();
      if (signal.aborted) return;
      if (advance.kind === 'published') continue;
      if (advance.kind === 'current') this.#become('current', {});
      else if (advance.kind === 'late') this.#becomeLate(advance.missing);
      else if (advance.kind === 'broken') this.#become('held', { reason: advance.reason });
      else this.#become('unresolved', { reason: advance.reason });
      return;
    }
  }

  #become(state: TableState, why: { readonly reason?: string; readonly missing?: readonly ObjectName[] }): void {
    if (state !== this.#state) {
      const table = `gs://${this.bucket.name}/${this.location.prefix}`;
      const level = state === 'held' ? 'error' : 'info';
      this.deps.logger.log(level, 'table state changed', { table, from: this.#state, to: state, reason: why.reason });
    }
    this.#state = state;
    this.#reason = why.reason;
    this.#missing = why.missing ?? [];
    if (state === 'current' || state === 'unresolved') {
      this.#lateSinceMs = undefined;
      this.#pending = [];
    }
  }

  #becomeLate(missing: readonly ObjectName[]): void {
    const nowMs = this.deps.clock.nowMs();
    this.#lateSinceMs ??= nowMs;
    const state = lateState(this.#lateSinceMs, nowMs, this.settings.heldAfterMs);
    this.#become(state, { missing, reason: `${missing.length} file(s) of the next version are not at the source yet` });
  }

  async #advance(): Promise<Advance> {
    let look: TableLook;
    try {
      look = await this.#look();
    } catch (error) {
      return this.#problemOf(error);
    }
    this.#warnings = look.warnings;
    this.#pending = look.versions;
    if (look.problem?.kind === 'unresolved') return asAdvance(look.problem);
    if (look.versions.length === 0) return look.problem === undefined ? { kind: 'current' } : asAdvance(look.problem);
    try {
      return await this.#publishOne(look);
    } catch (error) {
      return this.#problemOf(error);
    }
  }

  /**
   * The versions after the cursor that can be told whole from broken: what their writer completed before them, and they
   * do not name, was listed after they were seen.
   */
  async #look(): Promise<TableLook> {
    const read = () => this.format.look(this.location, this.#applied, this.cursor);
    const look = await read();
    const folder = look.completedBefore ?? this.format.completedBefore?.(this.location);
    if (folder === undefined || look.versions.length === 0) return look;
    const seen = await this.#identities(look.versions);
    if (seen.every((identity) => this.#trusted.has(identity))) return look;
    await this.#owner.list(folder, this.#signal);
    this.#trusted = new Set(seen);
    const again = await read();
    const unseen = (await this.#identities(again.versions)).findIndex((identity) => !this.#trusted.has(identity));
    return unseen < 0 ? again : { ...again, versions: again.versions.slice(0, unseen), more: true };
  }

  /** One text per version, of its visibility object and that object's generation. */
  #identities(versions: readonly TableVersion[]): Promise<readonly string[]> {
    return Promise.all(
      versions.map(async ({ visibility }) => {
        const file = await this.#applied.stat(visibility);
        return `${visibility}#${file?.generation ?? ''}`;
      }),
    );
  }

  #problemOf(error: unknown): Advance {
    if (error instanceof TableLogError) return asAdvance(error.problem);
    if (isStraitError(error, 'objectNotFound')) return { kind: 'late', missing: [error.message] };
    if (isStraitError(error, 'checksumMismatch')) return { kind: 'broken', reason: error.message };
    throw error;
  }

  /** Publishes the best whole version of a look; says what the first one lacks when none is whole. */
  async #publishOne(look: TableLook): Promise<Advance> {
    let first: Advance | undefined;
    for (const index of candidateOrder(look.versions.length, CANDIDATES_MAX)) {
      const version = look.versions[index];
      if (version === undefined) continue;
      const range = { from: this.cursor, to: version };
      const step = await this.#step(range);
      let gathered = await this.#gather(step);
      if (gathered.kind === 'missing' && (await this.#owner.askSource(this.location, gathered.names))) {
        gathered = await this.#gather(await this.#step(range));
      }
      if (gathered.kind === 'whole') {
        this.#state = 'publishing';
        await this.#publish(look, { index, version, step, whole: gathered });
        return { kind: 'published' };
      }
      first ??=
        gathered.kind === 'missing'
          ? { kind: 'late', missing: gathered.names }
          : { kind: 'broken', reason: `${gathered.name}: ${gathered.message}` };
    }
    return lateUnlessAttachment(look, first);
  }

  /** Data that passes through has no rows here: it is the owner's to have, and no version waits for it. */
  async #step(range: StepRange): Promise<TableStep> {
    const step = await this.format.step(this.location, this.#applied, range);
    const isOurs = ({ name }: FileRef) => this.#owner.policyOf(name) !== 'pass-through';
    return { ...step, closure: () => only(step.closure(), isOurs) };
  }

  #gather(step: Parameters<typeof gather>[2]['step']): Promise<Gathered> {
    return gather(this.deps, this.transfers, {
      bucket: this.bucket,
      step,
      keepsBytes: (name) => this.#owner.policyOf(name) === 'keep',
      concurrency: this.settings.transferConcurrency,
      addedNamesMax: NAMES_PER_COMMIT,
    });
  }

  async #publish(
    look: TableLook,
    chosen: {
      readonly index: number;
      readonly version: TableVersion;
      readonly step: Parameters<typeof gather>[2]['step'];
      readonly whole: Extract<Gathered, { kind: 'whole' }>;
    },
  ): Promise<void> {
    const passed = look.versions.slice(0, chosen.index).filter(({ kind }) => kind === 'commit').length;
    const isCommit = chosen.version.kind === 'commit';
    const sourceMs = await this.#sourceTime(chosen.version.visibility);
    const next: TableRow = {
      ...this.#table,
      cursor: chosen.version.cursor,
      ...(isCommit ? { sourceMs } : {}),
      published: this.#table.published + (isCommit ? 1 : 0),
      skipped: this.#table.skipped + passed,
    };
    const outcome = await publishVersion(this.deps, {
      bucket: this.bucket,
      location: this.location,
      step: chosen.step,
      whole: chosen.whole,
      table: { row: this.#row, next },
      sourceMs,
    });
    await this.#load();
    if (outcome !== 'published') return;
    this.#newsMs = this.deps.clock.nowMs();
    if (!isCommit) return;
    const lagMs = Math.max(0, this.#newsMs - sourceMs);
    this.#lag.note(lagMs);
    this.#owner.noteLag(lagMs);
    this.deps.logger.log('info', 'commit published', {
      table: `gs://${this.bucket.name}/${this.location.prefix}`,
      version: chosen.version.cursor.label,
      lagMs,
      skipped: passed,
    });
  }

  async #sourceTime(name: ObjectName): Promise<number> {
    const [read] = await readRows(this.deps.metadata, this.bucket.id, [name]);
    const state = read?.faces === undefined ? undefined : appliedState(read.faces);
    return state?.updatedMs ?? this.deps.clock.nowMs();
  }

  /** From what is durable. A set that a failure left is ended first: a later one must not take its members. */
  async #resume(): Promise<void> {
    await recoverSets(this.deps, this.bucket, this.location);
    await this.#load();
  }

  /** Nothing of the log is shown any more: what comes under this prefix is another table, from its beginning. */
  async forget(): Promise<void> {
    const { cursor: _, sourceMs: _source, publishedMs: _published, ...rest } = this.#table;
    const key = tableKey(this.bucket.id, this.location.prefix);
    const writes = [{ kind: 'put' as const, key, value: encodeTable(rest) }];
    await this.deps.metadata.commit({ checks: [unchanged(key, this.#row)], writes });
    await this.#load();
    this.#hasLooked = false;
  }

  async #load(): Promise<void> {
    const [row] = await this.deps.metadata.get([tableKey(this.bucket.id, this.location.prefix)]);
    this.#row = row;
    if (row !== undefined) this.#table = decodeTable(row.value);
  }

  /** Asks the source the cheap questions that tell whether a newer version exists. */
  async #probe(signal: AbortSignal): Promise<void> {
    const nowMs = this.deps.clock.monotonicMs();
    if (this.#state === 'unresolved' || nowMs - this.#probedMs < this.settings.tailPollMs) return;
    this.#probedMs = nowMs;
    for (const probe of this.format.probes(this.location, this.cursor)) {
      if (signal.aborted) return;
      await this.#owner.probe(probe, signal);
    }
  }
}

async function* only<T>(items: AsyncIterable<T>, isWanted: (item: T) => boolean): AsyncGenerator<T> {
  for await (const item of items) if (isWanted(item)) yield item;
}

function asAdvance(problem: TableProblem): Advance {
  return problem.kind === 'unresolved'
    ? { kind: 'unresolved', reason: `no prefix or alias resolves ${problem.path}` }
    : { kind: 'broken', reason: `${problem.name}: ${problem.message}` };
}

/** A checkpoint that is still arriving is not lateness: the commits themselves are all visible. */
function lateUnlessAttachment(look: TableLook, first: Advance | undefined): Advance {
  const isLate = look.versions.some(({ kind }) => kind === 'commit');
  if (!isLate && first?.kind === 'late') return { kind: 'current' };
  return first ?? { kind: 'current' };
}
