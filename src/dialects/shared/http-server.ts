import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { StraitError } from '../../model/errors.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { type Random, randomHex } from '../../runtime/random.ts';
import { ClientGone, Exchange } from './exchange.ts';
import { type HttpReply, type HttpRequest, isStream } from './http-message.ts';
import { type RequestMetrics, requestMetrics } from './request-metrics.ts';

export interface HttpServerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface HttpServerSettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The head of a request must arrive within this. */
  readonly headTimeoutMs: number;
  /** An idle connection is kept this long. */
  readonly keepAliveMs: number;
  /** A client that neither sends nor takes a byte for this long, while we wait for it, is cut off. */
  readonly stallTimeoutMs: number;
  /** Requests under way may take this long to end after `close`. */
  readonly drainTimeoutMs: number;
  readonly connectionsMax: number;
}

export const HTTP_SERVER_DEFAULTS: Omit<HttpServerSettings, 'host' | 'port'> = {
  headTimeoutMs: 30_000,
  keepAliveMs: 120_000,
  stallTimeoutMs: 60_000,
  drainTimeoutMs: 20_000,
  connectionsMax: 10_000,
};

/** What answers: an API. `renderError` also serves errors that appear when a body stream is first pulled. */
export interface HttpApp {
  handle(request: HttpRequest): Promise<HttpReply>;
  renderError(error: unknown, request: HttpRequest): HttpReply;
}

const HEAD_BYTES_MAX = 32 * 1024;
/** Small, so that a slow client holds one chunk of its answer and no more. */
const CONNECTION_BUFFER_BYTES = 16 * 1024;

/**
 * The frame around every API on this port: connections, time-outs, draining, one access line and one metric sample a
 * request. Memory per connection is one request head, one chunk in flight and the connection buffer.
 */
export class HttpServer {
  readonly #deps: HttpServerDeps;
  readonly #settings: HttpServerSettings;
  readonly #app: HttpApp;
  readonly #server: Server;
  readonly #metrics: RequestMetrics;
  readonly #logger: Logger;
  readonly #exchanges = new Set<Exchange>();
  /** Connections on which no request has come yet: `node:http` does not count them as idle. */
  readonly #silent = new Set<Socket>();
  readonly #closing = new AbortController();
  readonly #closed = new AbortController();
  readonly #idPrefix: string;
  #requestCount = 0;

