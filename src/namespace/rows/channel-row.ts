import type { Channel } from '../../model/channel.ts';
import { bucketId, scopeId } from '../../model/ids.ts';
import { decodeRow, encodeRow } from './codec.ts';

/** Parameters as pairs: clients choose the keys. */
interface StoredChannel extends Omit<Channel, 'params' | 'since'> {
  readonly params: readonly (readonly [key: string, value: string])[];
  readonly since: string;
}

export function encodeChannel(channel: Channel): Uint8Array {
  const stored: StoredChannel = { ...channel, params: Object.entries(channel.params), since: String(channel.since) };
  return encodeRow(stored);
}

export function decodeChannel(value: Uint8Array): Channel {
  const stored = decodeRow<StoredChannel>(value, 'channel');
  return {
    ...stored,
    bucketId: bucketId(stored.bucketId),
    scopeId: scopeId(stored.scopeId),
    params: Object.fromEntries(stored.params),
    since: BigInt(stored.since),
  };
}
