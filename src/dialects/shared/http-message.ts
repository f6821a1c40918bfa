import type { Target } from './target.ts';

/** Names in lower case; of a repeated header, its values joined as `node:http` does. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>;

/** What the access log and the metrics say about a request; whoever knows more fills it in. */
export interface RequestTrace {
  /** The API method, such as `objects.get`: a metric label, so only from a fixed set. */
  operation: string;
  bucket?: string;
  object?: string;
}

export interface HttpRequest {
  readonly id: string;
  /** Upper case; `X-HTTP-Method-Override` is already applied. */
  readonly method: string;
  readonly target: Target;
  readonly headers: RequestHeaders;
  /** `http://host:port` as the client addressed us: links are made from it. */
  readonly origin: string;
  /** Read at most once. Throws when the client breaks off. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborts when the client is gone or the answer is no longer wanted. */
  readonly signal: AbortSignal;
  readonly trace: RequestTrace;
}

export type ReplyHeaders = Readonly<Record<string, string | number>>;

/** An answer as data. A stream is pulled only as fast as the client reads; if it throws, the connection is cut. */
export interface HttpReply {
  readonly status: number;
  readonly statusText?: string;
  readonly headers: ReplyHeaders;
  readonly body?: Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;
  /** Instead of an answer the connection is reset: how tests see a network fail. */
  readonly isReset?: true;
  /** Called once the answer is sent, or will not be: whoever counts the memory it holds stops counting. */
  readonly onDone?: () => void;
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpReply>;

export function isStream(body: HttpReply['body']): body is AsyncIterable<Uint8Array> {
  return body !== undefined && Symbol.asyncIterator in body;
}

/** The bytes of a body that is not a stream. */
export function bytesOf(body: Exclude<HttpReply['body'], AsyncIterable<Uint8Array>>): readonly Uint8Array[] {
  if (body === undefined) return [];
  return body instanceof Uint8Array ? [body] : body;
}
