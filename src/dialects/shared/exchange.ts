import type { IncomingMessage, ServerResponse } from 'node:http';
import { StraitError } from '../../model/errors.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type HttpReply, type HttpRequest, isStream, type RequestHeaders, type RequestTrace } from './http-message.ts';
import { parseTarget, type Target } from './target.ts';

/** The client closed its connection before its request ended. Nobody is left to be told. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

const METHODS_BY_OVERRIDE: ReadonlySet<string> = new Set(['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD']);
const HOST = /^[A-Za-z0-9._~:[\]-]{1,255}$/;

/**
 * One request and its answer on a connection. It knows at any time whether we wait for the client, and since when, so
 * that one sweep over all exchanges finds the stalled ones without a timer per chunk.
 */
export class Exchange implements HttpRequest {
  readonly id: string;
  readonly startedMs: number;
  readonly trace: RequestTrace = { operation: 'unknown' };
  readonly body: AsyncIterable<Uint8Array>;
  bytesIn = 0;
  bytesOut = 0;
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #expectsContinue: boolean;
  #target: Target | undefined;
  #abort: AbortController | undefined;
  #isGone = false;
  #isContinued = false;
  #waitingSinceMs: number | undefined;
  #stall: StraitError<'requestTimeout'> | undefined;
  #wake: (() => void) | undefined;

