/**
 * Tells somebody outside what a bucket's journal holds. The journal is the queue: a follower's cursor moves only after
 * what lies before it was delivered, so a crash tells some things again and nothing never. Writers wait for nobody.
 */
import { Wake } from '../runtime/concurrency.ts';
import type { CrashPoint } from '../runtime/crash-points.ts';
import type { Service } from '../runtime/lifecycle.ts';
import type { JournalEntry, KeyRange } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { justAfter } from './rows/keys.ts';
import { decodeCount, encodeCount } from './rows/notification-row.ts';
import { unchanged } from './rows/references.ts';

/** Who is told, as its row says: a notification configuration, a channel. */
export interface Follower<Message> {
  /** Whoever deletes this row ends the telling. */
  readonly rowKey: Uint8Array;
  /** Holds the seq of the last entry that was delivered. */
  readonly cursorKey: Uint8Array;
  /** Between a delivery and the move of the cursor. */
  readonly crashPoint: CrashPoint;
  readonly batch: BatchLimits;
  /** Says in the log who it is. */
  readonly logFields: Readonly<Record<string, string | number>>;
  /** From when on nothing is told any more. */
  readonly endMs?: number;
  /** Undefined when there is none any more. */
  journal(): Promise<string | undefined>;
  /** Makes messages of entries, which come in order from the one behind `from` on. */
  reader(from: bigint): (entry: JournalEntry) => readonly Message[];
  /** Whether nothing can follow this entry. */
  isLast?(entry: JournalEntry): boolean;
  bytesOf(message: Message): number;
  /** Resolves when all were delivered; a failure may have delivered some, and all are tried again. */
  deliver(messages: readonly Message[], signal: AbortSignal): Promise<void>;
  /** Removes its rows: its time is over, or there is nothing left to tell. */
  end?(): Promise<void>;
}

export interface BatchLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
}

/** Followers of one kind, each with a row. */
export interface FollowerKind<Message> {
  readonly name: string;
  readonly rows: KeyRange;
  open(value: Uint8Array): Follower<Message>;
}

/** New and deleted followers, and those whose time is over, are noticed within this. */
const LOOK_EVERY_MS = 1_000;
const ROWS_PER_SCAN = 500;
/** Entries that ask for nothing move the cursor this seldom. */
const QUIET_ENTRIES_MAX = 1_000;
const RETRY_MS = { first: 250, most: 60_000 } as const;

interface Running {
  readonly endMs: number;
  /** Stops without an end: the row is gone, or the process ends. */
  readonly stop: AbortController;
  /** Its time is over. */
  readonly over: AbortController;
  readonly done: Promise<void>;
}

export class JournalDelivery<Message> implements Service {
  readonly name: string;
  readonly #deps: NamespaceDeps;
  readonly #kind: FollowerKind<Message>;
  /** By row key. */
  readonly #running = new Map<string, Running>();

  constructor(deps: NamespaceDeps, kind: FollowerKind<Message>) {
    this.name = kind.name;
    this.#deps = { ...deps, logger: deps.logger.child(kind.name) };
    this.#kind = kind;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#look(signal);
        await this.#deps.clock.sleep(LOOK_EVERY_MS, signal);
      }
    } finally {
      for (const { stop } of this.#running.values()) stop.abort();
      await Promise.all([...this.#running.values()].map(({ done }) => done));
    }
  }

  /** Starts what is new, stops what is gone, ends what is over. */
  async #look(signal: AbortSignal): Promise<void> {
    const gone = new Set(this.#running.keys());
    let { start, end } = this.#kind.rows;
    for (;;) {
      const rows = await this.#deps.metadata.scan({ start, end }, { limit: ROWS_PER_SCAN });
      for (const { key, value } of rows) {
        const id = Buffer.from(key).toString('hex');
        gone.delete(id);
        if (!this.#running.has(id) && !signal.aborted) this.#start(id, this.#kind.open(value));
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS_PER_SCAN) break;
      start = justAfter(last.key);
    }
    for (const id of gone) this.#running.get(id)?.stop.abort();
    const nowMs = this.#deps.clock.nowMs();
    for (const { endMs, over } of this.#running.values()) if (endMs <= nowMs) over.abort();
  }

  #start(id: string, follower: Follower<Message>): void {
    const [stop, over] = [new AbortController(), new AbortController()];
    const done = this.#follow(follower, stop.signal, over.signal).finally(() => this.#running.delete(id));
    this.#running.set(id, { endMs: follower.endMs ?? Number.POSITIVE_INFINITY, stop, over, done });
  }

  /** One follower, until it is over or we stop. A failure is tried again for as long as it takes. */
  async #follow(follower: Follower<Message>, stop: AbortSignal, over: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const signal = AbortSignal.any([stop, over]);
    let retryMs: number = RETRY_MS.first;
    while (!stop.aborted) {
      try {
        await new Run(this.#deps, follower).run(signal, () => {
          retryMs = RETRY_MS.first;
        });
        if (!stop.aborted) await follower.end?.();
        return;
      } catch (error) {
        if (stop.aborted) return;
        this.#logWaiting(follower, error);
        await clock.sleep(retryMs, stop);
        retryMs = Math.min(retryMs * 2, RETRY_MS.most);
      }
    }
  }

  #logWaiting({ logFields }: Follower<Message>, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#deps.logger.log('warn', 'what happened cannot be told yet', { ...logFields, reason });
  }
}

