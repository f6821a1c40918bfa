/**
 * The frame under every API, over real sockets: whatever clients do (stall, leave, send too much, read too slowly),
 * the request ends, what it held is let go, and the other requests do not notice.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import type { HttpReply, HttpRequest } from '../../src/dialects/shared/http-message.ts';
import { HTTP_SERVER_DEFAULTS, HttpServer, type HttpServerSettings } from '../../src/dialects/shared/http-server.ts';
import { StraitError } from '../../src/model/errors.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { createMetrics } from '../../src/runtime/create-metrics.ts';
import { jsonLogger } from '../../src/runtime/logger.ts';
import { systemRandom } from '../../src/runtime/random.ts';

interface Fixture {
  readonly server: HttpServer;
  readonly port: number;
  readonly lines: Record<string, unknown>[];
  readonly renderMetrics: () => string;
  /** The access line of a path, once it is written. */
  accessLine(path: string): Promise<Record<string, unknown>>;
}

type Handler = (request: HttpRequest) => Promise<HttpReply>;

async function start(handler: Handler, settings: Partial<HttpServerSettings> = {}): Promise<Fixture> {
  const lines: Record<string, unknown>[] = [];
  const metrics = createMetrics();
  const server = new HttpServer(
    {
      clock: systemClock,
      random: systemRandom,
      metrics,
      logger: jsonLogger(systemClock, 'info', (line) => lines.push(JSON.parse(line))),
    },
    { ...HTTP_SERVER_DEFAULTS, host: '127.0.0.1', port: 0, ...settings },
    {
      handle: handler,
      renderError: (error) => {
        const status = error instanceof StraitError && error.code === 'requestTimeout' ? 408 : 503;
        return { status, headers: {}, body: Buffer.from(String(error)) };
      },
    },
  );
  const { port } = await server.listen();
  const accessLine = async (path: string) => {
    for (;;) {
      const line = lines.find((candidate) => candidate['msg'] === 'request' && candidate['path'] === path);
      if (line !== undefined) return line;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { server, port, lines, renderMetrics: () => metrics.render(), accessLine };
}

/** Sends raw text; what comes back until the server closes, or until `enough` is true. */
async function exchange(port: number, text: string, enough?: (soFar: string) => boolean): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  let answer = '';
  try {
    for await (const chunk of socket) {
      answer += chunk;
      if (enough?.(answer) === true) break;
    }
  } catch {
    // A reset ends the answer too.
  }
  socket.destroy();
  return answer;
}

const ok = async (): Promise<HttpReply> => ({ status: 200, headers: { 'Content-Length': 2 }, body: Buffer.from('ok') });
const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: h\r\n${headers}\r\n`;
const getAndClose = (path: string) => get(path, 'Connection: close\r\n');

async function* endless(size: number, onEnd: () => void): AsyncGenerator<Uint8Array> {
  try {
    for (;;) yield Buffer.alloc(size);
  } finally {
    onEnd();
  }
}

test('one access line and one metric sample a request, without the query', async () => {
  const { server, port, accessLine, renderMetrics } = await start(async (request) => {
    request.trace.operation = 'objects.get';
    return await ok();
  });
  await exchange(port, getAndClose('/a/b?signature=secret'));
  const line = await accessLine('/a/b');
  assert.equal(line['status'], 200);
  assert.equal(line['bytesOut'], 2);
  assert.equal(line['operation'], 'objects.get');
  assert.ok(!JSON.stringify(line).includes('secret'));
  assert.match(renderMetrics(), /strait_http_requests_total\{code="200",operation="objects.get"\} 1/);
  await server.close();
});

test('HEAD has the headers of GET and no body, and the body is not read', async () => {
  const { server, port } = await start(ok);
  const answer = await exchange(port, 'HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  assert.match(answer, /content-length: 2/i);
  assert.ok(answer.endsWith('\r\n\r\n'));
  await server.close();
});

test('a stream that fails before its first chunk gets its status', async () => {
  const { server, port } = await start(async () => ({
    status: 200,
    headers: { 'Content-Length': 10 },
    // biome-ignore lint/correctness/useYield: it fails before.
    body: (async function* () {
      throw new StraitError('unavailable', 'the owner is away', {});
    })(),
  }));
  assert.match(await exchange(port, getAndClose('/x')), /^HTTP\/1.1 503 [\s\S]*the owner is away/);
  await server.close();
});

test('a stream that fails later cuts the connection: no answer looks whole that is not', async () => {
  const { server, port, lines } = await start(async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield Buffer.from('first');
      await new Promise((resolve) => setTimeout(resolve, 30));
      throw new Error('a block fails its checksum');
    })(),
  }));
  const answer = await exchange(port, get('/x'));
  assert.match(answer, /first/);
  assert.ok(!answer.endsWith('0\r\n\r\n'), 'the last chunk of a chunked answer was sent');
  assert.ok(lines.some((line) => line['msg'] === 'answer broken off'));
  await server.close();
});

test('a client that leaves during a download ends the source and aborts the signal', async () => {
  let isEnded = false;
  let signal: AbortSignal | undefined;
  const { server, port, accessLine } = await start(async (request) => {
    signal = request.signal;
    return {
      status: 200,
      headers: {},
      body: endless(64 * 1024, () => {
        isEnded = true;
      }),
    };
  });
  await exchange(port, get('/gone'), (soFar) => soFar.length > 200_000);
  assert.equal((await accessLine('/gone'))['status'], 499);
  assert.ok(isEnded && signal?.aborted);
  await server.close();
});

test('a client that leaves during an upload fails the body', async () => {
  let failure: unknown;
  const { server, port, accessLine } = await start(async (request) => {
    try {
      for await (const _ of request.body);
    } catch (error) {
      failure = error;
    }
    return await ok();
  });
  const socket = connect(port, '127.0.0.1');
  socket.write('PUT /half HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf');
  await new Promise((resolve) => setTimeout(resolve, 30));
  socket.destroy();
  assert.equal((await accessLine('/half'))['status'], 499);
  assert.equal((failure as Error).name, 'ClientGone');
  await server.close();
});

test('a client that stops sending is told 408 and cut off', async () => {
  const { server, port, accessLine } = await start(
    async (request) => {
      for await (const _ of request.body);
      return await ok();
    },
    { stallTimeoutMs: 100 },
  );
  const answer = await exchange(port, 'PUT /stall HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf');
  assert.match(answer, /^HTTP\/1.1 408 /);
  assert.equal((await accessLine('/stall'))['status'], 408);
  await server.close();
});

test('a client that stops reading is cut off, and the source is ended', async () => {
  let isEnded = false;
  const { server, port, accessLine } = await start(
    async () => ({
      status: 200,
      headers: {},
      body: endless(256 * 1024, () => {
        isEnded = true;
      }),
    }),
    { stallTimeoutMs: 100 },
  );
  const socket = connect(port, '127.0.0.1').pause();
  socket.on('error', () => {});
  socket.write(get('/unread'));
  assert.equal((await accessLine('/unread'))['status'], 499);
  assert.ok(isEnded);
  socket.destroy();
  await server.close();
});

test('for a client that takes nothing, next to nothing is taken from the source', async () => {
  let given = 0;
  const source = async function* () {
    // Ends, so that a server that takes all of it at once is found out and not out of memory.
    for (; given < 256; given += 1) yield Buffer.alloc(1024 * 1024);
  };
  const { server, port } = await start(async () => ({ status: 200, headers: {}, body: source() }), {
    drainTimeoutMs: 50,
  });
  const socket = connect(port, '127.0.0.1').pause();
  socket.on('error', () => {});
  socket.write(get('/unread'));
  let before = 0;
  do {
    before = given;
    await new Promise((resolve) => setTimeout(resolve, 200));
  } while (given === 0 || given !== before);
  assert.ok(given <= 32, `${given} MiB were taken from the source for a client that took none`);
  socket.destroy();
  await server.close();
});

test('a slow handler is not a stalled client', async () => {
  const { server, port } = await start(
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return await ok();
    },
    { stallTimeoutMs: 100 },
  );
  assert.match(await exchange(port, getAndClose('/slow')), /^HTTP\/1.1 200 /);
  await server.close();
});

test('a body nobody read does not disturb the next request of the connection', async () => {
  const { server, port } = await start(async (request) => ({
    status: 200,
    headers: { 'Content-Length': request.target.path.length },
    body: Buffer.from(request.target.path),
  }));
  const body = 'x'.repeat(300_000);
  const first = `PUT /first HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const answer = await exchange(port, first + getAndClose('/second'));
  assert.match(answer, /\/first[\s\S]*\/second$/);
  await server.close();
});

