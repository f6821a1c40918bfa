import type { HttpReply } from '../shared/http-message.ts';

export function renderJson(status: number, value: unknown): HttpReply {
  const body = Buffer.from(JSON.stringify(value));
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=UTF-8', 'Content-Length': body.length },
    body,
  };
}

/** An error answer in the shape of the JSON API's. */
export function renderStatus(status: number, message = `Retry Test: Caused a ${status}`): HttpReply {
  return renderJson(status, { error: { code: status, message, errors: [{ message, domain: 'global' }] } });
}
