import { crc32c } from '@node-rs/crc32';
import { Agent, type Dispatcher, request } from 'undici';
import { MissingFileError } from '../formats/source.ts';
import { asFields, asList, asNumber, asText, optionalText } from '../formats/values.ts';

/** A site as any GCS client sees it: JSON API lists and media downloads over HTTP, nothing else. */

/** The site gave no answer that says anything about the data: 429, 5xx, a reset, a refused connection. */
export class SiteUnavailableError extends Error {
  override readonly name = 'SiteUnavailableError';
}

export interface ListedObject {
  readonly name: string;
  readonly generation: string;
  readonly size: number;
  readonly crc32c: string;
}

/** What a download turned out to be. */
export interface Download {
  readonly generation: string;
  readonly size: number;
  /** Computed from the bytes. */
  readonly crc32c: string;
  /** What `x-goog-hash` said. */
  readonly statedCrc32c: string | undefined;
  /** The content, when it was asked for. */
  readonly bytes: Uint8Array | undefined;
}

const TIMEOUT_MS = 30_000;
const LIST_FIELDS = 'items(name,generation,size,crc32c),nextPageToken';

export class SiteHttp {
  readonly baseUrl: string;
  readonly #agent: Agent;

  constructor(baseUrl: string) {
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    this.#agent = new Agent({ connections: 8, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** Every object under a prefix, all pages. Undefined when the bucket is not there. */
  async list(bucket: string, prefix: string): Promise<readonly ListedObject[] | undefined> {
    const objects: ListedObject[] = [];
    for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
      const query = new URLSearchParams({ prefix, fields: LIST_FIELDS, ...(pageToken === '' ? {} : { pageToken }) });
      const answer = await this.#get(`/storage/v1/b/${encodeURIComponent(bucket)}/o?${query}`);
      if (answer.statusCode === 404) {
        await answer.body.dump();
        return undefined;
      }
      const page = asFields(await bodyJson(answer), 'list answer');
      objects.push(...asList(page['items']).map(parseListed));
      pageToken = optionalText(page['nextPageToken']);
    }
    return objects;
  }

  /** Downloads an object, computing its checksum on the way; keeps the bytes only if `keep`. */
  async download(bucket: string, name: string, keep: boolean): Promise<Download> {
    const path = `/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}?alt=media`;
    const answer = await this.#get(path);
    if (answer.statusCode === 404) {
      await answer.body.dump();
      throw new MissingFileError(name);
    }
    let running = 0;
    let size = 0;
    const chunks: Buffer[] = [];
    try {
      for await (const part of answer.body) {
        const chunk = Buffer.from(part);
        running = crc32c(chunk, running);
        size += chunk.byteLength;
        if (keep) chunks.push(chunk);
      }
    } catch (cause) {
      throw new SiteUnavailableError(`${name}: the download broke off`, { cause });
    }
    return {
      generation: headerText(answer.headers['x-goog-generation']) ?? '',
      size,
      crc32c: base64Of(running),
      statedCrc32c: /(?:^|[\s,])crc32c=([^,\s]+)/.exec(headerText(answer.headers['x-goog-hash']) ?? '')?.[1],
      bytes: keep ? Buffer.concat(chunks) : undefined,
    };
  }

  /** Any JSON document of the site, for `/admin/v1/status`. Undefined when there is none. */
  async json(path: string): Promise<unknown> {
    const answer = await this.#get(path);
    if (answer.statusCode !== 404) return await bodyJson(answer);
    await answer.body.dump();
    return undefined;
  }

  async #get(path: string): Promise<Dispatcher.ResponseData> {
    let answer: Dispatcher.ResponseData;
    try {
      answer = await request(`${this.baseUrl}${path}`, { dispatcher: this.#agent });
    } catch (cause) {
      throw new SiteUnavailableError(`${this.baseUrl} does not answer`, { cause });
    }
    const { statusCode } = answer;
    if (statusCode === 200 || statusCode === 404) return answer;
    const text = await answer.body.text().catch(() => '');
    const message = `GET ${path} answered ${statusCode}: ${text.slice(0, 200)}`;
    if (statusCode === 429 || statusCode >= 500) throw new SiteUnavailableError(message);
    throw new Error(message);
  }
}

async function bodyJson(answer: Dispatcher.ResponseData): Promise<unknown> {
  let text: string;
  try {
    text = await answer.body.text();
  } catch (cause) {
    throw new SiteUnavailableError('the answer broke off', { cause });
  }
  return JSON.parse(text);
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

export function base64Of(checksum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(checksum >>> 0);
  return bytes.toString('base64');
}

function parseListed(value: unknown): ListedObject {
  const item = asFields(value, 'listed object');
  return {
    name: asText(item['name'], 'name'),
    generation: asText(item['generation'], 'generation'),
    size: asNumber(Number(item['size']), 'size'),
    crc32c: asText(item['crc32c'], 'crc32c'),
  };
}
