import type { Channel } from '../../model/channel.ts';
import type { NamedObject } from '../../model/object.ts';
import type { HookMessage } from '../../remotes/port.ts';
import type { EventRenderer } from '../notifications/render-message.ts';
import type { ResourceState } from '../rules/channel-settings.ts';

/** A message that waits to be told. */
export interface ChannelMessage extends HookMessage {
  /** The object it is about; undefined for the first, which says that the channel is there. */
  readonly object?: string;
}

interface Change {
  /** Rises from message to message of a channel, and is the same when one is told again. */
  readonly number: bigint;
  readonly state: ResourceState | 'sync';
  /** As the change left it, or as it was when it was deleted; not of `sync`. */
  readonly object?: NamedObject;
}

/** As object change notification has them (Cloud Storage page "Object change notification"). */
export function renderHookMessage(channel: Channel, change: Change, renderer: EventRenderer): ChannelMessage {
  const { id, token, expirationMs, resourceId, resourceUri, payload } = channel;
  const { number, state, object } = change;
  const isTold = object !== undefined && payload !== false;
  return {
    headers: {
      ...(isTold ? { 'Content-Type': 'application/json; charset=utf-8' } : {}),
      'X-Goog-Channel-ID': id,
      ...(token === undefined ? {} : { 'X-Goog-Channel-Token': token }),
      ...(expirationMs === undefined ? {} : { 'X-Goog-Channel-Expiration': new Date(expirationMs).toUTCString() }),
      'X-Goog-Resource-ID': resourceId,
      'X-Goog-Resource-URI': resourceUri,
      'X-Goog-Resource-State': state,
      'X-Goog-Message-Number': String(number),
    },
    body: Buffer.from(isTold ? renderer.payload(object) : ''),
    ...(object === undefined ? {} : { object: object.name }),
  };
}
