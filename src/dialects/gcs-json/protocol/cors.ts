/**
 * Cross-origin requests, as a bucket's `cors` setting allows them (Cloud Storage page "Cross-origin resource sharing"):
 * the first entry that names the origin and the method decides; without one the answer says nothing: browsers refuse.
 */
import { StraitError } from '../../../model/errors.ts';
import type { BucketName } from '../../../model/ids.ts';
import type { HttpReply, HttpRequest, ReplyHeaders } from '../../shared/http-message.ts';
import type { HttpApp } from '../../shared/http-server.ts';
import { decodeSegment } from '../../shared/target.ts';

/** One entry of a bucket's `cors`. */
export interface CorsEntry {
  readonly origin?: readonly string[];
  readonly method?: readonly string[];
  readonly responseHeader?: readonly string[];
  readonly maxAgeSeconds?: number;
}

/** Google's answer where the entry sets none. */
const MAX_AGE_SECONDS = 3_600;

/** Reads what a bucket allows; a bucket that is not there allows nothing. */
export type ReadCors = (bucket: BucketName) => Promise<readonly CorsEntry[]>;

/** The same application for browsers. A request without an `Origin` costs nothing more. */
export function withCors(app: HttpApp, readCors: ReadCors): HttpApp {
  return {
    renderError: (error, request) => app.renderError(error, request),
    async handle(request) {
      const origin = request.headers['origin'];
      if (origin === undefined) return app.handle(request);
      const bucket = bucketOf(request);
      const entries = bucket === undefined ? [] : await readCors(bucket);
      const wanted = request.headers['access-control-request-method'];
      if (request.method === 'OPTIONS' && wanted !== undefined) {
        const entry = entryFor(entries, origin, wanted);
        return { status: 200, headers: { 'Content-Length': 0, ...(entry && preflightHeaders(entry, origin)) } };
      }
      const entry = entryFor(entries, origin, request.method);
      const reply = await answer(app, request);
      return entry === undefined ? reply : { ...reply, headers: { ...reply.headers, ...originHeaders(entry, origin) } };
    },
  };
}

/** Errors are for the page too. What nobody foresaw goes on to where it is logged. */
async function answer(app: HttpApp, request: HttpRequest): Promise<HttpReply> {
  try {
    return await app.handle(request);
  } catch (error) {
    if (error instanceof StraitError) return app.renderError(error, request);
    throw error;
  }
}

/** The bucket a path names, whether or not there is such a method. */
function bucketOf({ target }: HttpRequest): BucketName | undefined {
  const at = target.segments.indexOf('b');
  const segment = at === -1 ? undefined : target.segments[at + 1];
  return segment === undefined || segment === '' ? undefined : decodeSegment(segment);
}

function entryFor(entries: readonly CorsEntry[], origin: string, method: string): CorsEntry | undefined {
  const names = (list: readonly string[] | undefined, value: string) =>
    list?.some((one) => one === '*' || one.toLowerCase() === value.toLowerCase()) === true;
  return entries.find((entry) => names(entry.origin, origin) && names(entry.method, method));
}

function originHeaders(entry: CorsEntry, origin: string): ReplyHeaders {
  const exposed = entry.responseHeader ?? [];
  return {
    'Access-Control-Allow-Origin': entry.origin?.includes('*') === true ? '*' : origin,
    ...(exposed.length === 0 ? {} : { 'Access-Control-Expose-Headers': exposed.join(', ') }),
    Vary: 'Origin',
  };
}

function preflightHeaders(entry: CorsEntry, origin: string): ReplyHeaders {
  const { 'Access-Control-Expose-Headers': allowed, ...headers } = originHeaders(entry, origin);
  return {
    ...headers,
    'Access-Control-Allow-Methods': entry.method?.join(', ') ?? '',
    ...(allowed === undefined ? {} : { 'Access-Control-Allow-Headers': allowed }),
    'Access-Control-Max-Age': entry.maxAgeSeconds ?? MAX_AGE_SECONDS,
  };
}