  constructor(parts: ExchangeParts) {
    this.id = parts.id;
    this.#incoming = parts.incoming;
    this.#response = parts.response;
    this.#clock = parts.clock;
    this.#expectsContinue = parts.expectsContinue;
    this.startedMs = parts.clock.monotonicMs();
    this.body = { [Symbol.asyncIterator]: () => this.#readBody() };
    parts.response.on('close', () => {
      if (parts.response.writableFinished) return;
      this.#isGone = true;
      this.#abort?.abort(new ClientGone('the client closed the connection'));
      this.#wake?.();
    });
  }

  get method(): string {
    const method = this.#incoming.method ?? 'GET';
    const override = this.headers['x-http-method-override']?.toUpperCase();
    return method === 'POST' && override !== undefined && METHODS_BY_OVERRIDE.has(override) ? override : method;
  }

  get target(): Target {
    this.#target ??= parseTarget(this.#incoming.url ?? '/');
    return this.#target;
  }

  get headers(): RequestHeaders {
    return this.#incoming.headers as RequestHeaders;
  }

  get origin(): string {
    const forwarded = this.headers['x-forwarded-proto']?.split(',')[0]?.trim().toLowerCase();
    const { localAddress, localPort } = this.#incoming.socket;
    const host = this.headers['host'] ?? `${localAddress}:${localPort}`;
    if (!HOST.test(host)) {
      throw new StraitError('invalidArgument', 'The Host header is not a host name.', { field: 'Host' });
    }
    return `${forwarded === 'https' ? 'https' : 'http'}://${host}`;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isGone) this.#abort.abort(new ClientGone('the client closed the connection'));
    return this.#abort.signal;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** The whole request has arrived, so the connection is free for the next one. */
  get isReceived(): boolean {
    return this.#incoming.complete;
  }

  get path(): string {
    return (this.#incoming.url ?? '').split('?', 1)[0] ?? '';
  }

  get remoteAddress(): string | undefined {
    return this.#incoming.socket.remoteAddress;
  }

  /**
   * Ends a wait that has lasted `limitMs`: a pending read of the body fails with `requestTimeout` (the answer can still
   * be sent); a client that does not take its answer, or cannot be told, is cut off.
   */
  endStall(limitMs: number): void {
    const since = this.#waitingSinceMs;
    if (since === undefined || this.#clock.monotonicMs() - since < limitMs) return;
    if (this.#stall !== undefined || this.#response.headersSent) {
      this.cut();
      return;
    }
    this.#stall = new StraitError('requestTimeout', `The client sent nothing for ${limitMs} ms.`, {
      waitedMs: limitMs,
    });
    this.#waitingSinceMs = this.#clock.monotonicMs();
    this.#wake?.();
  }

  cut(): void {
    this.#incoming.socket.destroy();
  }

  /** Sends the answer. Rejects, with the connection cut, when a body stream fails after the head was sent. */
  async send(reply: HttpReply, isDraining: boolean): Promise<void> {
    const response = this.#response;
    if (this.#isGone) return await discard(reply);
    if (reply.isReset) {
      this.#incoming.socket.resetAndDestroy();
      return;
    }
    const mustClose = isDraining || this.#stall !== undefined || (this.#expectsContinue && !this.#isContinued);
    const headers = mustClose ? { ...reply.headers, Connection: 'close' } : reply.headers;
    if (reply.statusText === undefined) response.writeHead(reply.status, headers);
    else response.writeHead(reply.status, reply.statusText, headers);
    if (this.#incoming.method === 'HEAD' || reply.body === undefined) {
      response.end();
      await discard(reply);
    } else if (isStream(reply.body)) {
      await this.#sendStream(reply.body);
    } else {
      const chunks = reply.body instanceof Uint8Array ? [reply.body] : reply.body;
      for (const [index, chunk] of chunks.entries()) {
        this.bytesOut += chunk.length;
        if (index === chunks.length - 1) response.end(chunk);
        else if (!response.write(chunk)) await this.#clientTook();
      }
      if (chunks.length === 0) response.end();
    }
    await this.#finished();
  }

  async #sendStream(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of body) {
        this.bytesOut += chunk.length;
        if (!this.#response.write(chunk)) await this.#clientTook();
        if (this.#isGone) return;
      }
      this.#response.end();
    } catch (error) {
      // The client has part of the answer: only a broken connection tells it that the rest is missing.
      this.cut();
      throw error;
    }
  }

  #clientTook(): Promise<void> {
    return this.#waitForClient((resolve) => {
      this.#response.once('drain', resolve);
      return () => this.#response.off('drain', resolve);
    });
  }

  /** Resolves when the answer is handed to the system and the rest of the request has been swallowed. */
  async #finished(): Promise<void> {
    if (!this.#response.writableFinished && !this.#isGone) {
      await this.#waitForClient((resolve) => {
        this.#response.once('finish', resolve);
        return () => this.#response.off('finish', resolve);
      });
    }
    if (this.#incoming.complete || this.#incoming.socket.destroyed || this.#isGone) return;
    // What the handler left unread is swallowed. It counts as one wait, so it cannot go on for ever.
    this.#incoming.resume();
    const { socket } = this.#incoming;
    await this.#waitForClient((resolve) => {
      this.#incoming.once('end', resolve).once('close', resolve);
      socket.once('close', resolve);
      return () => {
        this.#incoming.off('end', resolve).off('close', resolve);
        socket.off('close', resolve);
      };
    });
  }

  async #waitForClient(listen: (resolve: () => void) => () => void): Promise<void> {
    if (this.#isGone) return;
    this.#waitingSinceMs = this.#clock.monotonicMs();
    let stop = () => {};
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      stop = listen(resolve);
    });
    stop();
    this.#wake = undefined;
    this.#waitingSinceMs = undefined;
  }

  async *#readBody(): AsyncGenerator<Uint8Array> {
    const incoming = this.#incoming;
    if (this.#expectsContinue && !this.#isContinued) {
      this.#isContinued = true;
      this.#response.writeContinue();
    }
    for (;;) {
      const chunk = incoming.read() as Buffer | null;
      if (chunk !== null) {
        this.bytesIn += chunk.length;
        yield chunk;
        continue;
      }
      if (incoming.readableEnded) return;
      if (incoming.destroyed || this.#isGone) throw new ClientGone('the client broke off its request');
      await this.#waitForClient((resolve) => {
        incoming.on('readable', resolve).on('end', resolve).on('close', resolve).on('error', resolve);
        return () => incoming.off('readable', resolve).off('end', resolve).off('close', resolve).off('error', resolve);
      });
      if (this.#stall !== undefined) throw this.#stall;
    }
  }
}

/** Lets the source of a stream that will not be sent close what it holds. */
async function discard(reply: HttpReply): Promise<void> {
  if (isStream(reply.body)) await reply.body[Symbol.asyncIterator]().return?.();
}

export interface ExchangeParts {
  readonly id: string;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly clock: Clock;
  /** The client waits for `100 Continue`: it is sent when the body is first wanted. */
  readonly expectsContinue: boolean;
}
