import { bucketId } from '../../model/ids.ts';
import type { NotificationConfig } from '../../model/notification.ts';
import { checkFormat, decodeRow, encodeRow, ROW_FORMAT, readU64, u64 } from './codec.ts';

/** Custom attributes as pairs: clients choose the keys. */
interface StoredConfig extends Omit<NotificationConfig, 'customAttributes'> {
  readonly customAttributes: readonly (readonly [key: string, value: string])[];
}

export function encodeNotification(config: NotificationConfig): Uint8Array {
  const stored: StoredConfig = { ...config, customAttributes: Object.entries(config.customAttributes) };
  return encodeRow(stored);
}

export function decodeNotification(value: Uint8Array): NotificationConfig {
  const stored = decodeRow<StoredConfig>(value, 'notification');
  return {
    ...stored,
    bucketId: bucketId(stored.bucketId),
    customAttributes: Object.fromEntries(stored.customAttributes),
  };
}

/** A number in a row of its own: the last id given out, or the journal entry that was told last. */
export function encodeCount(count: bigint): Uint8Array {
  return Buffer.concat([Buffer.of(ROW_FORMAT), u64(count)]);
}

export function decodeCount(value: Uint8Array): bigint {
  checkFormat(value, 'notification count');
  return readU64(value, 1);
}
