import type { BucketId, BucketName, Generation, ObjectName } from './ids.ts';
import type { ObjectState } from './object.ts';

export const OBJECT_EVENT_TYPES = [
  'OBJECT_FINALIZE',
  'OBJECT_METADATA_UPDATE',
  'OBJECT_DELETE',
  'OBJECT_ARCHIVE',
] as const;
export type ObjectEventType = (typeof OBJECT_EVENT_TYPES)[number];

export const PAYLOAD_FORMATS = ['JSON_API_V1', 'NONE'] as const;
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number];

/** What a client sets of a notification configuration. */
export interface NotificationSettings {
  /** `projects/P/topics/T`. */
  readonly topic: string;
  /** Empty: every type. */
  readonly eventTypes: readonly ObjectEventType[];
  readonly objectNamePrefix?: ObjectName;
  readonly payloadFormat: PayloadFormat;
  readonly customAttributes: Readonly<Record<string, string>>;
}

/** A notification configuration of a bucket: never changed, only made and deleted. */
export interface NotificationConfig extends NotificationSettings {
  readonly bucket: BucketName;
  readonly bucketId: BucketId;
  /** Rises within the bucket, and is never used again. */
  readonly id: number;
}

/** Something that happened to a version of an object, as the notifications of GCS tell it. */
export interface ObjectEvent {
  readonly type: ObjectEventType;
  readonly bucket: BucketName;
  readonly name: ObjectName;
  readonly generation: Generation;
  readonly timeMs: number;
  /** Of `OBJECT_FINALIZE`: the live generation it replaced. */
  readonly overwroteGeneration?: Generation;
  /** Of `OBJECT_DELETE` and `OBJECT_ARCHIVE`: the generation that took its place. */
  readonly overwrittenByGeneration?: Generation;
  /** The version's attributes, where the journal kept them. */
  readonly state?: ObjectState;
  /** When its retention ends, as of then. */
  readonly retentionExpirationMs?: number;
}
