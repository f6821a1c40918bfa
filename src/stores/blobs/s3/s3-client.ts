import { type Dispatcher, Pool } from 'undici';
import { StraitError } from '../../../model/errors.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { Random } from '../../../runtime/random.ts';
import { type S3Keys, sha256, signRequest } from './sign-request.ts';

export interface S3ClientDeps {
  readonly clock: Clock;
  readonly random: Random;
}

export interface S3ClientSettings {
  readonly endpoint: string;
  readonly bucket: string;
  readonly keys: S3Keys;
  readonly connectionsMax: number;
}

/** The bucket is in the path, keys are hex digits and slashes: nothing here needs escaping but query values. */
export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly Uint8Array[];
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Body = Dispatcher.ResponseData['body'];

const ATTEMPTS_MAX = 5;
const FIRST_DELAY_MS = 50;
const IDLE_TIMEOUT_MS = 30_000;

class TransientS3Failure extends Error {}

/** Signed requests to one bucket of an S3 endpoint, retried while the endpoint is overloaded or out of reach. */
export class S3Client {
  readonly #deps: S3ClientDeps;
  readonly #settings: S3ClientSettings;
  readonly #pool: Pool;
  readonly #host: string;

  constructor(deps: S3ClientDeps, settings: S3ClientSettings) {
    const { origin, host } = new URL(settings.endpoint);
    this.#deps = deps;
    this.#settings = settings;
    this.#host = host;
    this.#pool = new Pool(origin, { connections: settings.connectionsMax, pipelining: 1 });
  }

  /**
   * Sends, retries what is transient, and answers with the whole body. Statuses in `accepted` are answers; any other is
   * `unavailable`. A request that is not idempotent by its conditions must accept the status its own repeat gets.
   */
  async send(request: S3Request, accepted: readonly number[]): Promise<S3Answer> {
    return await this.retried(async () => {
      const { status, headers, body } = await this.#once(request);
      const bytes = await readAll(body);
      if (accepted.includes(status)) return { status, headers, body: bytes };
      throw failureOf(request, status, bytes);
    });
  }

  /** One try whose body streams: the caller reads or destroys it. Statuses other than 206 and 404 throw. */
  async stream(request: S3Request): Promise<{ readonly status: number; readonly body: Body }> {
    const { status, body } = await this.#once(request);
    if (status === 206 || status === 404) return { status, body };
    throw failureOf(request, status, await readAll(body));
  }

  /** Tries again after transient failures; `unavailable` in the end. */
  async retried<T>(attempt: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (failures >= ATTEMPTS_MAX) {
          throw new StraitError('unavailable', `the S3 store failed: ${error.message}`, {}, { cause: error });
        }
        await this.#deps.clock.sleep(this.#deps.random.unit() * FIRST_DELAY_MS * 2 ** failures);
      }
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #once({ method, key, query = {}, headers = {}, body = [] }: S3Request) {
    const { keys, bucket } = this.#settings;
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const path = `/${bucket}${key === '' ? '' : `/${key}`}`;
    const unsigned = { method, host: this.#host, path, query: pairs, headers, payloadSha256: sha256(...body) };
    const signed = signRequest(unsigned, keys, this.#deps.clock.nowMs());
    try {
      const response = await this.#pool.request({
        method,
        path: pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
        headers: signed,
        body: method === 'PUT' || method === 'POST' ? Buffer.concat(body) : null,
        headersTimeout: IDLE_TIMEOUT_MS,
        bodyTimeout: IDLE_TIMEOUT_MS,
      });
      const single = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
      return { status: response.statusCode, headers: Object.fromEntries(single), body: response.body };
    } catch (error) {
      throw new TransientS3Failure(`${method} ${path}: ${String(error)}`, { cause: error });
    }
  }
}

/** The connection or the server gave out: undici's and the system's errors carry a code, ours are named. */
export function isTransient(error: unknown): error is Error {
  if (error instanceof TransientS3Failure) return true;
  return error instanceof Error && 'code' in error && /^(UND_ERR_|E[A-Z]+$)/.test(String(error.code));
}

/** The text of the first `<name>` element. Only for elements that hold ids, tags and numbers. */
export function xmlText(xml: string, name: string): string | undefined {
  return xmlTexts(xml, name)[0];
}

export function xmlTexts(xml: string, name: string): readonly string[] {
  const matches = xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'));
  return [...matches].map(([, text = '']) => text.replaceAll('&quot;', '"').replaceAll('&#34;', '"'));
}

async function readAll(body: Body): Promise<Buffer> {
  return Buffer.from(await body.arrayBuffer());
}

function failureOf({ method, key }: S3Request, status: number, body: Buffer): Error {
  const text = body.toString('utf8', 0, 2000);
  const said = `${method} ${key} answered ${status} ${xmlText(text, 'Code') ?? ''} ${xmlText(text, 'Message') ?? ''}`;
  const isOverload = status === 429 || status === 408 || status === 409 || status >= 500;
  if (isOverload) return new TransientS3Failure(said);
  return new StraitError('unavailable', `the S3 store refused: ${said}`, {});
}
