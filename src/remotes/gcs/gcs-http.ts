import { type Dispatcher, Pool } from 'undici';
import { isStraitError, StraitError } from '../../model/errors.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import type { ResourceAnswer } from '../port.ts';
import { Backoff, type BackoffSettings, TransientFailure } from './backoff.ts';
import type { Credentials } from './credentials.ts';
import { isJsonObject } from './parse-object.ts';

export interface GcsHttpDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly credentials: Credentials;
}

export interface GcsHttpSettings extends BackoffSettings {
  /** Any GCS endpoint: `https://storage.googleapis.com`, or a gateway's URL. */
  readonly endpoint: string;
  readonly connectionsMax: number;
  /** A response that stays silent so long is given up and asked for again. */
  readonly idleTimeoutMs: number;
  /** Pays for reads of buckets whose requesters pay. */
  readonly project?: string;
}

/** An answer whose status the caller knows how to read. */
export interface GcsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Dispatcher.ResponseData['body'];
}

const USER_AGENT = 'strait/0.1';
/** A page of 1,000 objects with 8 KiB of custom metadata each stays far below it. */
const JSON_BYTES_MAX = 64 * 1024 * 1024;
const ERROR_BYTES_MAX = 64 * 1024;
/** What GCS calls overload when it does not say 429. */
const RATE_REASONS = new Set(['rateLimitExceeded', 'userRateLimitExceeded']);

/** GET requests to one GCS endpoint: pooled connections, tokens, retries, and errors in the port's words. */
export class GcsHttp {
  readonly backoff: Backoff;
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #credentials: Credentials;
  readonly #idleTimeoutMs: number;
  readonly #project: string | undefined;
  /** Buckets that would not answer without a project that pays, as paths name them. */
  readonly #paidFor = new Set<string>();
  #calls = 0;

  constructor(deps: GcsHttpDeps, settings: GcsHttpSettings) {
    const { origin, pathname } = new URL(settings.endpoint);
    this.backoff = new Backoff(deps, settings);
    this.#pool = new Pool(origin, { connections: settings.connectionsMax, pipelining: 1 });
    this.#basePath = pathname.replace(/\/$/, '');
    this.#credentials = deps.credentials;
    this.#idleTimeoutMs = settings.idleTimeoutMs;
    this.#project = settings.project;
  }

  get callCount(): number {
    return this.#calls;
  }

