import type { BucketId, BucketName, ScopeId } from './ids.ts';

/** What a client sets of a channel. */
export interface ChannelSettings {
  /** The client's choice; one of its kind in the bucket. */
  readonly id: string;
  /** Where the application takes messages. */
  readonly address: string;
  /** Goes with each message: by it the application knows whose message it is. */
  readonly token?: string;
  /** Nothing is told from here on. */
  readonly expirationMs?: number;
  /** Whether messages have the object in them. */
  readonly payload?: boolean;
  readonly params: Readonly<Record<string, string>>;
}

/** A channel of object change notification: tells an application what happens to a bucket's live objects. */
export interface Channel extends ChannelSettings {
  readonly bucket: BucketName;
  readonly bucketId: BucketId;
  /** It outlives the bucket until all is told. */
  readonly scopeId: ScopeId;
  /** What is watched; the same for every channel of the bucket. */
  readonly resourceId: string;
  /** The watched listing, as the client addressed it. */
  readonly resourceUri: string;
  /** The head of the journal before it was made. */
  readonly since: bigint;
}

/** Whom a site's channels may call. */
export interface ChannelPolicy {
  /** This machine, over plain http too. */
  readonly loopback: boolean;
  /** `HOST` or `HOST:PORT` that may be called whatever they stand for, over plain http too. */
  readonly hosts: readonly string[];
}
