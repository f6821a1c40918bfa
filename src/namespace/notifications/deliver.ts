/**
 * Tells topics what happens to objects. The journal is the queue: a configuration's cursor moves only after the topic
 * has what lies before it, so a crash tells some things again and nothing never. Writers wait for nobody.
 */
import { generation } from '../../model/ids.ts';
import type { NotificationConfig, ObjectEvent } from '../../model/notification.ts';
import type { Publisher, TopicMessage } from '../../remotes/port.ts';
import { Wake } from '../../runtime/concurrency.ts';
import type { Service } from '../../runtime/lifecycle.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { JournalEntry } from '../../stores/metadata/port.ts';
import type { NamespaceDeps } from '../deps.ts';
import { decodeBucket } from '../rows/bucket-row.ts';
import { decodeJournal, type ObjectRecord } from '../rows/journal.ts';
import { allNotifications, bucketKey, justAfter, notificationKey, notifiedKey } from '../rows/keys.ts';
import { decodeCount, decodeNotification, encodeCount } from '../rows/notification-row.ts';
import { loadState } from '../rows/object-row.ts';
import { unchanged } from '../rows/references.ts';
import { eventsOf, isAskedFor, type ObjectEntry } from '../rules/object-events.ts';
import { type EventRenderer, renderMessage } from './render-message.ts';

export interface DeliveryDeps extends NamespaceDeps {
  readonly publisher: Publisher;
  readonly renderer: EventRenderer;
}

/** New and deleted configurations are noticed within this. */
const LOOK_EVERY_MS = 1_000;
const CONFIGS_PER_SCAN = 500;
/** What Pub/Sub takes in one request, with room to spare (1,000 messages, 10 MB). */
const BATCH_MESSAGES_MAX = 500;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** Entries that ask for nothing move the cursor this seldom. */
const QUIET_ENTRIES_MAX = 1_000;
const RETRY_MS = { first: 250, most: 60_000 } as const;

export class NotificationDelivery implements Service {
  readonly name = 'notifications';
  readonly #deps: DeliveryDeps;
  /** By row key. */
  readonly #running = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();

  constructor(deps: DeliveryDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('notifications') };
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

  /** Starts what is new, stops what is gone. */
  async #look(signal: AbortSignal): Promise<void> {
    const gone = new Set(this.#running.keys());
    let { start, end } = allNotifications();
    for (;;) {
      const rows = await this.#deps.metadata.scan({ start, end }, { limit: CONFIGS_PER_SCAN });
      for (const { key, value } of rows) {
        const id = Buffer.from(key).toString('hex');
        gone.delete(id);
        if (!this.#running.has(id) && !signal.aborted) this.#start(id, decodeNotification(value));
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < CONFIGS_PER_SCAN) break;
      start = justAfter(last.key);
    }
    for (const id of gone) this.#running.get(id)?.stop.abort();
  }

  #start(id: string, config: NotificationConfig): void {
    const stop = new AbortController();
    const done = this.#deliver(config, stop.signal).finally(() => this.#running.delete(id));
    this.#running.set(id, { stop, done });
  }

  /** One configuration, until it is deleted or we stop. A failure is tried again for as long as it takes. */
  async #deliver(config: NotificationConfig, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#deps;
    let retryMs: number = RETRY_MS.first;
    while (!signal.aborted) {
      try {
        await new ConfigDelivery(this.#deps, config).run(signal, () => {
          retryMs = RETRY_MS.first;
        });
        return;
      } catch (error) {
        if (signal.aborted) return;
        logNotDelivered(logger, config, error);
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(retryMs * 2, RETRY_MS.most);
      }
    }
  }
}

function logNotDelivered(logger: Logger, { bucket, id, topic }: NotificationConfig, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  logger.log('warn', 'notifications wait for their topic', { bucket, notification: id, topic, reason });
}

/** What is to be told next, and where the journal was read to. */
interface Batch {
  readonly messages: TopicMessage[];
  bytes: number;
  entries: number;
  seq: bigint;
}

const emptyBatch = (seq: bigint): Batch => ({ messages: [], bytes: 0, entries: 0, seq });

/**
 * One configuration's way through the journal. One request to the topic is under way at a time, so messages are told in
 * order; what comes meanwhile is gathered for the next, up to a bound.
 */
class ConfigDelivery {
  readonly #deps: DeliveryDeps;
  readonly #config: NotificationConfig;
  #batch: Batch = emptyBatch(0n);
  #isRead = false;
  #readFailure: unknown;
  readonly #gathered = new Wake();
  readonly #taken = new Wake();
  #stopped: Promise<void> = Promise.resolve();

  constructor(deps: DeliveryDeps, config: NotificationConfig) {
    this.#deps = deps;
    this.#config = config;
  }

