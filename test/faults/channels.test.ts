/**
 * A real site tells an application over HTTP what happens to its objects, while the application fails and hangs up, and
 * the site is killed: nothing that was acknowledged is left untold, and each object's changes come in order.
 */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { figureFor } from '../support/full-figures.ts';
import { httpCall } from '../support/http-call.ts';
import { recordFigure } from '../support/record-figure.ts';
import { StraitProcess } from '../support/strait-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const kills = figureFor({ quick: 6, full: 60 });
const OBJECTS = 20;

interface Told {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** It fails as told, sometimes after it has kept the message. */
async function startApplication(t: TestContext, { isReliable = false } = {}) {
  const told: Told[] = [];
  let calls = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      calls += 1;
      const fate = isReliable ? 0 : calls % 20;
      if (fate === 1) return void response.writeHead(503).end();
      if (fate === 2) return void request.socket.destroy();
      told.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      if (fate === 3) return void request.socket.destroy();
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { told, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

test(`channels outlive ${kills} kills and a failing application`, { timeout: 600_000 }, async (t) => {
  const application = await startApplication(t);
  const folder = await temporaryFolder('channels');
  t.after(() => folder[Symbol.asyncDispose]());
  const place = ['--site', 'cloud', '--listen', '127.0.0.1:0', '--data', folder.path];
  const start = () => new StraitProcess(['serve', ...place, '--log-level', 'error']);
  let site = start();
  t.after(() => site.kill());
  let url = await site.url();
  await httpCall(url, 'POST', '/storage/v1/b?project=p', { body: { name: 'watched' } });
  const channel = { id: 'c1', type: 'web_hook', address: application.url, token: 'mine' };
  const made = await httpCall(url, 'POST', '/storage/v1/b/watched/o/watch', { body: channel });
  assert.equal(made.status, 200, made.text);

  const acknowledged: string[] = [];
  for (let round = 0; round < kills; round += 1) {
    const writing = (async () => {
      for (let count = 0; ; count += 1) {
        const name = `o${count % OBJECTS}`;
        const path = `/upload/storage/v1/b/watched/o?uploadType=media&name=${name}`;
        const answer = await httpCall(url, 'POST', path, { body: Buffer.from(`${round}`) }).catch(() => undefined);
        if (answer === undefined) return;
        assert.equal(answer.status, 200, answer.text);
        acknowledged.push(`${name} ${answer.json.generation}`);
      }
    })();
    await new Promise((wake) => setTimeout(wake, 200 + 300 * Math.random()));
    await site.kill();
    await writing;
    site = start();
    url = await site.url();
  }

  const existing = () =>
    application.told
      .filter(({ headers }) => headers['x-goog-resource-state'] === 'exists')
      .map(({ body }) => JSON.parse(body) as { readonly name: string; readonly generation: string })
      .map(({ name, generation }) => `${name} ${generation}`);
  const started = performance.now();
  for (;;) {
    const told = new Set(existing());
    const missing = acknowledged.filter((one) => !told.has(one));
    if (missing.length === 0) break;
    assert.ok(performance.now() - started < 240_000, `${missing.length} not told: ${missing.slice(0, 5)}`);
    await new Promise((wake) => setTimeout(wake, 200));
  }
  const told = [...new Set(existing())];
  for (let index = 0; index < OBJECTS; index += 1) {
    const of = told.filter((one) => one.startsWith(`o${index} `)).map((one) => BigInt(one.split(' ')[1] ?? 0));
    assert.deepEqual(
      of,
      of.toSorted((left, right) => (left < right ? -1 : 1)),
      'each first time in order',
    );
  }
  const [first] = application.told;
  assert.deepEqual(
    [first?.headers['x-goog-resource-state'], first?.headers['x-goog-message-number'], first?.body],
    ['sync', '1', ''],
  );
  assert.ok(application.told.every(({ headers }) => headers['x-goog-channel-token'] === 'mine'));
  recordFigure({ name: 'channels: writes acknowledged, all told', value: acknowledged.length });
  recordFigure({ name: 'channels: told again', value: existing().length - told.length });
});

test('a site that dies when a message was taken and not yet noted tells it again', { timeout: 120_000 }, async (t) => {
  const application = await startApplication(t, { isReliable: true });
  const folder = await temporaryFolder('channels');
  t.after(() => folder[Symbol.asyncDispose]());
  const place = ['--site', 'cloud', '--listen', '127.0.0.1:0', '--data', folder.path, '--log-level', 'error'];
  const dying = new StraitProcess(['serve', ...place, '--crash-at', 'channel.after-call:2'], {
    STRAIT_TEST_FAULTS: '1',
  });
  t.after(() => dying.kill());
  const url = await dying.url();
  await httpCall(url, 'POST', '/storage/v1/b?project=p', { body: { name: 'watched' } });
  const channel = { id: 'c1', type: 'web_hook', address: application.url };
  await httpCall(url, 'POST', '/storage/v1/b/watched/o/watch', { body: channel });
  const until = async (what: () => boolean) => {
    for (const started = performance.now(); !what(); ) {
      assert.ok(performance.now() - started < 60_000, `told: ${application.told.length}`);
      await new Promise((wake) => setTimeout(wake, 20));
    }
  };
  // The first batch is the first message: the site dies with the second, which is the object.
  await until(() => application.told.length === 1);
  await httpCall(url, 'POST', '/upload/storage/v1/b/watched/o?uploadType=media&name=a', { body: 'a' });
  assert.equal((await dying.exited()).signal, 'SIGKILL');

  const site = new StraitProcess(['serve', ...place]);
  t.after(() => site.kill());
  await site.url();
  await until(() => application.told.length === 3);
  const [, first, again] = application.told.map(({ headers, body }) => ({
    number: headers['x-goog-message-number'],
    state: headers['x-goog-resource-state'],
    body: JSON.parse(body === '' ? '{}' : body).generation,
  }));
  assert.deepEqual([first?.state, again], ['exists', first], 'the same message, with the same number');
});
