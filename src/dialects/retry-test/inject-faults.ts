/** The same routes, with calls that carry a test's id failing as the test's plan says. */
import type { Clock } from '../../runtime/clock.ts';
import type { Route } from '../shared/app.ts';
import { type HttpReply, type HttpRequest, isStream } from '../shared/http-message.ts';
import { type Fault, testedMethod } from './fault-instruction.ts';
import { dueFault, type FaultPlans, takeFault } from './fault-plans.ts';
import { renderStatus } from './render.ts';

export interface InjectDeps {
  readonly plans: FaultPlans;
  readonly clock: Clock;
}

export function injectFaults(routes: readonly Route[], deps: InjectDeps): readonly Route[] {
  return routes.map((route) => {
    const method = testedMethod(route.operation);
    return {
      ...route,
      handle(request, params) {
        const plan = deps.plans.get(request.headers['x-retry-test-id'] ?? '');
        const fault = plan && dueFault(plan, method);
        if (plan === undefined || fault === undefined || isQuestion(request)) return route.handle(request, params);
        const due: DueFault = { fault, take: () => takeFault(plan, method), clock: deps.clock };
        return fail(request, due, (changed) => route.handle(changed, params));
      },
    };
  });
}

/** Asking how far an upload has come inserts nothing: what is due waits for the next bytes. */
function isQuestion({ target, headers }: HttpRequest): boolean {
  return target.query.has('upload_id') && headers['content-range']?.startsWith('bytes */') === true;
}

interface DueFault {
  readonly fault: Fault;
  /** To be called when the fault happens. */
  readonly take: () => void;
  readonly clock: Clock;
}

type Answer = (request: HttpRequest) => Promise<HttpReply>;

/** Thrown out of a request's body at the byte where the fault is due. */
class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

async function fail(request: HttpRequest, due: DueFault, answer: Answer): Promise<HttpReply> {
  const { fault } = due;
  switch (fault.kind) {
    case 'status':
    case 'reset':
      return failAt(request, { ...due, fault, reply: replyOf(fault) }, answer);
    case 'brokenStream':
      return changeDownload(await answer(request), (body) => cutBody(body, fault.afterBytes, due));
    case 'stall': {
      const pause = (body: AsyncIterable<Uint8Array>) => stall(body, { ...due, ...fault, signal: request.signal });
      if (startOfBody(request) !== undefined) return answer(withBody(request, pause(request.body)));
      return changeDownload(await answer(request), pause);
    }
  }
}

function replyOf(fault: Extract<Fault, { kind: 'status' | 'reset' }>): HttpReply {
  return fault.kind === 'reset' ? { status: 499, headers: {}, isReset: true } : renderStatus(fault.status);
}

interface DueAtByte extends DueFault {
  readonly fault: Extract<Fault, { kind: 'status' | 'reset' }>;
  readonly reply: HttpReply;
}

async function failAt(request: HttpRequest, due: DueAtByte, answer: Answer): Promise<HttpReply> {
  const { afterBytes } = due.fault;
  if (afterBytes === undefined) {
    due.take();
    return due.reply;
  }
  const start = startOfBody(request);
  if (start === undefined || afterBytes < start) return answer(request);
  try {
    return await answer(withBody(request, cutBody(request.body, afterBytes - start, due)));
  } catch (error) {
    if (error instanceof InjectedFault) return due.reply;
    throw error;
  }
}

/** Where in the object the bytes of an upload begin; undefined for what carries none. */
function startOfBody(request: HttpRequest): number | undefined {
  const { query } = request.target;
  const uploadType = query.get('uploadType');
  if (request.method === 'POST' && (uploadType === 'media' || uploadType === 'multipart')) return 0;
  // With PUT or, from some clients, POST.
  if (!query.has('upload_id')) return undefined;
  const range = /^bytes (\d+)-/.exec(request.headers['content-range'] ?? 'bytes 0-');
  return range === null ? undefined : Number(range[1]);
}

/**
 * The first `count` bytes, then the fault: an answer that throws is cut off. A body that ends before is left as it is,
 * and the fault stays due.
 */
async function* cutBody(body: AsyncIterable<Uint8Array>, count: number, due: DueFault): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of body) {
    if (chunk.length <= left) yield chunk;
    else {
      if (left > 0) yield chunk.subarray(0, left);
      due.take();
      throw new InjectedFault('as the test asked');
    }
    left -= chunk.length;
  }
}

function changeDownload(
  reply: HttpReply,
  change: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): HttpReply {
  return reply.body !== undefined && isStream(reply.body) ? { ...reply, body: change(reply.body) } : reply;
}

async function* stall(
  body: AsyncIterable<Uint8Array>,
  due: DueFault & { readonly ms: number; readonly afterBytes: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  let passed = 0;
  let isDue = true;
  for await (const chunk of body) {
    if (isDue && passed + chunk.length > due.afterBytes) {
      isDue = false;
      due.take();
      await due.clock.sleep(due.ms, due.signal);
    }
    passed += chunk.length;
    yield chunk;
  }
}

/** The request with another body. Its properties are read once: they may be computed. */
function withBody(request: HttpRequest, body: AsyncIterable<Uint8Array>): HttpRequest {
  const { id, method, target, headers, origin, signal, trace } = request;
  return { id, method, target, headers, origin, signal, trace, body };
}
