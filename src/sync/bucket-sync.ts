/** One bucket: listings and questions become facts, facts wake tables, plain names are mirrored one by one. */
import type { Bucket } from '../model/bucket.ts';
import { isStraitError } from '../model/errors.ts';
import { appliedState } from '../model/faces.ts';
import type { ObjectName } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import { tableKey, tablePrefixOf, tablesOf } from '../namespace/rows/keys.ts';
import { decodeTable, encodeTable } from '../namespace/rows/sync-rows.ts';
import type { RemoteObject } from '../remotes/port.ts';
import { forEachBounded, Semaphore, Wake } from '../runtime/concurrency.ts';
import type { TableFormat, TableLocation, TailProbe } from '../tables/port.ts';
import { applyFacts, type NamedFact } from './apply.ts';
import type { SyncDeps, SyncSettings } from './deps.ts';
import { afterNames, scanRows } from './faces.ts';
import { FactOrder } from './fact-order.ts';
import { recoverSets } from './publish.ts';
import { isSameVersion } from './rules/apply-fact.ts';
import { type Policy, policyOf, policyUnderPressure } from './rules/policy.ts';
import { backlogItems, listPlain, retire } from './settle.ts';
import { TableSync } from './table-sync.ts';
import type { Transfers } from './transfer.ts';

const PAGE = 1000;
const ASK_CONCURRENCY = 8;
/** Beyond this many unknown names one listing of the prefix is cheaper than asking name by name. */
const ASK_NAMES_MAX = 64;
const TABLES_AT_ONCE = 8;
const PLAIN_PAUSE_MS = 1_000;

export interface BucketShared {
  readonly deps: SyncDeps;
  readonly settings: SyncSettings;
  readonly transfers: Transfers;
  readonly noteLag: (lagMs: number) => void;
  /** The disk is nearly full or the site's share is used up. */
  readonly isPressed: () => boolean;
}

export class BucketSync {
  readonly bucket: Bucket;
  readonly deps: SyncDeps;
  readonly settings: SyncSettings;
  readonly transfers: Transfers;
  readonly tableSlots = new Semaphore(TABLES_AT_ONCE);
  readonly tables = new Map<ObjectName, TableSync>();
  readonly #shared: BucketShared;
  readonly #plainWake = new Wake();
  readonly #running = new Set<Promise<void>>();
  readonly #order = new FactOrder();
  /** One answer of the source is applied at a time: whoever waits for its own then sees all before it. */
  readonly #applying = new Semaphore(1);
  /** Objects that could not be brought in this round over the backlog, and in the one before. */
  #trouble = new Map<string, string>();
  #lastTrouble: ReadonlyMap<string, string> = new Map();
  /** Why the last listing failed. */
  #listTrouble: string | undefined;
  #listedMs: number | undefined;
  #signal: AbortSignal | undefined;

  constructor(shared: BucketShared, bucket: Bucket) {
    this.#shared = shared;
    this.bucket = bucket;
    this.deps = shared.deps;
    this.settings = shared.settings;
    this.transfers = shared.transfers;
  }

