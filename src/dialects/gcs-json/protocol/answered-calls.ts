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

const HEADER = 'x-goog-gcs-idempotency-token';
const TOKEN_LENGTH_MAX = 256;
/** Longer than clients try again without asking their user. */
const REMEMBER_MS = 10 * 60_000;
const ANSWERS_MAX = 10_000;
const ANSWER_BYTES_MAX = 16 * 1024;
const ALL_BYTES_MAX = 16 * 1024 * 1024;

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
    const key = `${token} ${request.method} ${request.target.path}?${request.target.queryText}`;
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
    const body = new BodyPrint();
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
      call.bytes = sizeOf(kept);
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
  if (await before.body.isSame(request.body)) return reply;
  const message = 'The idempotency token came with another body before; a new call needs a new token.';
  throw new StraitError('invalidArgument', message, { field: HEADER });
}

/** Tells one body from another, by what was read of the first. */
class BodyPrint {
  #length = 0;
  #crc32c = 0;
  #isWhole = false;

  async *of(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      this.#length += chunk.length;
      this.#crc32c = crc32c(chunk, this.#crc32c);
      yield chunk;
    }
    this.#isWhole = true;
  }

  async isSame(body: AsyncIterable<Uint8Array>): Promise<boolean> {
    if (this.#length === 0 && !this.#isWhole) return true;
    let length = 0;
    let sum = 0;
    for await (const chunk of body) {
      sum = crc32c(chunk.subarray(0, Math.max(0, this.#length - length)), sum);
      length += chunk.length;
    }
    return sum === this.#crc32c && (this.#isWhole ? length === this.#length : length >= this.#length);
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