  /** Resolves when the configuration or its bucket is gone; rejects when the topic or the store fails. */
  async run(signal: AbortSignal, onDelivered: () => void): Promise<void> {
    const from = await this.#cursor();
    const journal = from === undefined ? undefined : await this.#journal();
    if (from === undefined || journal === undefined) return;
    this.#batch = emptyBatch(from);
    const either = new AbortController();
    const stop = AbortSignal.any([signal, either.signal]);
    this.#stopped = new Promise((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
    const reading = this.#read(journal, from, stop);
    try {
      while (!signal.aborted && (await this.#publishNext(stop))) onDelivered();
    } finally {
      either.abort();
      await reading;
    }
  }

  async #read(journal: string, from: bigint, signal: AbortSignal): Promise<void> {
    try {
      for await (const entry of this.#deps.metadata.tail(journal, from, signal)) {
        this.#add(entry);
        while (isFull(this.#batch) && !signal.aborted) await this.#taken.wait(this.#stopped);
        if (signal.aborted) break;
      }
    } catch (error) {
      this.#readFailure = error;
    }
    this.#isRead = true;
    this.#gathered.ring();
  }

  #add({ seq, value }: JournalEntry): void {
    for (const event of eventsIn(value)) {
      if (!isAskedFor(this.#config, event)) continue;
      const message = renderMessage(this.#config, event, this.#deps.renderer);
      this.#batch.messages.push(message);
      this.#batch.bytes += message.data.length;
    }
    this.#batch.entries += 1;
    this.#batch.seq = seq;
    if (this.#batch.messages.length > 0 || this.#batch.entries >= QUIET_ENTRIES_MAX) this.#gathered.ring();
  }

  /** Tells what was gathered. False when there is nothing more to come. */
  async #publishNext(signal: AbortSignal): Promise<boolean> {
    const isDue = () => this.#batch.messages.length > 0 || this.#batch.entries >= QUIET_ENTRIES_MAX;
    while (!isDue() && !this.#isRead && !signal.aborted) await this.#gathered.wait(this.#stopped);
    if (this.#readFailure !== undefined) throw this.#readFailure;
    if (signal.aborted) return false;
    const batch = this.#batch;
    this.#batch = emptyBatch(batch.seq);
    this.#taken.ring();
    const { publisher, crashPoints } = this.#deps;
    if (batch.messages.length > 0) await publisher.publish(this.#config.topic, batch.messages, signal);
    crashPoints.reach('notification.after-publish');
    return this.#save(batch.seq);
  }

  async #cursor(): Promise<bigint | undefined> {
    const [row] = await this.#deps.metadata.get([notifiedKey(this.#config.bucketId, this.#config.id)]);
    return row && decodeCount(row.value);
  }

  /** The journal of the bucket's scope; undefined when the bucket is gone. */
  async #journal(): Promise<string | undefined> {
    const [row] = await this.#deps.metadata.get([bucketKey(this.#config.bucket)]);
    const bucket = row && decodeBucket(row.value);
    return bucket?.id === this.#config.bucketId ? bucket.scopeId : undefined;
  }

  /** Moves the cursor, never back: another process may tell the same. False when the configuration is gone. */
  async #save(seq: bigint): Promise<boolean> {
    const { bucketId, id } = this.#config;
    const [configKey, key] = [notificationKey(bucketId, id), notifiedKey(bucketId, id)];
    for (;;) {
      const [config, row] = await this.#deps.metadata.get([configKey, key]);
      if (config === undefined || row === undefined) return false;
      if (decodeCount(row.value) >= seq) return true;
      const { kind } = await this.#deps.metadata.commit({
        checks: [unchanged(configKey, config), unchanged(key, row)],
        writes: [{ kind: 'put', key, value: encodeCount(seq) }],
      });
      if (kind === 'committed') return true;
    }
  }
}

const isFull = ({ messages, bytes, entries }: Batch) =>
  messages.length >= BATCH_MESSAGES_MAX || bytes >= BATCH_BYTES_MAX || entries >= QUIET_ENTRIES_MAX;

function eventsIn(value: Uint8Array): readonly ObjectEvent[] {
  const { generation: own, record } = decodeJournal(value);
  if (record.op !== 'insert' && record.op !== 'patch' && record.op !== 'delete') return [];
  const { state, replaced, ...rest } = record;
  return eventsOf({
    ...rest,
    generation: generation(own),
    ...(state === undefined ? {} : { state: loadState(state, own) }),
    ...(replaced === undefined ? {} : { replaced: loadReplaced(replaced) }),
  });
}

function loadReplaced({ state, ...rest }: NonNullable<ObjectRecord['replaced']>): NonNullable<ObjectEntry['replaced']> {
  return state === undefined ? rest : { ...rest, state: loadState(state, BigInt(rest.generation)) };
}
