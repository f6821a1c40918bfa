import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32cOf } from '../../src/apps/demo/replay/plan.ts';

interface FakeObject {
  readonly bytes: Uint8Array;
  readonly generation: number;
}

/** What to do with the next uploads: serve them, refuse them, or store them and lose the answer. */
export type UploadFate = 'served' | 'refused' | 'answerLost';

/**
 * A bucket in memory behind the few calls that readers and the replayer make: list (with pages), metadata, media
 * download, multipart upload with `ifGenerationMatch`. It keeps no other rule of GCS; tests break it on purpose.
 */
export class FakeGcs {
  readonly objects = new Map<string, FakeObject>();
  readonly bucket: string;
  /** Objects a page. */
  pageSize = 100;
  /** Names whose download answers 503. */
  readonly unavailable = new Set<string>();
  /** Downloads and uploads so far, refused ones included. */
  downloads = 0;
  posts = 0;
  /** Fates of the next uploads, first come first served; `served` after that. */
  readonly fates: UploadFate[] = [];
  /** Names in the order in which uploads were stored. */
  readonly stored: string[] = [];
  readonly #server: Server;
  #nextGeneration = 1;

  constructor(bucket: string) {
    this.bucket = bucket;
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://fake');
      if (request.method === 'POST') void this.#post(request, url, response);
      else this.#answer(url, response);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  put(name: string, bytes: Uint8Array): void {
    this.objects.set(name, { bytes, generation: this.#nextGeneration });
    this.#nextGeneration += 1;
  }

  #answer(url: URL, response: ServerResponse): void {
    const [, bucket, , name] = /^\/storage\/v1\/b\/([^/]+)\/o(\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (bucket !== this.bucket) response.writeHead(404).end();
    else if (name === undefined) this.#list(url, response);
    else if (url.searchParams.get('alt') !== 'media') this.#metadata(decodeURIComponent(name), response);
    else this.#media(decodeURIComponent(name), response);
  }

  #list(url: URL, response: ServerResponse): void {
    const prefix = url.searchParams.get('prefix') ?? '';
    const after = url.searchParams.get('pageToken') ?? '';
    const names = [...this.objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
    const page = names.slice(0, this.pageSize);
    const items = page.map((name) => describe(name, this.objects.get(name) ?? { bytes: Buffer.of(), generation: 0 }));
    const rest = names.length > page.length ? { nextPageToken: page.at(-1) } : {};
    json(response, 200, { items, ...rest });
  }

  #metadata(name: string, response: ServerResponse): void {
    const object = this.objects.get(name);
    if (object === undefined) json(response, 404, { error: { code: 404, message: 'No such object' } });
    else json(response, 200, describe(name, object));
  }

  async #post(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    if (url.pathname === '/storage/v1/b') return json(response, 200, { name: this.bucket });
    this.posts += 1;
    const fate = this.fates.shift() ?? 'served';
    if (fate === 'refused') return json(response, 503, { error: { code: 503, message: 'try again' } });
    const bytes = mediaPart(body, request.headers['content-type'] ?? '');
    const name = url.searchParams.get('name') ?? '';
    const found = this.objects.get(name)?.generation ?? 0;
    const wanted = url.searchParams.get('ifGenerationMatch');
    if (wanted !== null && Number(wanted) !== found) {
      return json(response, 412, { error: { code: 412, message: 'conditionNotMet' } });
    }
    this.put(name, bytes);
    this.stored.push(name);
    if (fate === 'answerLost') return void request.socket.destroy();
    const object = this.objects.get(name);
    if (object !== undefined) json(response, 200, describe(name, object));
  }

  #media(name: string, response: ServerResponse): void {
    this.downloads += 1;
    const object = this.objects.get(name);
    if (this.unavailable.has(name)) response.writeHead(503).end();
    else if (object === undefined) response.writeHead(404).end('No such object');
    else {
      const headers = {
        'x-goog-hash': `crc32c=${crc32cOf(object.bytes)}`,
        'x-goog-generation': `${object.generation}`,
      };
      response.writeHead(200, headers).end(object.bytes);
    }
  }
}

function describe(name: string, { bytes, generation }: FakeObject) {
  return { name, generation: String(generation), size: String(bytes.byteLength), crc32c: crc32cOf(bytes) };
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** The second part of a multipart/related body: the first one is metadata, which this bucket does not keep. */
function mediaPart(body: Buffer, contentType: string): Buffer {
  const boundary = `--${/boundary="?([^";]+)/.exec(contentType)?.[1]}`;
  const second = body.indexOf(boundary, boundary.length);
  const end = body.lastIndexOf(`\r\n${boundary}--`);
  return Buffer.from(body.subarray(body.indexOf('\r\n\r\n', second) + 4, end));
}
