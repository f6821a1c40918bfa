/**
 * For clients that cannot be told to send a header: a plan of the retry test API that is made through this proxy is
 * that of every call which passes after it.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RetryTestProxy extends Disposable {
  readonly url: string;
}

export async function startRetryTestProxy(target: string): Promise<RetryTestProxy> {
  let testId: string | undefined;
  const { hostname, port } = new URL(target);
  const forward = (incoming: IncomingMessage, response: ServerResponse) => {
    const { method, url: path } = incoming;
    const headers = { ...incoming.headers, ...(testId !== undefined && { 'x-retry-test-id': testId }) };
    const outgoing = request({ hostname, port, method, path, headers }, (answer) => {
      if (path === '/retry_test') answer.on('data', (body) => ({ id: testId } = JSON.parse(String(body))));
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => response.destroy()).pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.on('error', () => outgoing.destroy()).pipe(outgoing);
  };
  const server = createServer(forward);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