/** What is to be told next, and where the journal was read to. */
interface Batch<Message> {
  readonly messages: Message[];
  bytes: number;
  entries: number;
  seq: bigint;
}

/**
 * One follower's way through the journal. One delivery is under way at a time, so messages are told in order; what
 * comes meanwhile is gathered for the next, up to a bound.
 */
class Run<Message> {
  readonly #deps: NamespaceDeps;
  readonly #follower: Follower<Message>;
  #batch: Batch<Message> = emptyBatch(0n);
  #isRead = false;
  #readFailure: unknown;
  readonly #gathered = new Wake();
  readonly #taken = new Wake();

  constructor(deps: NamespaceDeps, follower: Follower<Message>) {
    this.#deps = deps;
    this.#follower = follower;
  }

  /** Resolves when there is nothing more to tell or to tell it to; rejects when the delivery or the store fails. */
  async run(signal: AbortSignal, onDelivered: () => void): Promise<void> {
    if (signal.aborted) return;
    const from = await this.#cursor();
    const journal = from === undefined ? undefined : await this.#follower.journal();
    if (from === undefined || journal === undefined) return;
    this.#batch = emptyBatch(from);
    const either = new AbortController();
    const stop = AbortSignal.any([signal, either.signal]);
    stop.addEventListener('abort', () => this.#wakeAll(), { once: true });
    const reading = this.#read(journal, from, stop);
    try {
      while (!signal.aborted && (await this.#deliverNext(stop))) onDelivered();
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      either.abort();
      await reading;
    }
  }

  #wakeAll(): void {
    this.#gathered.ring();
    this.#taken.ring();
  }

  async #read(journal: string, from: bigint, signal: AbortSignal): Promise<void> {
    const messagesOf = this.#follower.reader(from);
    try {
      for await (const entry of this.#deps.metadata.tail(journal, from, signal)) {
        this.#add(entry, messagesOf(entry));
        if (this.#follower.isLast?.(entry) === true) break;
        while (this.#isFull() && !signal.aborted) await this.#taken.wait();
        if (signal.aborted) break;
      }
    } catch (error) {
      this.#readFailure = error;
    }
    this.#isRead = true;
    this.#gathered.ring();
  }

  #add({ seq }: JournalEntry, messages: readonly Message[]): void {
    for (const message of messages) {
      this.#batch.messages.push(message);
      this.#batch.bytes += this.#follower.bytesOf(message);
    }
    this.#batch.entries += 1;
    this.#batch.seq = seq;
    if (this.#isDue()) this.#gathered.ring();
  }

  #isDue(): boolean {
    return this.#batch.messages.length > 0 || this.#batch.entries >= QUIET_ENTRIES_MAX;
  }

  #isFull(): boolean {
    const { messagesMax, bytesMax } = this.#follower.batch;
    const { messages, bytes, entries } = this.#batch;
    return messages.length >= messagesMax || bytes >= bytesMax || entries >= QUIET_ENTRIES_MAX;
  }

  /** Tells what was gathered. False when there is nothing more to come. */
  async #deliverNext(signal: AbortSignal): Promise<boolean> {
    while (!this.#isDue() && !this.#isRead && !signal.aborted) await this.#gathered.wait();
    if (this.#readFailure !== undefined) throw this.#readFailure;
    if (signal.aborted || !this.#isDue()) return false;
    const batch = this.#batch;
    this.#batch = emptyBatch(batch.seq);
    this.#taken.ring();
    if (batch.messages.length > 0) await this.#follower.deliver(batch.messages, signal);
    this.#deps.crashPoints.reach(this.#follower.crashPoint);
    return this.#save(batch.seq);
  }

  async #cursor(): Promise<bigint | undefined> {
    const [row] = await this.#deps.metadata.get([this.#follower.cursorKey]);
    return row && decodeCount(row.value);
  }

  /** Moves the cursor, never back: another process may tell the same. False when the follower is gone. */
  async #save(seq: bigint): Promise<boolean> {
    const { rowKey, cursorKey } = this.#follower;
    for (;;) {
      const [owner, row] = await this.#deps.metadata.get([rowKey, cursorKey]);
      if (owner === undefined || row === undefined) return false;
      if (decodeCount(row.value) >= seq) return true;
      const { kind } = await this.#deps.metadata.commit({
        checks: [unchanged(rowKey, owner), unchanged(cursorKey, row)],
        writes: [{ kind: 'put', key: cursorKey, value: encodeCount(seq) }],
      });
      if (kind === 'committed') return true;
    }
  }
}

function emptyBatch<Message>(seq: bigint): Batch<Message> {
  return { messages: [], bytes: 0, entries: 0, seq };
}