  /** A JSON answer; `undefined` for 404. */
  async json(path: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>> | undefined> {
    return await this.backoff.retried(signal, async () => {
      const response = await this.get(path, {}, signal);
      if (response.status === 404) {
        await response.body.dump();
        return undefined;
      }
      if (response.status !== 200) throw failureOf(path, response, await readRefusal(response));
      return parseJson(path, await readText(response.body, JSON_BYTES_MAX));
    });
  }

  /** A JSON answer as it is, refusals included: all but those that another try or other credentials could change. */
  async resource(path: string, signal: AbortSignal): Promise<ResourceAnswer> {
    return await this.backoff.retried(signal, async () => {
      const response = await this.#paid(path, {}, signal);
      const { status } = response;
      if (status === 200) return { status, resource: parseJson(path, await readText(response.body, JSON_BYTES_MAX)) };
      if (status === 304) {
        await response.body.dump();
        return { status, resource: {} };
      }
      const refusal = await readRefusal(response);
      const failure = failureOf(path, response, refusal);
      const isAnswer = isStraitError(failure) && status !== 401 && refusal.resource !== undefined;
      if (!isAnswer || refusal.resource === undefined) throw failure;
      return { status, resource: refusal.resource };
    });
  }

  /**
   * One try. Answers 2xx, 304, 404 and 416; other statuses throw, transient ones as `TransientFailure`. The caller
   * consumes the body or destroys it.
   */
  async get(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<GcsResponse> {
    return await judged(path, await this.#paid(path, headers, signal));
  }

  /** Names the project that pays where nobody answers without: it costs, so that it is named nowhere else. */
  async #paid(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<GcsResponse> {
    const bucket = /\/b\/([^/?]+)/.exec(path)?.[1];
    if (this.#project === undefined || bucket === undefined) return await this.#authorized(path, headers, signal);
    const paying = { ...headers, 'x-goog-user-project': this.#project };
    if (this.#paidFor.has(bucket)) return await this.#authorized(path, paying, signal);
    const free = await this.#authorized(path, headers, signal);
    if (free.status !== 400) return free;
    // Which 400 it is only its text says: it counts as that one when a project mends it.
    await free.body.dump();
    const paid = await this.#authorized(path, paying, signal);
    if (paid.status !== 400) this.#paidFor.add(bucket);
    return paid;
  }

  /** A token may have been withdrawn: 401 is believed the second time. */
  async #authorized(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<GcsResponse> {
    const first = await this.#send(path, headers, signal);
    if (first.status !== 401) return first;
    await first.body.dump();
    this.#credentials.renew();
    return await this.#send(path, headers, signal);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #send(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<GcsResponse> {
    signal.throwIfAborted();
    const authorization = await this.#authorization();
    this.#calls += 1;
    try {
      const {
        statusCode,
        headers: received,
        body,
      } = await this.#pool.request({
        method: 'GET',
        path: `${this.#basePath}${path}`,
        headers: { 'user-agent': USER_AGENT, accept: '*/*', ...authorization, ...headers },
        signal,
        headersTimeout: this.#idleTimeoutMs,
        bodyTimeout: this.#idleTimeoutMs,
      });
      return { status: statusCode, headers: singleHeaders(received), body };
    } catch (error) {
      signal.throwIfAborted();
      throw new TransientFailure(`GET ${path} failed: ${messageOf(error)}`, { cause: error });
    }
  }

  async #authorization(): Promise<Readonly<Record<string, string>>> {
    try {
      return await this.#credentials.headers();
    } catch (error) {
      throw new StraitError('permissionDenied', `no token for the cloud: ${messageOf(error)}`, {}, { cause: error });
    }
  }
}

/** Text of a body, at most `bytesMax` of it; a body that breaks off or is larger is transient. */
async function readText(body: GcsResponse['body'], bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > bytesMax) throw new TransientFailure(`an answer is larger than ${bytesMax} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof TransientFailure) throw error;
    throw new TransientFailure(`an answer broke off: ${messageOf(error)}`, { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(path: string, text: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new TransientFailure(`GET ${path} answered something that is not JSON`, { cause: error });
  }
  if (!isJsonObject(parsed)) throw new TransientFailure(`GET ${path} answered JSON that is not an object`);
  return parsed;
}

async function judged(path: string, response: GcsResponse): Promise<GcsResponse> {
  const { status } = response;
  if ((status >= 200 && status < 300) || status === 304 || status === 404 || status === 416) return response;
  throw failureOf(path, response, await readRefusal(response));
}

interface Refusal {
  readonly message: string;
  readonly reason: string;
  /** The body, when it is one of the API's errors. */
  readonly resource?: Readonly<Record<string, unknown>>;
}

function failureOf(path: string, { status, headers }: GcsResponse, { message, reason }: Refusal): Error {
  const said = `GET ${path} answered ${status}: ${message}`;
  if (status === 408 || status === 429 || status >= 500 || (status === 403 && RATE_REASONS.has(reason))) {
    const seconds = Number(headers['retry-after']);
    return new TransientFailure(said, { retryAfterMs: seconds > 0 ? seconds * 1000 : undefined });
  }
  if (status === 401 || status === 403) return new StraitError('permissionDenied', said, {});
  return new StraitError('invalidArgument', said, {});
}

/** What the API's error body says, or the start of whatever came instead. */
async function readRefusal({ body }: GcsResponse): Promise<Refusal> {
  const text = await readText(body, ERROR_BYTES_MAX).catch((error: unknown) => messageOf(error));
  try {
    const parsed: unknown = JSON.parse(text);
    const error = isJsonObject(parsed) ? parsed['error'] : undefined;
    if (isJsonObject(parsed) && isJsonObject(error)) {
      const [first] = Array.isArray(error['errors']) ? error['errors'] : [];
      const reason = isJsonObject(first) ? String(first['reason']) : '';
      return { message: String(error['message']), reason, resource: parsed };
    }
  } catch {
    // Not JSON: alt=media answers errors in plain text.
  }
  return { message: text.slice(0, 500), reason: '' };
}

function singleHeaders(headers: Record<string, string | string[] | undefined>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );
}

export function messageOf(error: unknown): string {
  if (isStraitError(error) || !(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? `${error.code} ${error.message}` : error.message;
}
