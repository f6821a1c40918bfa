import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectAttributes, ObjectState } from '../../src/model/object.ts';
import { MemoryRemote } from '../../src/remotes/memory/memory-remote.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { seededRandom } from '../../src/runtime/random.ts';

/** What the server does instead of answering well. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string; readonly retryAfter?: string }
  /** Sends this much of the answer, then resets the connection, stays silent, or ends it. */
  | { readonly kind: 'reset' | 'stall' | 'end'; readonly afterBytes: number }
  | { readonly kind: 'garbage' }
  /** Answers a range with other bytes than were asked for, and says so; or with the whole object and 200. */
  | { readonly kind: 'otherRange' | 'ignoreRange' };

export interface ScriptedRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/**
 * The part of the GCS JSON API that a remote reads, over objects in memory, with faults on demand. Written from the
 * discovery document, apart from our gateway, so that the two cannot share a misunderstanding.
 */
export class ScriptedGcs {
  readonly objects = new MemoryRemote({ clock: systemClock, random: seededRandom(7) }, { pageMax: 4 });
  readonly requests: ScriptedRequest[] = [];
  /** Taken one by one, one a request; then all is well. */
  faults: (Fault | undefined)[] = [];
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response));

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    this.requests.push({ path, headers: request.headers });
    const fault = this.faults.shift();
    if (fault?.kind === 'status') {
      const retryAfter = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      response.writeHead(fault.status, retryAfter).end(fault.body ?? '');
      return;
    }
    if (fault?.kind === 'garbage') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('<html>welcome</html>');
      return;
    }
    const answer = await this.#answer(path, request, fault);
    response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
    if (fault !== undefined && 'afterBytes' in fault) await cutOff(response, answer.body, fault);
    else response.end(answer.body);
  }

  async #answer(path: string, request: IncomingMessage, fault: Fault | undefined): Promise<Answer> {
    const [raw = '', search = ''] = path.split('?', 2);
    const query = new URLSearchParams(search);
    const [, , version, b, bucket, o, name] = raw.split('/').map(decodeURIComponent);
    const signal = new AbortController().signal;
    if (version !== 'v1' || b !== 'b') return notFound;
    if (bucket === undefined) {
      return json({ items: (await this.objects.listBuckets(signal)).map(({ resource }) => resource) });
    }
    const found = await this.objects.getBucket(bucket, signal);
    if (found === undefined) return notFound;
    if (o === undefined) return json(found.resource);
    if (name === undefined) return await this.#list(bucket, query);
    const object = this.objects.peek(bucket, name);
    const wanted = query.get('generation');
    if (object === undefined || (wanted !== null && wanted !== String(object.state.generation))) return notFound;
    if (query.get('alt') === 'media') return media(object, request, fault);
    return json(select(resourceOf(bucket, name, object.state), query.get('fields') ?? ''));
  }

  async #list(bucket: string, query: URLSearchParams): Promise<Answer> {
    const text = (key: string) => {
      const value = query.get(key);
      return value === null ? {} : { [key]: value };
    };
    const request = { ...text('prefix'), ...text('startOffset'), ...text('endOffset'), ...text('pageToken') };
    const maxResults = Number(query.get('maxResults') ?? 1000);
    const page = await this.objects.listObjects(bucket, { ...request, maxResults }, new AbortController().signal);
    const fields = /items\((.*)\)/.exec(query.get('fields') ?? '')?.[1] ?? '';
    const items = page.objects.map(({ name, state }) => select(resourceOf(bucket, name, state), fields));
    // An empty page has no items at all, as GCS answers it.
    return json({ ...(items.length > 0 && { items }), nextPageToken: page.nextPageToken });
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const NOT_FOUND = { code: 404, message: 'Not Found', errors: [{ message: 'Not Found', reason: 'notFound' }] };
const notFound: Answer = {
  status: 404,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify({ error: NOT_FOUND })),
};

function json(value: unknown): Answer {
  const headers = { 'content-type': 'application/json; charset=UTF-8' };
  return { status: 200, headers, body: Buffer.from(JSON.stringify(value)) };
}

