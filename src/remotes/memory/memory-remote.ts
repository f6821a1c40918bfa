import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import { StraitError } from '../../model/errors.ts';
import { type BucketName, type Generation, generation, type ObjectName } from '../../model/ids.ts';
import type { ObjectAttributes, ObjectState } from '../../model/object.ts';
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

const CHUNK_BYTES = 64 * 1024;
const LIST_MAX = 1000;

interface StoredObject extends RemoteObject {
  readonly bytes: Uint8Array;
}

interface StoredBucket {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly objects: Map<ObjectName, StoredObject>;
  /** Names in UTF-8 byte order; undefined after a name came or went. */
  sorted: readonly ObjectName[] | undefined;
}

export type RemoteCall =
  | { readonly kind: 'listBuckets' }
  | { readonly kind: 'getBucket'; readonly bucket: BucketName }
  | { readonly kind: 'listObjects'; readonly bucket: BucketName; readonly request: ListRequest }
  | { readonly kind: 'getObject'; readonly bucket: BucketName; readonly name: ObjectName }
  | { readonly kind: 'getResource'; readonly request: ResourceRequest }
  | { readonly kind: 'readRange'; readonly bucket: BucketName; readonly request: ReadRequest };

/** What a test may do to the remote while it is in use. Each may wait, change objects, or throw. */
export interface RemoteHooks {
  /** Before a call is answered: throw to fail it, wait to delay it. */
  beforeCall?: ((call: RemoteCall) => void | Promise<void>) | undefined;
  /** After `sentBytes` of a body have been handed out: throw to cut it off there. */
  afterChunk?: ((request: ReadRequest, sentBytes: number) => void | Promise<void>) | undefined;
  /** Changes bytes on their way out: a remote that sends what it does not have. */
  alterChunk?: ((request: ReadRequest, chunk: Uint8Array) => Uint8Array) | undefined;
}

export interface MemoryRemoteDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * A remote in memory, with the manners of GCS that matter to sync: generations are random and do not rise, only the
 * live generation of a name can be read, and pages end where the remote likes.
 */
export class MemoryRemote implements Remote {
  readonly hooks: RemoteHooks = {};
  readonly #deps: MemoryRemoteDeps;
  readonly #pageMax: number;
  readonly #buckets = new Map<BucketName, StoredBucket>();
  #calls = 0;

  constructor(deps: MemoryRemoteDeps, settings: { readonly pageMax?: number } = {}) {
    this.#deps = deps;
    this.#pageMax = Math.min(settings.pageMax ?? LIST_MAX, LIST_MAX);
  }

