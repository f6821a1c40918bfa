/**
 * Calls of the GCS JSON API over plain HTTP, for tests that are black box: against our own gateway on memory stores,
 * or against the URL in `STRAIT_TEST_URL`.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { type Answer, type CallOptions, httpCall } from './http-call.ts';
import { type MemoryGateway, startMemoryGateway } from './memory-gateway.ts';

export class Gcs {
  #base = '';
  #count = 0;
  readonly #run = Date.now().toString(36);

  get base(): string {
    return this.#base;
  }

  connect(base: string): void {
    this.#base = base;
  }

  call(method: string, path: string, options?: CallOptions): Promise<Answer> {
    return httpCall(this.#base, method, path, options);
  }

  /** A new bucket; its name. */
  async bucket(resource: Readonly<Record<string, unknown>> = {}): Promise<string> {
    this.#count += 1;
    const name = `strait-test-${this.#run}-${process.pid}-${this.#count}`;
    const answer = await this.call('POST', '/storage/v1/b?project=test', { body: { name, ...resource } });
    assert.equal(answer.status, 200, answer.text);
    return name;
  }

  /** Uploads by `uploadType=media`; the resource. */
  async put(bucket: string, name: string, content: Uint8Array | string = name, query = '') {
    const answer = await this.tryPut(bucket, name, content, query);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  }

  tryPut(bucket: string, name: string, content: Uint8Array | string = name, query = ''): Promise<Answer> {
    const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}${query}`;
    return this.call('POST', path, { body: content, headers: { 'Content-Type': 'text/plain' } });
  }

  /** Uploads by `uploadType=multipart`, with what the resource says. */
  insert(bucket: string, resource: Readonly<Record<string, unknown>>, content = '', query = ''): Promise<Answer> {
    const parts = [
      ['application/json', JSON.stringify(resource)],
      [resource['contentType'] ?? 'application/octet-stream', content],
    ].map(([type, part]) => `--part\r\nContent-Type: ${type}\r\n\r\n${part}\r\n`);
    return this.call('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=multipart${query}`, {
      headers: { 'Content-Type': 'multipart/related; boundary=part' },
      body: `${parts.join('')}--part--`,
    });
  }

  get(bucket: string, name: string, query = '', headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call('GET', `${objectPath(bucket, name)}${query}`, { headers });
  }

  media(bucket: string, name: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.get(bucket, name, '?alt=media', headers);
  }

  list(bucket: string, query = ''): Promise<Answer> {
    return this.call('GET', `/storage/v1/b/${bucket}/o${query}`);
  }

  /** Starts a resumable upload; the path and query of its session. */
  async startUpload(bucket: string, name: string, options: StartOptions = {}): Promise<string> {
    const query = `uploadType=resumable&name=${encodeURIComponent(name)}${options.query ?? ''}`;
    const answer = await this.call('POST', `${options.root ?? '/upload/storage/v1'}/b/${bucket}/o?${query}`, {
      body: options.resource ?? {},
      headers: options.headers ?? {},
    });
    assert.equal(answer.status, 200, answer.text);
    const { pathname, search } = new URL(answer.headers.location ?? '');
    return `${pathname}${search}`;
  }

  /** PUT of a chunk on a session. */
  chunk(session: string, range: string, body: Uint8Array | string = '', headers: Record<string, string> = {}) {
    return this.call('PUT', session, { body, headers: { 'Content-Range': range, ...headers } });
  }
}

export interface StartOptions {
  readonly query?: string;
  readonly root?: string;
  readonly resource?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export function objectPath(bucket: string, name: string): string {
  return `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`;
}

/** For a test file: a gateway that runs while its tests do. */
export function gcsForTests(): Gcs {
  const gcs = new Gcs();
  let own: MemoryGateway | undefined;
  before(async () => {
    const url = process.env['STRAIT_TEST_URL'];
    if (url === undefined) own = await startMemoryGateway();
    gcs.connect(url ?? own?.url ?? '');
  });
  after(() => own?.close());
  return gcs;
}

/** The names on a page. */
export function namesOf(page: { readonly items?: readonly { readonly name: string }[] }): readonly string[] {
  return (page.items ?? []).map((item) => item.name);
}
