/** Errors as clients of GCS know them (status and error codes page of the JSON API). */
import { type ErrorCode, isStraitError, StraitError } from '../../../model/errors.ts';
import type { ErrorRenderer } from '../../shared/app.ts';
import { ClientGone } from '../../shared/exchange.ts';
import type { HttpReply, HttpRequest, ReplyHeaders } from '../../shared/http-message.ts';
import { NO_CACHE } from './render-json.ts';

interface Rendering {
  readonly status: number;
  readonly reason: string;
  readonly domain?: string;
  /** The header a failed precondition is blamed on. */
  readonly header?: string;
}

const RENDERING: Readonly<Record<ErrorCode, Rendering>> = {
  invalidArgument: { status: 400, reason: 'invalid' },
  unauthenticated: { status: 401, reason: 'authError', header: 'Authorization' },
  permissionDenied: { status: 403, reason: 'forbidden' },
  bucketNotFound: { status: 404, reason: 'notFound' },
  objectNotFound: { status: 404, reason: 'notFound' },
  notFound: { status: 404, reason: 'notFound' },
  uploadNotFound: { status: 404, reason: 'notFound' },
  uploadGone: { status: 410, reason: 'gone' },
  alreadyExists: { status: 409, reason: 'conflict' },
  bucketNotEmpty: { status: 409, reason: 'conflict' },
  conflict: { status: 409, reason: 'conflict' },
  preconditionFailed: { status: 412, reason: 'conditionNotMet', header: 'If-Match' },
  publicAccessPrevented: { status: 412, reason: 'conditionNotMet', header: 'If-Match' },
  encryptionRestricted: { status: 412, reason: 'conditionNotMet' },
  notModified: { status: 304, reason: 'notModified' },
  epochFenced: { status: 412, reason: 'conditionNotMet', header: 'If-Match' },
  rangeNotSatisfiable: { status: 416, reason: 'requestedRangeNotSatisfiable', header: 'Range' },
  checksumMismatch: { status: 400, reason: 'invalid' },
  payloadTooLarge: { status: 413, reason: 'uploadTooLarge' },
  methodNotAllowed: { status: 405, reason: 'methodNotAllowed' },
  rateLimited: { status: 429, reason: 'rateLimitExceeded', domain: 'usageLimits' },
  requestTimeout: { status: 408, reason: 'requestTimeout' },
  unavailable: { status: 503, reason: 'backendError' },
  corrupt: { status: 500, reason: 'internalError' },
  unsupported: { status: 501, reason: 'notImplemented' },
  internal: { status: 500, reason: 'internalError' },
};

/** The status a code is answered with. */
export function statusOf(code: ErrorCode): number {
  return RENDERING[code].status;
}

export const gcsJsonErrors: ErrorRenderer = {
  render(error, request) {
    if (error instanceof ClientGone) return { status: 499, headers: {} };
    const known = isStraitError(error)
      ? error
      : new StraitError('internal', 'We encountered an internal error. Please try again.', {}, { cause: error });
    if (known.code === 'notModified') return { status: 304, headers: {} };
    const headers = { ...NO_CACHE, ...headersOf(known) };
    const { status } = RENDERING[known.code];
    const message = messageOf(known);
    if (isMedia(request)) return renderText(status, message, headers);
    const { reason, location, locationType } = blame(known);
    return renderBody(status, headers, {
      message,
      domain: RENDERING[known.code].domain ?? 'global',
      reason,
      ...(location === undefined ? {} : { location, locationType }),
    });
  },
  renderNotFound: () => renderBody(404, NO_CACHE, { message: 'Not Found', domain: 'global', reason: 'notFound' }),
};

/** A failed precondition is told as GCS tells it: our own words name stored generations, not those of the wire. */
function messageOf(error: StraitError): string {
  if (error.code !== 'preconditionFailed') return error.message;
  return 'At least one of the pre-conditions you specified did not hold.';
}

/** Downloads fail in plain text: `alt=media` and the download path (captured from GCS in firebase-tools PR 3647). */
export function renderText(status: number, message: string, headers: ReplyHeaders): HttpReply {
  const body = Buffer.from(escapeHtml(message));
  return {
    status,
    headers: {
      'Content-Type': 'text/html; charset=UTF-8',
      'Content-Length': body.length,
      'X-Content-Type-Options': 'nosniff',
      ...headers,
    },
    body,
  };
}

interface ErrorEntry {
  readonly message: string;
  readonly domain: string;
  readonly reason: string;
  readonly location?: string;
  readonly locationType?: string;
}

function renderBody(status: number, headers: ReplyHeaders, entry: ErrorEntry): HttpReply {
  const body = Buffer.from(
    JSON.stringify({ error: { code: status, message: entry.message, errors: [entry] } }, null, 2),
  );
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=UTF-8', 'Content-Length': body.length, ...headers },
    body,
  };
}

function headersOf(error: StraitError): ReplyHeaders {
  if (isStraitError(error, 'unavailable') || isStraitError(error, 'rateLimited')) {
    return { 'Retry-After': Math.max(1, Math.ceil((error.details.retryAfterMs ?? 1_000) / 1_000)) };
  }
  if (isStraitError(error, 'rangeNotSatisfiable')) return { 'Content-Range': `bytes */${error.details.size}` };
  return {};
}

interface Blame {
  readonly reason: string;
  readonly location?: string;
  readonly locationType?: string;
}

/** Which parameter, header or field is at fault. Header names are told by their capital letter or hyphen. */
function blame(error: StraitError): Blame {
  const { reason, header } = RENDERING[error.code];
  if (header !== undefined) return { reason, location: header, locationType: 'header' };
  if (isStraitError(error, 'permissionDenied')) return { reason: error.details.reason ?? reason };
  if (!isStraitError(error, 'invalidArgument')) return { reason };
  const { field, reason: own } = error.details;
  if (field === undefined) return { reason: own ?? reason };
  const locationType = /^[A-Z]|-/.test(field) ? 'header' : 'parameter';
  return { reason: own ?? reason, location: field, locationType };
}

function isMedia(request: HttpRequest): boolean {
  if (request.trace.operation !== 'objects.get') return false;
  return request.target.segments[0] === 'download' || request.target.query.get('alt') === 'media';
}

/** The message may hold a name the client chose, and the answer is HTML. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