  createBucket(name: BucketName, resource: Readonly<Record<string, unknown>> = {}): void {
    const timeCreated = new Date(this.#deps.clock.nowMs()).toISOString();
    const defaults = { kind: 'storage#bucket', id: name, name, location: 'US', storageClass: 'STANDARD', timeCreated };
    const rest = { updated: timeCreated, metageneration: '1', etag: 'CAE=', projectNumber: '1' };
    this.#buckets.set(name, { resource: { ...defaults, ...rest, ...resource }, objects: new Map(), sorted: undefined });
  }

  deleteBucket(name: BucketName): void {
    this.#buckets.delete(name);
  }

  /** Puts a new generation; answers its state. */
  put(
    bucket: BucketName,
    name: ObjectName,
    content: Uint8Array | string,
    attributes: Partial<ObjectState> = {},
  ): ObjectState {
    const bytes = typeof content === 'string' ? Buffer.from(content) : Uint8Array.from(content);
    const nowMs = this.#deps.clock.nowMs();
    const minted = this.#mint();
    const state: ObjectState = {
      contentType: 'application/octet-stream',
      storageClass: 'STANDARD',
      generation: minted,
      metageneration: 1n,
      size: bytes.length,
      crc32c: crc32c(bytes),
      md5: new Uint8Array(createHash('md5').update(bytes).digest()),
      etag: etagOf(minted, 1n),
      timeCreatedMs: nowMs,
      updatedMs: nowMs,
      timeStorageClassUpdatedMs: nowMs,
      timeFinalizedMs: nowMs,
      content: { kind: 'remote' },
      ...attributes,
    };
    this.#store(bucket, { name, state, bytes });
    return state;
  }

  /** Changes attributes: the generation stays, the metageneration rises. */
  patch(bucket: BucketName, name: ObjectName, attributes: ObjectAttributes): ObjectState {
    const { state, bytes } = this.#required(bucket, name);
    const metageneration = state.metageneration + 1n;
    const stamps = {
      metageneration,
      etag: etagOf(state.generation, metageneration),
      updatedMs: this.#deps.clock.nowMs(),
    };
    const patched: ObjectState = { ...state, ...attributes, ...stamps };
    this.#store(bucket, { name, state: patched, bytes });
    return patched;
  }

  /** Nothing happens when it is gone. */
  delete(bucket: BucketName, name: ObjectName): void {
    const stored = this.#bucket(bucket);
    stored.objects.delete(name);
    stored.sorted = undefined;
  }

  /** The live bytes of a name, past every hook and not counted as a call. */
  peek(bucket: BucketName, name: ObjectName): { readonly state: ObjectState; readonly bytes: Uint8Array } | undefined {
    return this.#bucket(bucket).objects.get(name);
  }

  async listBuckets(signal: AbortSignal): Promise<readonly RemoteBucket[]> {
    await this.#called({ kind: 'listBuckets' }, signal);
    return [...this.#buckets].map(([name, { resource }]) => ({ name, resource }));
  }

  async getBucket(bucket: BucketName, signal: AbortSignal): Promise<RemoteBucket | undefined> {
    await this.#called({ kind: 'getBucket', bucket }, signal);
    const stored = this.#buckets.get(bucket);
    return stored && { name: bucket, resource: stored.resource };
  }

  async listObjects(bucket: BucketName, request: ListRequest, signal: AbortSignal): Promise<ListPage> {
    await this.#called({ kind: 'listObjects', bucket, request }, signal);
    const stored = this.#bucket(bucket);
    stored.sorted ??= [...stored.objects.keys()].toSorted(compareUtf8);
    const names = stored.sorted;
    const limit = Math.min(request.maxResults ?? LIST_MAX, this.#pageMax);
    const page: RemoteObject[] = [];
    for (let index = firstListed(names, request); index < names.length; index += 1) {
      const name = names[index] ?? '';
      if (!isListed(name, request)) break;
      if (page.length === limit) return { objects: page, nextPageToken: tokenAfter(page) };
      page.push({ name, state: this.#required(bucket, name).state });
    }
    return { objects: page };
  }

  async getObject(bucket: BucketName, name: ObjectName, signal: AbortSignal): Promise<RemoteObject | undefined> {
    await this.#called({ kind: 'getObject', bucket, name }, signal);
    const object = this.#buckets.get(bucket)?.objects.get(name);
    return object && { name, state: object.state };
  }

  async *readRange(request: ReadRequest, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { bucket, name, range } = request;
    await this.#called({ kind: 'readRange', bucket, request }, signal);
    const object = this.#required(bucket, name);
    if (object.state.generation !== request.generation) throw notFound(bucket, name);
    if (range.end > object.bytes.length) {
      throw new StraitError('rangeNotSatisfiable', `${name} has ${object.bytes.length} bytes`, {
        size: object.bytes.length,
      });
    }
    for (let start = range.start; start < range.end; start += CHUNK_BYTES) {
      signal.throwIfAborted();
      const end = Math.min(start + CHUNK_BYTES, range.end);
      const chunk = object.bytes.slice(start, end);
      yield this.hooks.alterChunk?.(request, chunk) ?? chunk;
      await this.hooks.afterChunk?.(request, end - range.start);
    }
  }

  /** It has live versions and no folders, and rolls nothing up. */
  async listPage(bucket: BucketName, request: PageRequest, signal: AbortSignal): Promise<PrefixedPage> {
    const { delimiter, matchGlob, filter } = request;
    if ([delimiter, matchGlob, filter].some((text) => text !== undefined)) {
      throw new StraitError('unsupported', 'this remote lists whole names', { feature: 'delimiter' });
    }
    return { ...(await this.listObjects(bucket, request, signal)), prefixes: [] };
  }

  /** Of all resources this remote has buckets alone as the API tells them. */
  async getResource(request: ResourceRequest, signal: AbortSignal): Promise<ResourceAnswer> {
    await this.#called({ kind: 'getResource', request }, signal);
    const [collection, name = '', ...below] = request.path;
    const stored = collection === 'b' && below.length === 0 ? this.#buckets.get(name) : undefined;
    if (stored !== undefined) return { status: 200, resource: stored.resource };
    const message = 'Not Found';
    const errors = [{ message, domain: 'global', reason: 'notFound' }];
    return { status: 404, resource: { error: { code: 404, message, errors } } };
  }

  callCount(): number {
    return this.#calls;
  }

  async close(): Promise<void> {}

  async #called(call: RemoteCall, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#calls += 1;
    await this.hooks.beforeCall?.(call);
    signal.throwIfAborted();
  }

  #bucket(name: BucketName): StoredBucket {
    const stored = this.#buckets.get(name);
    if (stored === undefined) throw new StraitError('bucketNotFound', `no bucket ${name}`, { bucket: name });
    return stored;
  }

  #required(bucket: BucketName, name: ObjectName): StoredObject {
    const object = this.#buckets.get(bucket)?.objects.get(name);
    if (object === undefined) throw notFound(bucket, name);
    return object;
  }

  #store(bucket: BucketName, object: StoredObject): void {
    const stored = this.#bucket(bucket);
    if (!stored.objects.has(object.name)) stored.sorted = undefined;
    stored.objects.set(object.name, object);
  }

  /** Like GCS's numbers in size and, on purpose, in nothing else: neither rising nor near the present. */
  #mint(): Generation {
    return generation(1_000_000_000_000_000n + BigInt(Math.floor(this.#deps.random.unit() * 2 ** 52)));
  }
}

/** The index of the first name a listing may hold: all listed names follow it without gaps. */
function firstListed(names: readonly ObjectName[], { prefix = '', startOffset = '', pageToken }: ListRequest): number {
  const after = pageToken === undefined ? '' : Buffer.from(pageToken, 'base64url').toString();
  const isBefore = (name: ObjectName) =>
    compareUtf8(name, prefix) < 0 ||
    compareUtf8(name, startOffset) < 0 ||
    (pageToken !== undefined && compareUtf8(name, after) <= 0);
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(names[middle] ?? '')) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isListed(name: ObjectName, { prefix = '', endOffset }: ListRequest): boolean {
  return name.startsWith(prefix) && (endOffset === undefined || compareUtf8(name, endOffset) < 0);
}

/** The remote's own secret: the last name handed out. */
function tokenAfter(page: readonly RemoteObject[]): string {
  return Buffer.from(page.at(-1)?.name ?? '').toString('base64url');
}

function compareUtf8(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function etagOf(minted: Generation, metageneration: bigint): string {
  return Buffer.from(`${minted}/${metageneration}`).toString('base64');
}

function notFound(bucket: BucketName, name: ObjectName): StraitError {
  return new StraitError('objectNotFound', `no object gs://${bucket}/${name}`, { bucket, object: name });
}
