/**
 * Batches: many calls in one multipart body, answered in order. Calls run a few at a time and their answers are sent
 * as they come, so memory is bounded by the request (10 MB) and a few answers.
 */
import { STATUS_CODES } from 'node:http';
import { StraitError } from '../../../model/errors.ts';
import { bytesOf, type HttpReply, type HttpRequest, isStream, type RequestHeaders } from '../../shared/http-message.ts';
import { parseBoundary, readParts } from '../../shared/multipart.ts';
import { collect, readBody } from '../../shared/request-body.ts';
import { parseTarget } from '../../shared/target.ts';

const BATCH_BYTES_MAX = 10 * 1024 * 1024;
/** Google's page says 100; its Python client sends up to 1,000. */
const BATCH_CALLS_MAX = 1_000;
const CALLS_AT_ONCE = 8;
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Answers one call of a batch as if it had come alone; never rejects. */
export interface BatchTarget {
  call(request: HttpRequest): Promise<HttpReply>;
  renderError(error: unknown, request: HttpRequest): HttpReply;
}

export async function runBatch(request: HttpRequest, target: BatchTarget): Promise<HttpReply> {
  const boundary = parseBoundary(request.headers['content-type'], 'multipart/mixed');
  const body = await readBody(request, BATCH_BYTES_MAX);
  const calls: BatchCall[] = [];
  for await (const part of readParts(once(body), boundary)) {
    if (calls.length === BATCH_CALLS_MAX) throw badBatch(`A batch may have ${BATCH_CALLS_MAX} calls at most.`);
    calls.push({ contentId: part.headers['content-id'], content: await collect(part.body, BATCH_BYTES_MAX) });
  }
  if (calls.length === 0) throw badBatch('The batch has no calls.');
  const replyBoundary = `batch_${request.id}`;
  return {
    status: 200,
    headers: { 'Content-Type': `multipart/mixed; boundary=${replyBoundary}` },
    body: renderAnswers(request, { calls, target, boundary: replyBoundary }),
  };
}

interface BatchCall {
  readonly contentId: string | undefined;
  readonly content: Buffer;
}

interface BatchRun {
  readonly calls: readonly BatchCall[];
  readonly target: BatchTarget;
  readonly boundary: string;
}

async function* renderAnswers(outer: HttpRequest, run: BatchRun): AsyncGenerator<Uint8Array> {
  const { calls, target, boundary } = run;
  const running: Promise<Buffer>[] = [];
  let started = 0;
  const startOne = () => {
    const next = calls[started];
    if (next === undefined || outer.signal.aborted) return;
    const answer = answerCall(outer, { id: `${outer.id}.${started}`, content: next.content, target });
    // It is awaited in its turn; until then a failure must not count as unhandled.
    answer.catch(() => {});
    running.push(answer);
    started += 1;
  };
  for (let slot = 0; slot < CALLS_AT_ONCE; slot += 1) startOne();
  for (const { contentId } of calls) {
    const answer = await running.shift();
    if (answer === undefined) return;
    startOne();
    const id = contentId === undefined ? '' : `Content-ID: ${responseId(contentId)}\r\n`;
    const head = Buffer.from(`--${boundary}\r\nContent-Type: application/http\r\n${id}\r\n`);
    yield Buffer.concat([head, answer, Buffer.from('\r\n')]);
  }
  yield Buffer.from(`--${boundary}--\r\n`);
}

/** `<b1+3>` is answered as `<response-b1+3>`. */
function responseId(contentId: string): string {
  return contentId.startsWith('<') ? `<response-${contentId.slice(1)}` : `response-${contentId}`;
}

interface CallParts {
  readonly id: string;
  readonly content: Buffer;
  readonly target: BatchTarget;
}

/** The answer as HTTP/1.1 text. The status line has a reason: Python splits it into three words. */
async function answerCall(outer: HttpRequest, { id, content, target }: CallParts): Promise<Buffer> {
  const inner = parseCall(outer, id, content);
  let reply: HttpReply;
  try {
    if (inner.problem !== undefined) throw badBatch(inner.problem);
    reply = await target.call(inner.request);
  } catch (error) {
    reply = target.renderError(error, inner.request);
  }
  const body = isStream(reply.body) ? [await collect(reply.body, BATCH_BYTES_MAX)] : bytesOf(reply.body);
  reply.onDone?.();
  const lines = [`HTTP/1.1 ${reply.status} ${reply.statusText ?? STATUS_CODES[reply.status] ?? 'Unknown'}`];
  for (const [name, value] of Object.entries(reply.headers)) lines.push(`${name}: ${value}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), ...body]);
}

interface ParsedCall {
  readonly request: HttpRequest;
  readonly problem?: string;
}

/** A call: request line, headers, body. The batch's own headers apply too, except those about its body. */
function parseCall(outer: HttpRequest, id: string, content: Buffer): ParsedCall {
  const split = /\r?\n\r?\n/.exec(content.toString('latin1'));
  const head = content.toString('utf8', 0, split?.index ?? content.length).trimStart();
  const body = split === null ? Buffer.alloc(0) : content.subarray(split.index + split[0].length);
  const [requestLine = '', ...headerLines] = head.split(/\r?\n/);
  const [method = '', url = ''] = requestLine.trim().split(' ');
  const headers = { ...outerHeaders(outer), ...parseHeaders(headerLines), 'content-length': String(body.length) };
  const make = (target: HttpRequest['target']): HttpRequest => ({
    id,
    method: overriddenMethod(method.toUpperCase(), headers),
    target,
    headers,
    origin: outer.origin,
    body: once(body),
    signal: outer.signal,
    trace: { operation: 'unknown' },
  });
  try {
    const request = make(parseTarget(url));
    if (!METHODS.has(request.method)) return { request, problem: `Not a call: "${requestLine.slice(0, 100)}"` };
    return { request };
  } catch {
    return { request: make(parseTarget('/')), problem: `Not a call: "${requestLine.slice(0, 100)}"` };
  }
}

function outerHeaders(outer: HttpRequest): RequestHeaders {
  const kept = Object.entries(outer.headers).filter(([name]) => !NOT_INHERITED.test(name));
  return Object.fromEntries(kept);
}

/** About the batch's body and connection, and about the batch as one call. */
const NOT_INHERITED =
  /^(content-|expect$|transfer-encoding$|connection$|x-http-method-override$|if-|x-goog-if-|range$|x-goog-gcs-idem)/;

function parseHeaders(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

function overriddenMethod(method: string, headers: RequestHeaders): string {
  const override = headers['x-http-method-override']?.toUpperCase();
  return method === 'POST' && override !== undefined && METHODS.has(override) ? override : method;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

function badBatch(message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { reason: 'invalid' });
}
