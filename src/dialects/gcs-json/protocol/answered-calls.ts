/**
 * Calls that come again. A client that hears no answer sends the call once more, with the same
 * `x-goog-gcs-idempotency-token`; Google's clients count on GCS not to carry it out twice, and retry whatever fails
 * (googleapis/google-cloud-cpp, google/cloud/storage/client.h, "idempotency policy"). Here the answers of a while are
 * remembered, in memory: after a restart, or at another gateway, a call is carried out again, as without a token.
 */
import { crc32c } from '@node-rs/crc32';
import { StraitError } from '../../../model/errors.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { bytesOf, type HttpReply, type HttpRequest, isStream } from '../../shared/http-message.ts';
import { parseBoundary } from '../../shared/multipart.ts';

const HEADER = 'x-goog-gcs-idempotency-token';
const TOKEN_LENGTH_MAX = 256;
/** Longer than clients try again without asking their user. */
const REMEMBER_MS = 10 * 60_000;
const ANSWERS_MAX = 10_000;
const ANSWER_BYTES_MAX = 16 * 1024;
const ALL_BYTES_MAX = 16 * 1024 * 1024;
/** What calls ask for in headers: with another one, it is another call. Keys themselves are kept nowhere. */
const ASKING = [
  'if-match',
  'if-none-match',
  'x-goog-encryption-key-sha256',
  'x-goog-copy-source-encryption-key-sha256',
  'x-upload-content-length',
  'x-upload-content-type',
] as const;

/** A call that is under way, or was answered. */
interface Answered {
  readonly startedMs: number;
  readonly body: BodyPrint;
  /** Undefined when it failed, or its answer is none to remember. */
  readonly reply: Promise<HttpReply | undefined>;
  bytes: number;
}

export class AnsweredCalls {
  readonly #clock: Clock;
  /** In order of their start. */
  readonly #calls = new Map<string, Answered>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Carries a call out, unless the same one was: then its answer is told again. Failures are not remembered. */
  async once(request: HttpRequest, carryOut: (request: HttpRequest) => Promise<HttpReply>): Promise<HttpReply> {
    const token = request.headers[HEADER];
    if (token === undefined || token === '' || token.length > TOKEN_LENGTH_MAX || !isForOnce(request)) {
      return carryOut(request);
    }
    const key = keyOf(token, request);
    this.#forget();
    for (let before = this.#calls.get(key); before !== undefined; before = this.#calls.get(key)) {
      const reply = await before.reply;
      if (reply !== undefined) return repeated(before, reply, request);
      this.#remove(key, before);
    }
    return this.#carryOut(key, request, carryOut);
  }

  async #carryOut(
    key: string,
    request: HttpRequest,
    carryOut: (request: HttpRequest) => Promise<HttpReply>,
  ): Promise<HttpReply> {
    const body = new BodyPrint(boundaryOf(request));
    const running = carryOut(withBody(request, body.of(request.body)));
    const reply = running.then(
      (done) => (isRemembered(done) ? done : undefined),
      () => undefined,
    );
    const call: Answered = { startedMs: this.#clock.monotonicMs(), body, reply, bytes: 0 };
    this.#calls.set(key, call);
    const kept = await reply;
    if (kept === undefined) this.#remove(key, call);
    else if (this.#calls.get(key) === call) {
      call.bytes = 2 * key.length + sizeOf(kept);
      this.#bytes += call.bytes;
    }
    return running;
  }

  #forget(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, call] of this.#calls) {
      const isCrowded = this.#calls.size >= ANSWERS_MAX || this.#bytes > ALL_BYTES_MAX;
      if (nowMs - call.startedMs < REMEMBER_MS && !isCrowded) return;
      this.#remove(key, call);
    }
  }

  #remove(key: string, call: Answered): void {
    if (this.#calls.get(key) !== call) return;
    this.#calls.delete(key);
    this.#bytes -= call.bytes;
  }
}