  constructor(deps: HttpServerDeps, settings: HttpServerSettings, app: HttpApp) {
    this.#deps = deps;
    this.#settings = settings;
    this.#app = app;
    this.#metrics = requestMetrics(deps.metrics);
    this.#logger = deps.logger.child('http');
    this.#idPrefix = randomHex(deps.random, 6);
    this.#server = createServer({
      maxHeaderSize: HEAD_BYTES_MAX,
      highWaterMark: CONNECTION_BUFFER_BYTES,
      headersTimeout: settings.headTimeoutMs,
      requestTimeout: 0,
      keepAliveTimeout: settings.keepAliveMs,
      connectionsCheckingInterval: Math.min(settings.headTimeoutMs, 5_000),
    });
    this.#server.maxConnections = settings.connectionsMax;
    this.#server.on('connection', (socket) => {
      this.#silent.add(socket);
      socket.once('close', () => this.#silent.delete(socket));
    });
    this.#server.on('request', (incoming, response) => this.#accept(incoming, response, false));
    this.#server.on('checkContinue', (incoming, response) => this.#accept(incoming, response, true));
  }

  /** Resolves when connections are accepted. */
  async listen(): Promise<{ readonly host: string; readonly port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#settings.port, this.#settings.host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    void this.#sweep();
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  get isDraining(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Accepts nothing new, lets requests under way end, and cuts what is left after `drainTimeoutMs`. */
  async close(): Promise<void> {
    if (this.isDraining) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#closing.abort();
    this.#server.closeIdleConnections();
    for (const socket of this.#silent) socket.destroy();
    const drained = new AbortController();
    const cutting = this.#deps.clock
      .sleep(this.#settings.drainTimeoutMs, drained.signal)
      .then(() => this.#server.closeAllConnections());
    await closed;
    drained.abort();
    await cutting;
    this.#closed.abort();
  }

  #accept(incoming: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    this.#silent.delete(incoming.socket);
    this.#requestCount += 1;
    const id = `${this.#idPrefix}-${this.#requestCount.toString(36)}`;
    const exchange = new Exchange({ id, incoming, response, clock: this.#deps.clock, expectsContinue });
    this.#exchanges.add(exchange);
    this.#metrics.started();
    void this.#answer(exchange);
  }

  async #answer(exchange: Exchange): Promise<void> {
    let status = 500;
    try {
      const made = await this.#handle(exchange);
      try {
        const reply = await this.#firstChunk(made, exchange);
        status = reply.status;
        await exchange.send(reply, this.isDraining);
      } finally {
        made.onDone?.();
      }
    } catch (error) {
      this.#logger.log('warn', 'answer broken off', { requestId: exchange.id, reason: String(error) });
      exchange.cut();
    }
    this.#exchanges.delete(exchange);
    this.#record(exchange, exchange.isGone ? 499 : status);
    if (this.isDraining) this.#server.closeIdleConnections();
  }

  async #handle(exchange: Exchange): Promise<HttpReply> {
    try {
      return await this.#app.handle(exchange);
    } catch (error) {
      return this.#renderError(error, exchange);
    }
  }

  /** Pulls the first chunk before the head is sent, so that a source that cannot be read still gets its status. */
  async #firstChunk(reply: HttpReply, exchange: Exchange): Promise<HttpReply> {
    if (!isStream(reply.body)) return reply;
    const chunks = reply.body[Symbol.asyncIterator]();
    if (exchange.isGone) {
      await chunks.return?.();
      return { status: 499, headers: {} };
    }
    try {
      const first = await chunks.next();
      if (first.done === true) return { ...reply, body: new Uint8Array(0) };
      return { ...reply, body: resume(first.value, chunks) };
    } catch (error) {
      return this.#renderError(error, exchange);
    }
  }

  #renderError(error: unknown, exchange: Exchange): HttpReply {
    if (!(error instanceof StraitError) && !(error instanceof ClientGone)) {
      const stack = error instanceof Error ? error.stack : String(error);
      this.#logger.log('error', 'request failed', { requestId: exchange.id, path: exchange.path, stack });
    }
    return this.#app.renderError(error, exchange);
  }

  #record(exchange: Exchange, status: number): void {
    const { operation, bucket, object } = exchange.trace;
    const ms = this.#deps.clock.monotonicMs() - exchange.startedMs;
    const { bytesIn, bytesOut } = exchange;
    this.#metrics.ended({ operation, status, seconds: ms / 1000, bytesIn, bytesOut });
    this.#logger.log('info', 'request', {
      requestId: exchange.id,
      method: exchange.method,
      path: exchange.path,
      operation,
      bucket,
      object,
      status,
      bytesIn,
      bytesOut,
      ms: Math.round(ms * 1000) / 1000,
      remote: exchange.remoteAddress,
    });
  }

  async #sweep(): Promise<void> {
    const { clock } = this.#deps;
    const intervalMs = Math.max(50, Math.min(1_000, this.#settings.stallTimeoutMs / 4));
    while (!this.#closed.signal.aborted) {
      await clock.sleep(intervalMs, this.#closed.signal);
      for (const exchange of this.#exchanges) exchange.endStall(this.#settings.stallTimeoutMs);
    }
  }
}

/** The stream with its first chunk put back. Not a generator: one that was never started would not close `rest`. */
function resume(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  let pending: Uint8Array | undefined = first;
  const chunks: AsyncIterator<Uint8Array> = {
    next() {
      if (pending === undefined) return rest.next();
      const value = pending;
      pending = undefined;
      return Promise.resolve({ done: false, value });
    },
    return: async () => (await rest.return?.()) ?? { done: true, value: undefined },
  };
  return { [Symbol.asyncIterator]: () => chunks };
}