test('a body read in part does not disturb the next request of the connection either', async () => {
  const { server, port, accessLine } = await start(async (request) => {
    for await (const _ of request.body) break;
    const body = Buffer.from(request.target.path);
    return { status: 200, headers: { 'Content-Length': body.length }, body };
  });
  for (const size of [10, 100_000, 3_000_000]) {
    const first = `PUT /first${size} HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`;
    const answer = await exchange(port, first + getAndClose(`/second${size}`));
    assert.ok(answer.includes(`/first${size}`) && answer.endsWith(`/second${size}`), answer);
    await accessLine(`/first${size}`);
  }
  await server.close();
});

test('100 Continue is sent when the body is wanted, and not when it is refused', async () => {
  const { server, port } = await start(async (request) => {
    if (request.target.path === '/refuse') return { status: 412, headers: { 'Content-Length': 0 } };
    for await (const _ of request.body);
    return await ok();
  });
  const head = (path: string) => `PUT ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`;
  const refused = await exchange(port, head('/refuse'));
  assert.match(refused, /^HTTP\/1.1 412 [\s\S]*connection: close/i);
  const socket: Socket = connect(port, '127.0.0.1');
  socket.write(head('/take'));
  const [go] = (await once(socket, 'data')) as [Buffer];
  assert.match(String(go), /^HTTP\/1.1 100 Continue/);
  socket.write('body');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(String(answer), /^HTTP\/1.1 200 /);
  socket.destroy();
  await server.close();
});