  /** When the last complete listing began; undefined before the first. */
  get listedMs(): number | undefined {
    return this.#listedMs;
  }
  /** By name; what is wrong with the bucket itself under the empty name. */
  get trouble(): ReadonlyMap<string, string> {
    const all = new Map([...this.#lastTrouble, ...this.#trouble]);
    return this.#listTrouble === undefined ? all : all.set('', this.#listTrouble);
  }

  /** Trouble that came again: a passing fault is not worth anybody's attention, a full disk is. */
  get lastingTrouble(): ReadonlyMap<string, string> {
    return new Map([...this.#trouble].filter(([name]) => this.#lastTrouble.has(name)));
  }

  noteLag(lagMs: number): void {
    this.#shared.noteLag(lagMs);
  }

  noteTrouble(name: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#trouble.size < 1000) this.#trouble.set(name, reason);
    this.deps.logger.log('warn', 'object will be tried again', { bucket: this.bucket.name, name, reason });
  }

  policyOf(name: ObjectName): Policy {
    return policyUnderPressure(policyOf(this.settings.policies, this.bucket.name, name), this.#shared.isPressed());
  }

  /**
   * Control names of tables are never read through; kept names are local before they are listed, but for those whose
   * bytes are under a customer's key: they can be had with a reader's key alone.
   */
  isLocalBeforeListed(name: ObjectName, { encryption }: Pick<ObjectState, 'encryption'>): boolean {
    const table = this.tableOf(name);
    if (table?.format.isControl(table.location, name) === true) return true;
    return this.policyOf(name) === 'keep' && encryption?.kind !== 'customer';
  }

  /** The table with the longest prefix of `name`. */
  tableOf(name: ObjectName): TableSync | undefined {
    for (let at = name.lastIndexOf('/'); at >= 0; at = name.lastIndexOf('/', at - 1)) {
      const table = this.tables.get(name.slice(0, at + 1));
      if (table !== undefined) return table;
      if (at === 0) break;
    }
    return this.tables.get('');
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await recoverSets(this.deps, this.bucket);
    await this.#loadTables(signal);
    await Promise.all([this.#listLoop(signal), this.#plainLoop(signal)]);
    await Promise.all(this.#running);
  }

  async #loadTables(signal: AbortSignal): Promise<void> {
    let range = tablesOf(this.bucket.id);
    for (;;) {
      const rows = await this.deps.metadata.scan(range, { limit: PAGE });
      for (const row of rows) this.#start(tablePrefixOf(row.key), decodeTable(row.value).format, signal);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      range = { start: Buffer.concat([last.key, Buffer.alloc(1)]), end: range.end };
    }
  }

  #start(prefix: ObjectName, formatName: string, signal: AbortSignal): void {
    const format = this.deps.formats.find(({ name }) => name === formatName);
    if (format === undefined || this.tables.has(prefix)) return;
    const table = new TableSync(this, this.#location(prefix, format), format);
    this.tables.set(prefix, table);
    const running = table.run(signal).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #location(prefix: ObjectName, format: TableFormat): TableLocation {
    const alias = this.settings.pathAliases.find(
      (entry) => entry.bucket === this.bucket.name && entry.prefix === prefix,
    );
    const location = { bucket: this.bucket.name, prefix, format: format.name };
    return alias === undefined ? location : { ...location, pathAliases: alias.aliases };
  }

  async #listLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedMs = this.deps.clock.monotonicMs();
      const listedMs = this.deps.clock.nowMs();
      try {
        await this.list('', signal);
        if (!signal.aborted) this.#listedMs = listedMs;
        this.#listTrouble = undefined;
        await this.transfers.dropUnwanted(this.bucket, signal);
        this.#plainWake.ring();
      } catch (error) {
        if (signal.aborted) return;
        this.#listTrouble = error instanceof Error ? error.message : String(error);
        this.deps.logger.log('warn', 'bucket cannot be listed', {
          bucket: this.bucket.name,
          reason: this.#listTrouble,
        });
      }
      const spentMs = this.deps.clock.monotonicMs() - startedMs;
      await this.deps.clock.sleep(Math.max(0, this.settings.reconcileMs - spentMs), signal);
    }
  }

  /**
   * Lists a prefix at the source and brings what differs into the rows. Pages and rows are merged in name order. When
   * it resolves, all that the source had when it was called is applied.
   */
  async list(prefix: ObjectName, signal: AbortSignal): Promise<boolean> {
    let changed = false;
    let from = prefix;
    let pageToken: string | undefined;
    do {
      const token = pageToken === undefined ? {} : { pageToken };
      const request = { ...(prefix === '' ? {} : { prefix }), ...token, maxResults: PAGE };
      const news = await this.#told(
        () => this.deps.remote.listObjects(this.bucket.name, request, signal),
        async ({ objects, nextPageToken }) => {
          pageToken = nextPageToken;
          const last = objects.at(-1);
          if (nextPageToken !== undefined && last === undefined) return [];
          const end = nextPageToken === undefined ? afterNames(prefix) : `${last?.name}\0`;
          const facts = await this.#differences(objects, { start: from, ...(end === undefined ? {} : { end }) });
          if (end !== undefined) from = end;
          return facts;
        },
      );
      changed = news || changed;
    } while (pageToken !== undefined && !signal.aborted);
    return changed;
  }

  /** What a page says of its range of names that the rows do not say. */
  async #differences(
    objects: readonly RemoteObject[],
    range: { readonly start: ObjectName; readonly end?: ObjectName },
  ): Promise<NamedFact[]> {
    const unseen = new Map(objects.map((object) => [object.name, object]));
    const facts: NamedFact[] = [];
    let { start } = range;
    for (;;) {
      const rows = await scanRows(this.deps.metadata, this.bucket.id, { ...range, start, limit: PAGE });
      for (const { place, faces } of rows) {
        const remote = unseen.get(place.leaf);
        unseen.delete(place.leaf);
        const known = faces === undefined ? undefined : appliedState(faces);
        if (remote !== undefined && (known === undefined || !isSameVersion(known, remote.state))) {
          facts.push({ name: place.leaf, fact: remote.state });
        } else if (remote === undefined && known !== undefined) {
          facts.push({ name: place.leaf, fact: 'gone' });
        }
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      start = `${last.place.leaf}\0`;
    }
    for (const { name, state } of unseen.values()) facts.push({ name, fact: state });
    return facts;
  }

  /**
   * Asks the source and applies what it says. Answers are applied one at a time; of a name whose other news crossed
   * this answer, the source is asked again.
   */
  async #told<T>(ask: () => Promise<T>, factsOf: (answer: T) => Promise<readonly NamedFact[]>): Promise<boolean> {
    const asked = this.#order.ask();
    try {
      const answer = await ask();
      const { changed, doubtful } = await this.#applying.run(async () => {
        const facts = await factsOf(answer);
        const doubtful = facts.filter(({ name }) => this.#order.isInDoubt(name, asked));
        const changed = await this.#apply(facts.filter(({ name }) => !this.#order.isInDoubt(name, asked)));
        this.#order.noteArrival(changed);
        return { changed, doubtful };
      });
      const again = doubtful.length > 0 && (await this.askNames(doubtful.map(({ name }) => name)));
      return changed.length > 0 || again;
    } finally {
      this.#order.done(asked);
    }
  }

  /** Facts into rows; tables proved by new names are known before any of their names could be taken for plain. */
  async #apply(facts: readonly NamedFact[]): Promise<readonly ObjectName[]> {
    const wanted = facts.filter(({ name }) => this.policyOf(name) !== 'pass-through');
    for (const { name, fact } of wanted) if (fact !== 'gone') await this.#recognise(name);
    const noteTrouble = (name: ObjectName, error: unknown) => this.noteTrouble(name, error);
    const changed = await applyFacts(this.deps, { bucket: this.bucket, noteTrouble }, wanted);
    const tables = new Set(changed.map((name) => this.tableOf(name)));
    for (const table of tables) {
      if (table === undefined) this.#plainWake.ring();
      else table.notice();
    }
    return changed;
  }

  async #recognise(name: ObjectName): Promise<void> {
    for (const format of this.deps.formats) {
      const prefix = format.recognise(name);
      if (prefix === undefined || this.tables.has(prefix) || this.#isInside(prefix, format)) continue;
      const key = tableKey(this.bucket.id, prefix);
      const value = encodeTable({ format: format.name, published: 0, skipped: 0 });
      await this.deps.metadata.commit({ checks: [{ kind: 'absent', key }], writes: [{ kind: 'put', key, value }] });
      this.deps.logger.log('info', 'table found', { bucket: this.bucket.name, prefix, format: format.name });
      if (this.#signal !== undefined) this.#start(prefix, format.name, this.#signal);
      return;
    }
  }

  /** A table's own log, and a marker inside a table, prove nothing. */
  #isInside(prefix: ObjectName, format: TableFormat): boolean {
    if (/(^|\/)(\.hoodie|_delta_log)\//.test(prefix)) return true;
    const enclosing = this.tableOf(`${prefix}x`);
    if (enclosing === undefined) return false;
    return format.name === 'directory' || enclosing.format.isControl(enclosing.location, `${prefix}x`);
  }

  /** Asks the source about names a table lacks. True when anything about them, or near them, was news. */
  async askSource(location: TableLocation, names: readonly ObjectName[]): Promise<boolean> {
    const signal = this.#signal ?? new AbortController().signal;
    const plausible = names.filter((name) => name.startsWith(location.prefix));
    if (plausible.length > ASK_NAMES_MAX) return this.list(location.prefix, signal);
    return this.askNames(plausible);
  }

  async askNames(names: readonly ObjectName[]): Promise<boolean> {
    const signal = this.#signal ?? new AbortController().signal;
    let changed = false;
    await forEachBounded(names, ASK_CONCURRENCY, async (name) => {
      changed = (await this.#askName(name, signal, true)) || changed;
    });
    return changed;
  }

  async #askName(name: ObjectName, signal: AbortSignal, believesGone: boolean): Promise<boolean> {
    return this.#told(
      () => this.deps.remote.getObject(this.bucket.name, name, signal),
      async (object) => {
        if (object === undefined && !believesGone) return [];
        return [{ name, fact: object?.state ?? 'gone' }];
      },
    );
  }

  /** One cheap question of a table's tail. */
  async probe(probe: TailProbe, signal: AbortSignal): Promise<void> {
    if (probe.kind === 'get') {
      await this.#askName(probe.name, signal, false);
      return;
    }
    const startOffset = probe.startAfter === undefined ? {} : { startOffset: `${probe.startAfter}\0` };
    const request = { prefix: probe.prefix, ...startOffset, maxResults: PAGE };
    await this.#told(
      () => this.deps.remote.listObjects(this.bucket.name, request, signal),
      async ({ objects }) => objects.map(({ name, state }) => ({ name, fact: state })),
    );
  }

  async #plainLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#lastTrouble = this.#trouble;
        this.#trouble = new Map();
        await this.#settlePlain(signal);
      } catch (error) {
        if (!signal.aborted && !isStraitError(error, 'unavailable')) this.noteTrouble('', error);
      }
      await this.#plainWake.wait(this.deps.clock.sleep(PLAIN_PAUSE_MS, signal));
    }
  }

  async #settlePlain(signal: AbortSignal): Promise<void> {
    for await (const items of backlogItems(this, '', undefined)) {
      if (signal.aborted) return;
      await listPlain(this, items);
      await retire(this, items, { removeReached: async () => {}, mayGo: () => true });
    }
  }
}