function select(resource: Readonly<Record<string, unknown>>, fields: string) {
  const wanted = new Set(fields.split(','));
  return Object.fromEntries(Object.entries(resource).filter(([key]) => wanted.has(key)));
}

type StoredObject = { readonly state: ObjectState; readonly bytes: Uint8Array };

function media({ state, bytes }: StoredObject, request: IncomingMessage, fault: Fault | undefined): Answer {
  const generation = { 'x-goog-generation': String(state.generation) };
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  if (from === '' || fault?.kind === 'ignoreRange')
    return { status: 200, headers: generation, body: Buffer.from(bytes) };
  const shift = fault?.kind === 'otherRange' ? 1 : 0;
  const [start, end] = [Number(from) - shift, Math.min(Number(to) + 1, bytes.length) - shift];
  if (start >= bytes.length) {
    return { status: 416, headers: { 'content-range': `bytes */${bytes.length}` }, body: Buffer.alloc(0) };
  }
  const acceptsGzip = String(request.headers['accept-encoding']).includes('gzip');
  if (state.contentEncoding === 'gzip' && !acceptsGzip) throw new Error('this server would decompress');
  const headers = { ...generation, 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` };
  return { status: 206, headers, body: Buffer.from(bytes.subarray(start, end)) };
}

type CutOff = Extract<Fault, { readonly afterBytes: number }>;

async function cutOff(response: ServerResponse, body: Buffer, fault: CutOff): Promise<void> {
  response.write(body.subarray(0, fault.afterBytes));
  await sleep(10);
  if (fault.kind === 'reset') response.socket?.resetAndDestroy();
  else if (fault.kind === 'end') response.socket?.end();
}

const time = (ms: number) => new Date(ms).toISOString();

/** The Object resource, written out by hand from the discovery document. */
function resourceOf(bucket: string, name: string, state: ObjectState): Readonly<Record<string, unknown>> {
  const { opaque, contentType, contentEncoding, cacheControl, contentLanguage, contentDisposition }: ObjectAttributes =
    state;
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(state.crc32c);
  const resource: Readonly<Record<string, unknown>> = {
    kind: 'storage#object',
    id: `${bucket}/${name}/${state.generation}`,
    selfLink: 'https://www.googleapis.com/storage/v1/…',
    mediaLink: 'https://storage.googleapis.com/download/…',
    bucket,
    name,
    generation: String(state.generation),
    metageneration: String(state.metageneration),
    size: String(state.size),
    crc32c: crc.toString('base64'),
    md5Hash: state.md5 === undefined ? undefined : Buffer.from(state.md5).toString('base64'),
    etag: state.etag,
    timeCreated: time(state.timeCreatedMs),
    updated: time(state.updatedMs),
    timeStorageClassUpdated: time(state.timeStorageClassUpdatedMs),
    timeFinalized: state.timeFinalizedMs === undefined ? undefined : time(state.timeFinalizedMs),
    customTime: state.customTimeMs === undefined ? undefined : time(state.customTimeMs),
    ...{ contentType, contentEncoding, cacheControl, contentLanguage, contentDisposition },
    storageClass: state.storageClass,
    metadata: state.metadata,
    temporaryHold: state.temporaryHold,
    eventBasedHold: state.eventBasedHold,
    componentCount: state.componentCount,
    contexts: state.contexts === undefined ? undefined : { custom: customContexts(state.contexts) },
    kmsKeyName: state.encryption?.kind === 'kms' ? state.encryption.keyName : undefined,
    ...opaque,
  };
  return Object.fromEntries(Object.entries(resource).filter(([, value]) => value !== undefined));
}

function customContexts(contexts: NonNullable<ObjectAttributes['contexts']>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(contexts).map(([key, { createTimeMs, updateTimeMs, ...rest }]) => [
    key,
    { ...rest, createTime: time(createTimeMs ?? 0), updateTime: time(updateTimeMs ?? 0) },
  ]);
  return Object.fromEntries(entries);
}
