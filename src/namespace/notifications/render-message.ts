import type { Generation } from '../../model/ids.ts';
import type { NotificationConfig, ObjectEvent } from '../../model/notification.ts';
import type { NamedObject } from '../../model/object.ts';
import type { TopicMessage } from '../../remotes/port.ts';

/** How objects are shown to clients. */
export interface EventRenderer {
  /** The object's resource as JSON text, as objects.get would show it. */
  payload(object: NamedObject): string;
  /** As it stands on the wire. */
  generation(generation: Generation): string;
}

/** An event as the notifications of GCS are (Cloud Storage page "Pub/Sub notifications", attributes and payload). */
export function renderMessage(config: NotificationConfig, event: ObjectEvent, renderer: EventRenderer): TopicMessage {
  const { bucket, name, state, overwroteGeneration, overwrittenByGeneration } = event;
  const hasPayload = config.payloadFormat === 'JSON_API_V1' && state !== undefined;
  return {
    data: Buffer.from(
      hasPayload ? renderer.payload({ ...event, state: { ...state, generation: event.generation } }) : '',
    ),
    attributes: {
      ...config.customAttributes,
      notificationConfig: `projects/_/buckets/${bucket}/notificationConfigs/${config.id}`,
      eventType: event.type,
      payloadFormat: config.payloadFormat,
      bucketId: bucket,
      objectId: name,
      objectGeneration: renderer.generation(event.generation),
      eventTime: new Date(event.timeMs).toISOString().replace('Z', '000Z'),
      ...(overwroteGeneration === undefined ? {} : { overwroteGeneration: renderer.generation(overwroteGeneration) }),
      ...(overwrittenByGeneration === undefined
        ? {}
        : { overwrittenByGeneration: renderer.generation(overwrittenByGeneration) }),
    },
  };
}
