/** Paths for operators and their machines: health, readiness, metrics and the status of sync. */
import type { Route } from '../shared/app.ts';
import type { HttpReply } from '../shared/http-message.ts';

/** What `strait status` shows. Sync provides it. */
export interface StatusSource {
  /** A JSON value. */
  readStatus(): Promise<unknown>;
}

export interface Readiness {
  /** Undefined when requests can be served; otherwise why not, in a few words. */
  whyNotReady(): Promise<string | undefined>;
}

export interface AdminDeps {
  /** Absent at a gateway that syncs nothing: its status is 404. */
  readonly status?: StatusSource;
  readonly readiness: Readiness;
  /** The metrics in Prometheus text form. */
  renderMetrics(): string;
}

export function adminRoutes(deps: AdminDeps): readonly Route[] {
  const get = (pattern: string, operation: string, answer: () => Promise<HttpReply>): Route => ({
    method: 'GET',
    pattern,
    operation,
    handle: answer,
  });
  return [
    get('/healthz', 'admin.healthz', async () => text(200, 'ok\n')),
    get('/readyz', 'admin.readyz', async () => {
      const reason = await deps.readiness.whyNotReady();
      return reason === undefined ? text(200, 'ready\n') : text(503, `${reason}\n`);
    }),
    get('/metrics', 'admin.metrics', async () => text(200, deps.renderMetrics(), 'text/plain; version=0.0.4')),
    get('/admin/v1/status', 'admin.status', async () => {
      const { status } = deps;
      if (status === undefined) return json(404, { error: { code: 404, message: 'This gateway syncs nothing.' } });
      return json(200, await status.readStatus());
    }),
  ];
}

function text(status: number, content: string, type = 'text/plain'): HttpReply {
  return reply(status, `${type}; charset=utf-8`, Buffer.from(content));
}

function json(status: number, value: unknown): HttpReply {
  return reply(status, 'application/json; charset=UTF-8', Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
}

function reply(status: number, type: string, body: Buffer): HttpReply {
  const headers = { 'Content-Type': type, 'Content-Length': body.length, 'Cache-Control': 'no-store' };
  return { status, headers, body };
}
