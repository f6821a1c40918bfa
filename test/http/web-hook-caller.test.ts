/** Channels' calls against a real server: what an application may answer, and whom a call never reaches. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type TestContext, test } from 'node:test';
import type { ChannelPolicy } from '../../src/model/channel.ts';
import { WebHookCaller } from '../../src/remotes/webhooks/web-hook-caller.ts';

const MESSAGE = { headers: { 'X-Goog-Channel-ID': 'c1' }, body: Buffer.from('{"a":1}') };
const LOOPBACK: ChannelPolicy = { loopback: true, hosts: [] };

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(t: TestContext, answer: Answer, host = '127.0.0.1') {
  let calls = 0;
  const server: Server = createServer((request, response) => {
    calls += 1;
    request.resume().on('end', () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, calls: () => calls };
}

function callerFor(t: TestContext, policy: ChannelPolicy, timeoutMs = 5_000) {
  const caller = new WebHookCaller({ policy, timeoutMs });
  t.after(() => caller.close());
  return (address: string) => caller.call(new URL(address), MESSAGE, new AbortController().signal);
}

test('an application takes a message, refuses it, or is asked again', async (t) => {
  let status = 200;
  const { port } = await serve(t, (request, response) => {
    assert.deepEqual([request.method, request.url, request.headers['x-goog-channel-id']], ['POST', '/hook?x=y', 'c1']);
    response.writeHead(status, { Location: '/elsewhere' }).end('x'.repeat(100_000));
  });
  const call = callerFor(t, LOOPBACK);
  const answerTo = (answer: number) => {
    status = answer;
    return call(`http://127.0.0.1:${port}/hook?x=y`);
  };
  for (const taken of [200, 201, 202, 204]) assert.deepEqual(await answerTo(taken), { kind: 'taken' });
  for (const refused of [302, 307, 400, 401, 404, 410]) {
    assert.deepEqual(await answerTo(refused), { kind: 'refused', status: refused });
  }
  for (const failed of [408, 429, 500, 503]) await assert.rejects(answerTo(failed), { code: 'unavailable' });
});

test('an application that is not there, hangs up or says nothing is asked again', async (t) => {
  const { port } = await serve(t, (request) => {
    if (request.url === '/hang-up') request.socket.destroy();
  });
  const call = callerFor(t, LOOPBACK, 300);
  await assert.rejects(call(`http://127.0.0.1:${port}/hang-up`), { code: 'unavailable' });
  await assert.rejects(call(`http://127.0.0.1:${port}/silence`), { code: 'unavailable' });
  await assert.rejects(call('http://127.0.0.1:1/'), { code: 'unavailable' });
});

test('a slow application holds up no other one of its host', async (t) => {
  const { port } = await serve(t, (request, response) => {
    if (request.url === '/quick') response.end();
  });
  const caller = new WebHookCaller({ policy: LOOPBACK, timeoutMs: 60_000 });
  t.after(() => caller.close());
  const [base, stop] = [`http://127.0.0.1:${port}`, new AbortController()];
  const slow = Array.from({ length: 50 }, () => caller.call(new URL(`${base}/slow`), MESSAGE, stop.signal));
  const signal = AbortSignal.timeout(30_000);
  assert.deepEqual(await caller.call(new URL(`${base}/quick`), MESSAGE, signal), { kind: 'taken' });
  stop.abort();
  await Promise.allSettled(slow);
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

test('an address of IPv6 is called', { skip: hasIpv6 ? false : 'this machine has no IPv6' }, async (t) => {
  const { port } = await serve(t, (_, response) => response.end(), '::1');
  assert.deepEqual(await callerFor(t, LOOPBACK)(`http://[::1]:${port}/`), { kind: 'taken' });
  const listed = callerFor(t, { loopback: false, hosts: [`[::1]:${port}`] });
  assert.deepEqual(await listed(`http://[::1]:${port}/`), { kind: 'taken' });
  const closed = callerFor(t, { loopback: false, hosts: [] });
  await assert.rejects(closed(`http://[::1]:${port}/`), /must not call ::1/);
});

test('a name that stands for this machine is not connected to, unless it is listed', async (t) => {
  const { port, calls } = await serve(t, (_, response) => response.end());
  const closed = callerFor(t, { loopback: false, hosts: [] });
  await assert.rejects(closed(`http://localhost:${port}/`), /must not call (127\.0\.0\.1|::1)/);
  await assert.rejects(closed(`http://127.0.0.1:${port}/`), /must not call 127\.0\.0\.1/);
  assert.equal(calls(), 0);
  const listed = callerFor(t, { loopback: false, hosts: [`localhost:${port}`] });
  assert.deepEqual(await listed(`http://localhost:${port}/`), { kind: 'taken' });
});
