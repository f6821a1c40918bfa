import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32cOf } from '../../src/apps/demo/replay/plan.ts';

interface FakeObject {
  readonly bytes: Uint8Array;
  readonly generation: number;
}

/**
 * A bucket in memory behind the two calls a reader makes: list (with pages) and media download. It keeps no rule of GCS
 * beyond these; tests break it on purpose through `objects` and `unavailable`.
 */
export class FakeGcs {
  readonly objects = new Map<string, FakeObject>();
  readonly bucket: string;
  /** Objects a page. */
  pageSize = 100;
  /** Names whose download answers 503. */
  readonly unavailable = new Set<string>();
  /** Downloads so far. */
  downloads = 0;
  readonly #server: Server;
  #nextGeneration = 1;

  constructor(bucket: string) {
    this.bucket = bucket;
    this.#server = createServer((request, response) => {
      this.#answer(new URL(request.url ?? '/', 'http://fake'), response);
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
    else this.#media(decodeURIComponent(name), response);
  }

  #list(url: URL, response: ServerResponse): void {
    const prefix = url.searchParams.get('prefix') ?? '';
    const after = url.searchParams.get('pageToken') ?? '';
    const names = [...this.objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
    const page = names.slice(0, this.pageSize);
    const items = page.map((name) => {
      const { bytes, generation } = this.objects.get(name) ?? { bytes: new Uint8Array(), generation: 0 };
      return { name, generation: String(generation), size: String(bytes.byteLength), crc32c: crc32cOf(bytes) };
    });
    const rest = names.length > page.length ? { nextPageToken: page.at(-1) } : {};
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items, ...rest }));
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