test('close lets requests under way end, refuses new connections and tells clients to leave', async () => {
  let release = () => {};
  const { server, port } = await start(async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return await ok();
  });
  const answer = exchange(port, get('/long'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  const closed = server.close();
  await assert.rejects(once(connect(port, '127.0.0.1'), 'connect'));
  release();
  assert.match(await answer, /^HTTP\/1.1 200 [\s\S]*connection: close[\s\S]*ok$/i);
  await closed;
});

test('close does not wait for connections on which no request has come', async () => {
  const { server, port } = await start(ok, { drainTimeoutMs: 60_000 });
  const [silent, partly] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  await Promise.all([once(silent, 'connect'), once(partly, 'connect')]);
  partly.write('GET /x HTTP/1.1\r\nHost: h\r\n');
  for (const socket of [silent, partly]) socket.on('error', () => {});
  await exchange(port, getAndClose('/after-both'));
  await server.close();
  await Promise.all([silent, partly].map((socket) => socket.closed || once(socket, 'close')));
});

test('close cuts what does not end in time', async () => {
  const { server, port } = await start(() => new Promise(() => {}), { drainTimeoutMs: 50 });
  const answer = exchange(port, get('/forever'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  await server.close();
  assert.equal(await answer, '');
});

test('heads that are too large or malformed are refused', async () => {
  const { server, port } = await start(ok);
  assert.match(await exchange(port, getAndClose(`/${'x'.repeat(40_000)}`)), /^HTTP\/1.1 431 /);
  assert.match(await exchange(port, 'NOT HTTP\r\n\r\n'), /^HTTP\/1.1 400 /);
  assert.match(await exchange(port, 'GET /x HTTP/1.1\r\n\r\n'), /^HTTP\/1.1 400 /);
  await server.close();
});

test('links are made from Host and X-Forwarded-Proto; a Host that is none is refused', async () => {
  const { server, port } = await start(async (request) => {
    const body = Buffer.from(request.origin);
    return { status: 200, headers: { 'Content-Length': body.length }, body };
  });
  const ask = (headers: string) => exchange(port, `GET / HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`);
  assert.match(await ask('Host: site:9000'), /http:\/\/site:9000$/);
  assert.match(await ask('Host: site\r\nX-Forwarded-Proto: https'), /https:\/\/site$/);
  assert.match(await ask('Host: [::1]:9000'), /http:\/\/\[::1\]:9000$/);
  assert.match(await ask('Host: a"><script>'), /^HTTP\/1.1 (400|503) /);
  await server.close();
});
