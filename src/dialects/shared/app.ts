import { StraitError } from '../../model/errors.ts';
import type { HttpReply, HttpRequest } from './http-message.ts';
import type { HttpApp } from './http-server.ts';
import { type Params, Router } from './router.ts';

export interface Route {
  readonly method: string;
  readonly pattern: string;
  /** The API method, such as `objects.get`. */
  readonly operation: string;
  handle(request: HttpRequest, params: Params): Promise<HttpReply>;
}

export interface ErrorRenderer {
  render(error: unknown, request: HttpRequest): HttpReply;
  renderNotFound(request: HttpRequest): HttpReply;
}

/**
 * The routes of one or more dialects as one application. HEAD is answered as GET, without the body; OPTIONS says what
 * else a path answers to.
 */
export function createApp(routes: readonly Route[], errors: ErrorRenderer): HttpApp {
  const router = new Router<Route>();
  for (const route of routes) router.add(route.method, route.pattern, route);
  return {
    renderError: (error, request) => errors.render(error, request),
    async handle(request) {
      const { method, target } = request;
      const match = router.match(method === 'HEAD' ? 'GET' : method, target.segments);
      if (match.kind === 'notFound') return errors.renderNotFound(request);
      if (match.kind === 'methodNotAllowed') {
        const allow = { Allow: match.allowed.join(', ') };
        if (method === 'OPTIONS') return { status: 200, headers: { ...allow, 'Content-Length': 0 } };
        const error = new StraitError('methodNotAllowed', `${method} is not allowed here.`, { method });
        const reply = errors.render(error, request);
        return { ...reply, headers: { ...reply.headers, ...allow } };
      }
      request.trace.operation = match.value.operation;
      return await match.value.handle(request, match.params);
    },
  };
}
