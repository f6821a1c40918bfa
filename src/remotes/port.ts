import type { CustomerKey } from '../model/encryption.ts';
import type { BucketName, Generation, ObjectName } from '../model/ids.ts';
import type { ByteRange, ObjectState } from '../model/object.ts';

/**
 * The far end of sync: a place that owns buckets. `test/contracts/remote.ts` is this contract as a suite.
 *
 * - Times, etag, hashes, metadata and generations are the owner's own, unchanged.
 * - 404 is `undefined` or an `objectNotFound`; 429, 5xx, resets and time-outs are retried with backoff inside the
 *   adapter and end as `unavailable`; 401 and 403 end as `permissionDenied` with the remote's message. Of
 *   `getResource` other refusals, 403 included, are answers.
 * - Listing or reading in a bucket that is not there is `bucketNotFound`.
 * - A call whose signal aborts ends with the signal's reason.
 */

/** An object as the remote describes it; `content` is always `remote`. */
export interface RemoteObject {
  readonly name: ObjectName;
  readonly state: ObjectState;
}

/** A bucket as the remote describes it: the JSON API's Bucket resource, parsed but not interpreted. */
export interface RemoteBucket {
  readonly name: BucketName;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface ListRequest {
  readonly prefix?: ObjectName;
  /** Inclusive. */
  readonly startOffset?: ObjectName;
  /** Exclusive. */
  readonly endOffset?: ObjectName;
  readonly pageToken?: string;
  /** 1–1000; the remote may return fewer, even none, with a next page. */
  readonly maxResults?: number;
}

/** Names rise in UTF-8 byte order, within a page and from page to page. */
export interface ListPage {
  readonly objects: readonly RemoteObject[];
  readonly nextPageToken?: string;
}

/** As objects.list takes it: what is rolled up, and what is left out, is the owner's to find. */
export interface PageRequest extends ListRequest {
  readonly versions?: boolean;
  readonly includeFoldersAsPrefixes?: boolean;
  readonly delimiter?: string;
  readonly includeTrailingDelimiter?: boolean;
  readonly matchGlob?: string;
  readonly filter?: string;
}

/** Noncurrent versions have `timeDeletedMs`; those of one name come the oldest first, as they were made. */
export interface PrefixedPage extends ListPage {
  readonly prefixes: readonly string[];
}

export interface ReadRequest {
  readonly bucket: BucketName;
  readonly name: ObjectName;
  readonly generation: Generation;
  readonly range: ByteRange;
  /** Of bytes that are under one. */
  readonly customerKey?: CustomerKey;
}

/** Any resource of the JSON API that a GET answers, by its path below `/storage/v1/`. Nothing is escaped yet. */
export interface ResourceRequest {
  readonly path: readonly string[];
  /** A parameter that repeats is there several times. */
  readonly query: readonly (readonly [name: string, value: string])[];
}

/** 200 with the resource, 304 with nothing, or a refusal with the body of the API's errors. As the remote said it. */
export interface ResourceAnswer {
  readonly status: number;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Remote {
  listBuckets(signal: AbortSignal): Promise<readonly RemoteBucket[]>;
  getBucket(bucket: BucketName, signal: AbortSignal): Promise<RemoteBucket | undefined>;
  listObjects(bucket: BucketName, request: ListRequest, signal: AbortSignal): Promise<ListPage>;
  /** A listing as clients ask for it, where `listObjects` is what sync asks for. */
  listPage(bucket: BucketName, request: PageRequest, signal: AbortSignal): Promise<PrefixedPage>;
  getObject(bucket: BucketName, name: ObjectName, signal: AbortSignal): Promise<RemoteObject | undefined>;
  /**
   * Streams exactly the range of exactly that generation; `objectNotFound` when the generation is gone. A range
   * beyond its end is `rangeNotSatisfiable`. A body that breaks off is asked for again from where it broke; what was
   * yielded is never yielded twice. Whole-object checksums are the caller's to check: only the caller may know them.
   */
  readRange(request: ReadRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** What this port has no words for: the caller passes it on, or reads it by the discovery document. */
  getResource(request: ResourceRequest, signal: AbortSignal): Promise<ResourceAnswer>;
  /** Calls made so far, for the bill: `status` shows them per minute. */
  callCount(): number;
  close(): Promise<void>;
}

/** A message as Cloud Pub/Sub takes it. */
export interface TopicMessage {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Topics that notifications are published to. */
export interface Publisher {
  /**
   * Resolves when every message is durable at the topic; a failure may have published some of them. 429, 5xx, resets
   * and time-outs end as `unavailable`, a topic that is not there as `notFound`, 401 and 403 as `permissionDenied`.
   * Messages of one call are published in order.
   */
  publish(topic: string, messages: readonly TopicMessage[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A message as an application behind a web hook takes it. */
export interface HookMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What an application made of a message. */
export type HookAnswer =
  | { readonly kind: 'taken' }
  /** It would not take it another time either. */
  | { readonly kind: 'refused'; readonly status: number };

/** Applications that channels call. */
export interface WebHooks {
  /**
   * Posts one message. Redirects are refusals. 408, 429, 5xx, resets, time-outs and addresses that must not be called
   * end as `unavailable`: the message may have arrived or not.
   */
  call(address: URL, message: HookMessage, signal: AbortSignal): Promise<HookAnswer>;
  close(): Promise<void>;
}
