/** What a notification configuration may be (Cloud Storage page "Pub/Sub notifications", and its quotas). Pure. */
import { StraitError } from '../../model/errors.ts';
import { type NotificationSettings, OBJECT_EVENT_TYPES, PAYLOAD_FORMATS } from '../../model/notification.ts';

export const NOTIFICATIONS_PER_BUCKET_MAX = 100;
const CUSTOM_ATTRIBUTES_MAX = 5;
/** Of Pub/Sub: bytes of a key, and of a value. */
const ATTRIBUTE_KEY_BYTES_MAX = 256;
const ATTRIBUTE_VALUE_BYTES_MAX = 1024;

/** Full names are stored; Google's clients also send them without the service's name. */
const TOPIC = /^(?:\/\/pubsub\.googleapis\.com\/)?(projects\/[^/]{1,200}\/topics\/[A-Za-z][A-Za-z0-9._~+%-]{2,254})$/;

/** The topic as Pub/Sub names it: `projects/P/topics/T`. */
export function topicName(topic: string): string {
  const name = TOPIC.exec(topic)?.[1];
  if (name !== undefined) return name;
  const expected = '//pubsub.googleapis.com/projects/PROJECT/topics/TOPIC';
  const message = `Invalid topic "${topic.slice(0, 300)}": expected ${expected}.`;
  throw invalid('topic', message);
}

export function assertNotificationSettings(settings: NotificationSettings): void {
  const { eventTypes, payloadFormat, customAttributes, objectNamePrefix } = settings;
  const unknown = eventTypes.find((type) => !OBJECT_EVENT_TYPES.includes(type));
  if (unknown !== undefined) throw invalid('event_types', `Invalid event type: ${String(unknown).slice(0, 100)}`);
  if (!PAYLOAD_FORMATS.includes(payloadFormat)) {
    const message = `Invalid payload_format "${String(payloadFormat).slice(0, 100)}": ${PAYLOAD_FORMATS.join(' or ')}.`;
    throw invalid('payload_format', message);
  }
  if (objectNamePrefix !== undefined && Buffer.byteLength(objectNamePrefix) > 1024) {
    throw invalid('object_name_prefix', 'The prefix has more than 1024 bytes: no object name is as long.');
  }
  assertAttributes(customAttributes);
}

function assertAttributes(attributes: Readonly<Record<string, string>>): void {
  const entries = Object.entries(attributes);
  if (entries.length > CUSTOM_ATTRIBUTES_MAX) {
    throw invalid('custom_attributes', `A notification has ${CUSTOM_ATTRIBUTES_MAX} custom attributes at most.`);
  }
  for (const [key, value] of entries) {
    const isFit =
      key !== '' &&
      !key.startsWith('goog') &&
      Buffer.byteLength(key) <= ATTRIBUTE_KEY_BYTES_MAX &&
      Buffer.byteLength(value) <= ATTRIBUTE_VALUE_BYTES_MAX;
    if (isFit) continue;
    const message =
      `The custom attribute "${key.slice(0, 100)}" is not one of Pub/Sub: keys have 1 to ` +
      `${ATTRIBUTE_KEY_BYTES_MAX} bytes and do not start with "goog", values ${ATTRIBUTE_VALUE_BYTES_MAX} at most.`;
    throw invalid('custom_attributes', message);
  }
}

function invalid(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field, reason: 'invalid' });
}
