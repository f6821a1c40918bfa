import { StraitError } from '../../model/errors.ts';
import type { BucketName, ObjectName } from '../../model/ids.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import type {
  ListPage,
  ListRequest,
  PageRequest,
  PrefixedPage,
  ReadRequest,
  Remote,
  RemoteBucket,
  RemoteObject,
  ResourceAnswer,
  ResourceRequest,
} from '../port.ts';
import { TransientFailure } from './backoff.ts';
import type { Credentials } from './credentials.ts';
import { encodeQuery, encodeSegment } from './encode-path.ts';
import { GcsHttp } from './gcs-http.ts';
import { isJsonObject, MalformedResource, OBJECT_FIELDS, parseObject } from './parse-object.ts';
import { readRange } from './read-range.ts';

export interface GcsRemoteDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly credentials: Credentials;
}

export interface GcsRemoteSettings {
  /** Any GCS endpoint: `https://storage.googleapis.com`, or a gateway's URL. */
  readonly endpoint: string;
  /** Whose buckets are listed, and who pays where requesters do. GCS wants one; absent, a gateway is asked for all. */
  readonly project?: string;
  /** 64 when absent. */
  readonly connectionsMax?: number;
  /** A response silent for so long is given up and asked for again; 30 s when absent. */
  readonly idleTimeoutMs?: number;
  /** Tries of one call, the first included; 6 when absent. */
  readonly attemptsMax?: number;
  /** 200 ms when absent. */
  readonly firstDelayMs?: number;
  /** 10 s when absent. */
  readonly delayMsMax?: number;
}

/** What a Strait gateway takes for every project. */
const ALL_PROJECTS = '-';
const LIST_FIELDS = `nextPageToken,items(${OBJECT_FIELDS})`;

/** GCS, or anything that speaks its JSON API. */
export class GcsRemote implements Remote {
  readonly #http: GcsHttp;
  readonly #project: string | undefined;

  constructor(deps: GcsRemoteDeps, settings: GcsRemoteSettings) {
    this.#project = settings.project;
    this.#http = new GcsHttp(deps, {
      endpoint: settings.endpoint,
      ...(settings.project === undefined ? {} : { project: settings.project }),
      connectionsMax: settings.connectionsMax ?? 64,
      idleTimeoutMs: settings.idleTimeoutMs ?? 30_000,
      attemptsMax: settings.attemptsMax ?? 6,
      firstDelayMs: settings.firstDelayMs ?? 200,
      delayMsMax: settings.delayMsMax ?? 10_000,
    });
  }

  async listBuckets(signal: AbortSignal): Promise<readonly RemoteBucket[]> {
    const project = this.#project ?? ALL_PROJECTS;
    const buckets: RemoteBucket[] = [];
    let pageToken: string | undefined;
    do {
      const query = encodeQuery({ project, maxResults: 1000, pageToken });
      const page = await this.#http.json(`/storage/v1/b${query}`, signal);
      if (page === undefined)
        throw new StraitError('unsupported', 'the endpoint lists no buckets', { feature: 'buckets.list' });
      for (const resource of itemsOf(page)) buckets.push(bucketOf(resource));
      pageToken = tokenOf(page);
    } while (pageToken !== undefined);
    return buckets;
  }

  async getBucket(bucket: BucketName, signal: AbortSignal): Promise<RemoteBucket | undefined> {
    const resource = await this.#http.json(`/storage/v1/b/${encodeSegment(bucket)}`, signal);
    return resource && bucketOf(resource);
  }

  async listObjects(bucket: BucketName, request: ListRequest, signal: AbortSignal): Promise<ListPage> {
    const { prefix, startOffset, endOffset, pageToken, maxResults } = request;
    const query = encodeQuery({ prefix, startOffset, endOffset, pageToken, maxResults, fields: LIST_FIELDS });
    return pageOf(await this.#listing(bucket, query, signal));
  }

  async listPage(bucket: BucketName, request: PageRequest, signal: AbortSignal): Promise<PrefixedPage> {
    const query = encodeQuery({ ...request, fields: `prefixes,${LIST_FIELDS}` });
    const page = await this.#listing(bucket, query, signal);
    const prefixes = page['prefixes'] ?? [];
    if (!Array.isArray(prefixes)) throw unreadable('prefixes of a listing are not a list');
    return { ...pageOf(page), prefixes: prefixes.map(String) };
  }

  async #listing(bucket: BucketName, query: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const page = await this.#http.json(`/storage/v1/b/${encodeSegment(bucket)}/o${query}`, signal);
    if (page === undefined) throw new StraitError('bucketNotFound', `no bucket gs://${bucket}`, { bucket });
    return page;
  }

  async getObject(bucket: BucketName, name: ObjectName, signal: AbortSignal): Promise<RemoteObject | undefined> {
    const query = encodeQuery({ fields: OBJECT_FIELDS });
    const path = `/storage/v1/b/${encodeSegment(bucket)}/o/${encodeSegment(name)}${query}`;
    const resource = await this.#http.json(path, signal);
    return resource && readObject(resource);
  }

  readRange(request: ReadRequest, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return readRange(this.#http, request, signal);
  }

  getResource({ path, query }: ResourceRequest, signal: AbortSignal): Promise<ResourceAnswer> {
    const search = query.map(([name, value]) => `${name}=${encodeSegment(value)}`).join('&');
    const target = ['/storage/v1', ...path.map(encodeSegment)].join('/');
    return this.#http.resource(search === '' ? target : `${target}?${search}`, signal);
  }

  callCount(): number {
    return this.#http.callCount;
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}

function pageOf(page: Readonly<Record<string, unknown>>): ListPage {
  const nextPageToken = tokenOf(page);
  const objects = itemsOf(page).map(readObject);
  return { objects, ...(nextPageToken !== undefined && { nextPageToken }) };
}

function itemsOf(page: Readonly<Record<string, unknown>>): readonly unknown[] {
  const items = page['items'] ?? [];
  if (!Array.isArray(items)) throw unreadable('items of a listing are not a list');
  return items;
}

function tokenOf(page: Readonly<Record<string, unknown>>): string | undefined {
  const token = page['nextPageToken'];
  return typeof token === 'string' && token !== '' ? token : undefined;
}

function bucketOf(resource: unknown): RemoteBucket {
  if (!isJsonObject(resource) || typeof resource['name'] !== 'string') throw unreadable('a bucket has no name');
  return { name: resource['name'], resource };
}

function readObject(resource: unknown): RemoteObject {
  try {
    return parseObject(resource);
  } catch (error) {
    throw error instanceof MalformedResource ? unreadable(error.message) : error;
  }
}

/** A well-formed answer that breaks the API's promise: asking again would bring the same. */
function unreadable(why: string): StraitError {
  return new StraitError(
    'unavailable',
    `the remote's answer cannot be read: ${why}`,
    {},
    { cause: new TransientFailure(why) },
  );
}
