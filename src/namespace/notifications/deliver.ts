/** Tells topics what happens to objects, as the bucket's notification configurations ask. */
import type { NotificationConfig, ObjectEvent } from '../../model/notification.ts';
import type { Publisher, TopicMessage } from '../../remotes/port.ts';
import type { JournalEntry, MetadataStore } from '../../stores/metadata/port.ts';
import type { NamespaceDeps } from '../deps.ts';
import { type Follower, JournalDelivery } from '../journal-delivery.ts';
import { objectEntryIn } from '../object-entries.ts';
import { decodeBucket } from '../rows/bucket-row.ts';
import { allNotifications, bucketKey, notificationKey, notifiedKey } from '../rows/keys.ts';
import { decodeNotification } from '../rows/notification-row.ts';
import { eventsOf, isAskedFor } from '../rules/object-events.ts';
import { type EventRenderer, renderMessage } from './render-message.ts';

export interface DeliveryDeps extends NamespaceDeps {
  readonly publisher: Publisher;
  readonly renderer: EventRenderer;
}

/** What Pub/Sub takes in one request, with room to spare (1,000 messages, 10 MB). */
const BATCH = { messagesMax: 500, bytesMax: 4 * 1024 * 1024 } as const;

export function notificationDelivery(deps: DeliveryDeps): JournalDelivery<TopicMessage> {
  return new JournalDelivery(deps, {
    name: 'notifications',
    rows: allNotifications(),
    open: (value) => followerOf(deps, decodeNotification(value)),
  });
}

function followerOf(deps: DeliveryDeps, config: NotificationConfig): Follower<TopicMessage> {
  const { bucket, bucketId, id, topic } = config;
  return {
    rowKey: notificationKey(bucketId, id),
    cursorKey: notifiedKey(bucketId, id),
    crashPoint: 'notification.after-publish',
    batch: BATCH,
    logFields: { bucket, notification: id, topic },
    journal: () => journalOf(deps.metadata, config),
    reader: () => (entry) =>
      eventsIn(entry)
        .filter((event) => isAskedFor(config, event))
        .map((event) => renderMessage(config, event, deps.renderer)),
    bytesOf: (message) => message.data.length,
    deliver: (messages, signal) => deps.publisher.publish(topic, messages, signal),
  };
}

/** The journal of the bucket's scope; undefined when the bucket is gone. */
async function journalOf(metadata: MetadataStore, config: NotificationConfig): Promise<string | undefined> {
  const [row] = await metadata.get([bucketKey(config.bucket)]);
  const bucket = row && decodeBucket(row.value);
  return bucket?.id === config.bucketId ? bucket.scopeId : undefined;
}

function eventsIn(entry: JournalEntry): readonly ObjectEvent[] {
  const found = objectEntryIn(entry);
  return found === undefined ? [] : eventsOf(found);
}