function keyOf(token: string, { method, target, headers }: HttpRequest): string {
  const asked = ASKING.map((name) => headers[name] ?? '').join(' ');
  return `${token} ${method} ${target.path}?${target.queryText} ${asked}`;
}

/** Parts of an upload say themselves where they belong, and clients send them with the token of the whole. */
function isForOnce({ method, target }: HttpRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && !target.query.has('upload_id');
}

function isRemembered(reply: HttpReply): boolean {
  const isPlain = !isStream(reply.body) && reply.isReset !== true && reply.onDone === undefined;
  return isPlain && reply.status < 300 && sizeOf(reply) <= ANSWER_BYTES_MAX;
}

function sizeOf({ body }: HttpReply): number {
  return isStream(body) ? 0 : bytesOf(body).reduce((sum, chunk) => sum + chunk.length, 0);
}

/** A token that came with something else first is refused: neither answer would be the right one. */
async function repeated(before: Answered, reply: HttpReply, request: HttpRequest): Promise<HttpReply> {
  if (await before.body.isSame(request)) return reply;
  const message = 'The idempotency token came with another body before; a new call needs a new token.';
  throw new StraitError('invalidArgument', message, { field: HEADER });
}

/** Tells one body from another, by what was read of the first. */
class BodyPrint {
  readonly #boundary: Buffer | undefined;
  #length = 0;
  #crc32c = 0;
  #isWhole = false;

  constructor(boundary: Buffer | undefined) {
    this.#boundary = boundary;
  }

  async *of(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const content = new PartsContent(this.#boundary);
    for await (const chunk of body) {
      for (const bytes of content.of(chunk)) this.#add(bytes);
      yield chunk;
    }
    this.#add(content.rest);
    this.#isWhole = true;
  }

  #add(bytes: Uint8Array): void {
    this.#length += bytes.length;
    this.#crc32c = crc32c(bytes, this.#crc32c);
  }

  async isSame(request: HttpRequest): Promise<boolean> {
    if (this.#length === 0 && !this.#isWhole) return true;
    let length = 0;
    let sum = 0;
    const add = (bytes: Uint8Array) => {
      sum = crc32c(bytes.subarray(0, Math.max(0, this.#length - length)), sum);
      length += bytes.length;
    };
    const content = new PartsContent(boundaryOf(request));
    for await (const chunk of request.body) for (const bytes of content.of(chunk)) add(bytes);
    add(content.rest);
    return sum === this.#crc32c && (this.#isWhole ? length === this.#length : length >= this.#length);
  }
}

/** What separates the parts of a body in parts: clients choose it anew with every try. */
function boundaryOf({ headers }: HttpRequest): Buffer | undefined {
  const type = headers['content-type'];
  if (type === undefined || !/^multipart\/related\s*;.*boundary/i.test(type)) return undefined;
  return Buffer.from(`--${parseBoundary(type, 'multipart/related')}`, 'latin1');
}

/** A body without its boundary, as it comes. Any other body as it is. */
class PartsContent {
  readonly #boundary: Buffer | undefined;
  /** The end of what came: it may begin a boundary. */
  rest: Uint8Array = new Uint8Array();

  constructor(boundary: Buffer | undefined) {
    this.#boundary = boundary;
  }

  *of(chunk: Uint8Array): Generator<Uint8Array> {
    const boundary = this.#boundary;
    if (boundary === undefined) return yield chunk;
    let left = Buffer.concat([this.rest, chunk]);
    for (let at = left.indexOf(boundary); at >= 0; at = left.indexOf(boundary)) {
      yield left.subarray(0, at);
      left = left.subarray(at + boundary.length);
    }
    const sure = Math.max(0, left.length - boundary.length + 1);
    yield left.subarray(0, sure);
    this.rest = left.subarray(sure);
  }
}

function withBody(request: HttpRequest, body: AsyncIterable<Uint8Array>): HttpRequest {
  const { id, method, target, headers, origin, trace } = request;
  // The signal is made when it is asked for.
  return {
    ...{ id, method, target, headers, origin, body, trace },
    get signal() {
      return request.signal;
    },
  };
}
