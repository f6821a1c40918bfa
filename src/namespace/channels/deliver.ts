/** Tells applications what happens to a bucket's live objects, as its channels ask. */
import type { Channel } from '../../model/channel.ts';
import type { WebHooks } from '../../remotes/port.ts';
import { forEachBounded } from '../../runtime/concurrency.ts';
import type { JournalEntry } from '../../stores/metadata/port.ts';
import type { NamespaceDeps } from '../deps.ts';
import { type Follower, JournalDelivery } from '../journal-delivery.ts';
import type { EventRenderer } from '../notifications/render-message.ts';
import { objectEntryIn } from '../object-entries.ts';
import { decodeChannel } from '../rows/channel-row.ts';
import { decodeJournal } from '../rows/journal.ts';
import { allChannels, channelKey, channelToldKey } from '../rows/keys.ts';
import { callableUrl } from '../rules/channel-address.ts';
import { resourceStateAfter } from '../rules/channel-settings.ts';
import { channelPolicy, removeChannel } from './channels.ts';
import { type ChannelMessage, renderHookMessage } from './render-hook-message.ts';

export interface ChannelDeps extends NamespaceDeps {
  readonly hooks: WebHooks;
  readonly renderer: EventRenderer;
}

const BATCH = { messagesMax: 100, bytesMax: 1024 * 1024 } as const;
/** Messages of different objects that are under way at once, of one channel. */
const CALLS_AT_ONCE = 8;
const RETRY_MS = { first: 500, most: 60_000 } as const;
/** The number of the first message. Those that follow are numbered by their place in the journal. */
const SYNC_NUMBER = 1n;

export function channelDelivery(deps: ChannelDeps): JournalDelivery<ChannelMessage> {
  const named = { ...deps, logger: deps.logger.child('channels') };
  return new JournalDelivery(deps, {
    name: 'channels',
    rows: allChannels(),
    open: (value) => followerOf(named, decodeChannel(value)),
  });
}

function followerOf(deps: ChannelDeps, channel: Channel): Follower<ChannelMessage> {
  const { bucket, bucketId, id, scopeId, expirationMs } = channel;
  return {
    rowKey: channelKey(bucketId, id),
    cursorKey: channelToldKey(bucketId, id),
    crashPoint: 'channel.after-call',
    batch: BATCH,
    logFields: { bucket, channel: id },
    ...(expirationMs === undefined ? {} : { endMs: expirationMs }),
    journal: async () => scopeId,
    reader: (from) => channelReader(deps, channel, from),
    isLast: (entry) => decodeJournal(entry.value).record.op === 'bucketDelete',
    bytesOf: (message) => message.body.length,
    deliver: (messages, signal) => tellAll(deps, channel, messages, signal),
    end: async () => void (await removeChannel(deps, channel)),
  };
}

/** The entry of the channel's own creation is the first message; what lies before it is not told. */
function channelReader(deps: ChannelDeps, channel: Channel, from: bigint) {
  let isOpen = from !== channel.since;
  return (entry: JournalEntry): readonly ChannelMessage[] => {
    if (isOpen) return messagesOf(deps, channel, entry);
    const { record } = decodeJournal(entry.value);
    isOpen = record.op === 'channelInsert' && record.id === channel.id;
    return isOpen ? [renderHookMessage(channel, { number: SYNC_NUMBER, state: 'sync' }, deps.renderer)] : [];
  };
}

function messagesOf(deps: ChannelDeps, channel: Channel, entry: JournalEntry): readonly ChannelMessage[] {
  const change = objectEntryIn(entry);
  const state = change && resourceStateAfter(change);
  if (change?.state === undefined || state === undefined) return [];
  const object = { ...change, state: { ...change.state, generation: change.generation } };
  const number = entry.seq - channel.since + SYNC_NUMBER;
  return [renderHookMessage(channel, { number, state, object }, deps.renderer)];
}

/** The first message of a channel goes before all; those of one object go one after another. */
async function tellAll(
  deps: ChannelDeps,
  channel: Channel,
  messages: readonly ChannelMessage[],
  signal: AbortSignal,
): Promise<void> {
  const first = messages.filter(({ object }) => object === undefined);
  for (const message of first) await tell(deps, channel, message, signal);
  const lanes = Map.groupBy(messages.slice(first.length), ({ object }) => object);
  await forEachBounded(lanes.values(), CALLS_AT_ONCE, async (lane) => {
    for (const message of lane) await tell(deps, channel, message, signal);
  });
}

/**
 * Resolves when the application has the message, or would not take it another time either, or the channel's time is
 * over. Until then it is tried again, so that the rest of the batch need not be. Rejects when `signal` aborts: whoever
 * moves the cursor must not take that for told.
 */
async function tell(deps: ChannelDeps, channel: Channel, message: ChannelMessage, signal: AbortSignal): Promise<void> {
  const { clock, hooks, logger, random } = deps;
  const fields = { bucket: channel.bucket, channel: channel.id };
  for (let retryMs: number = RETRY_MS.first; ; retryMs = Math.min(retryMs * 2, RETRY_MS.most)) {
    signal.throwIfAborted();
    if (channel.expirationMs !== undefined && channel.expirationMs <= clock.nowMs()) return;
    try {
      const answer = await hooks.call(callableUrl(channel.address, channelPolicy(deps)), message, signal);
      if (answer.kind === 'refused') {
        logger.log('warn', 'the application refused a message', { ...fields, status: answer.status });
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      logger.log('warn', 'the application cannot be told now', { ...fields, reason, retryMs });
      await clock.sleep(retryMs * (0.5 + random.unit() / 2), signal);
    }
  }
}
