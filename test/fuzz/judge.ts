/** What no answer may be, whatever was asked. */
import type { Answer } from '../support/http-call.ts';
import type { FuzzRequest } from './make-request.ts';

const GOOD: ReadonlySet<number> = new Set([200, 201, 204, 206, 304, 308]);
/** Not implemented is said on purpose, and so is "not now": an upload's chunk that comes too early, a full queue. */
const DELIBERATE: ReadonlySet<number> = new Set([501, 503]);

/** What is wrong with an answer; undefined when nothing is. */
export function judgeAnswer(request: FuzzRequest, answer: Answer): string | undefined {
  const { status } = answer;
  if (status < 400) return GOOD.has(status) ? undefined : `unexpected status ${status}`;
  if (status >= 500 && !DELIBERATE.has(status)) return `status ${status}`;
  if (answer.bytes.length === 0) return isBodiless(request, status) ? undefined : `an empty ${status}`;
  const type = answer.headers['content-type'] ?? '';
  if (type.startsWith('application/json')) return judgeError(answer);
  return isTextAllowed(request) ? undefined : `an error of type ${type}`;
}

function isBodiless({ method, headers }: FuzzRequest, status: number): boolean {
  return method === 'HEAD' || headers['X-HTTP-Method-Override'] === 'HEAD' || status === 499;
}

/** Downloads and upload sessions fail in text, as those of GCS do. */
function isTextAllowed({ segments, query }: FuzzRequest): boolean {
  const isMedia = query.some(([name, value]) => name === 'alt' && value === 'media');
  return isMedia || segments[0] === 'upload' || segments[0] === 'download';
}

function judgeError({ status, text }: Answer): string | undefined {
  let error: unknown;
  try {
    error = JSON.parse(text).error;
  } catch {
    return `an error that is no JSON: ${text.slice(0, 100)}`;
  }
  const { code, message, errors } = Object(error);
  if (code !== status) return `code ${code} in a ${status}`;
  if (typeof message !== 'string' || message === '') return 'an error without a message';
  if (!Array.isArray(errors) || errors.length === 0) return 'an error without errors';
  const isWhole = ({ message: text, domain, reason }: Record<string, unknown>) =>
    [text, domain, reason].every((part) => typeof part === 'string' && part !== '');
  return errors.every(isWhole) ? undefined : 'an entry of errors without message, domain or reason';
}

/** Requests that are remembered although they are refused: a session keeps what came, and how it ended. */
export function mayChangeThoughRefused({ query, headers }: FuzzRequest): boolean {
  return query.some(([name]) => name === 'upload_id') || headers['X-Goog-Upload-Command'] !== undefined;
}
