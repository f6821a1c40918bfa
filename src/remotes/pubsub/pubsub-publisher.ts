import { type Dispatcher, Pool } from 'undici';
import { StraitError } from '../../model/errors.ts';
import type { Publisher, TopicMessage } from '../port.ts';

export interface PubSubDeps {
  /** Gives the headers that say who publishes. */
  readonly credentials: {
    headers(): Promise<Readonly<Record<string, string>>>;
    renew(): void;
  };
}

export interface PubSubSettings {
  /** `https://pubsub.googleapis.com`, or an emulator's URL. */
  readonly endpoint: string;
  readonly timeoutMs: number;
}

const CONNECTIONS_MAX = 16;
const ERROR_BYTES_MAX = 4 * 1024;

/** Cloud Pub/Sub over its REST API, projects.topics.publish; its emulator speaks it too. */
export class PubSubPublisher implements Publisher {
  readonly #deps: PubSubDeps;
  readonly #settings: PubSubSettings;
  readonly #pool: Pool;

  constructor(deps: PubSubDeps, settings: PubSubSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#pool = new Pool(new URL(settings.endpoint).origin, { connections: CONNECTIONS_MAX, pipelining: 1 });
  }

  async publish(topic: string, messages: readonly TopicMessage[], signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({ messages: messages.map(encodeMessage) });
    let response = await this.#post(topic, body, signal);
    if (response.statusCode === 401) {
      await response.body.dump();
      this.#deps.credentials.renew();
      response = await this.#post(topic, body, signal);
    }
    if (response.statusCode === 200) return void (await response.body.dump());
    throw failure(topic, response.statusCode, (await response.body.text()).slice(0, ERROR_BYTES_MAX));
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #post(topic: string, body: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { timeoutMs } = this.#settings;
    try {
      const authorization = await this.#deps.credentials.headers();
      return await this.#pool.request({
        method: 'POST',
        path: `/v1/${topic.split('/').map(encodeURIComponent).join('/')}:publish`,
        headers: { 'content-type': 'application/json', ...authorization },
        body,
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      throw new StraitError('unavailable', `${topic} cannot be reached: ${reason}`, {}, { cause: error });
    }
  }
}

function encodeMessage({ data, attributes }: TopicMessage): object {
  return { ...(data.length === 0 ? {} : { data: Buffer.from(data).toString('base64') }), attributes };
}

function failure(topic: string, status: number, text: string): StraitError {
  const message = `${topic} answered ${status}: ${text}`;
  if (status === 404) return new StraitError('notFound', message, { what: 'topic' });
  if (status === 401 || status === 403) return new StraitError('permissionDenied', message, {});
  return new StraitError('unavailable', message, {});
}
