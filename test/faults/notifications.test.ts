/**
 * A real site tells a topic over HTTP what happens to its objects, while the topic refuses, hangs up and goes away, and
 * the site is killed: nothing that was acknowledged is left untold, and each object's events come in order.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
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
  readonly data?: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Stands in for Pub/Sub's REST API. It fails as told, sometimes after it has kept the messages. */
async function startTopic(t: TestContext) {
  const told: Told[] = [];
  let calls = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      calls += 1;
      assert.equal(request.url, '/v1/projects/p/topics/changes:publish');
      const fate = calls % 5;
      if (fate === 1) return void response.writeHead(503).end('{}');
      if (fate === 2) return void request.socket.destroy();
      const { messages } = JSON.parse(Buffer.concat(chunks).toString());
      told.push(...messages);
      if (fate === 3) return void request.socket.destroy();
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"messageIds":[]}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { told, url: `http://127.0.0.1:${port}` };
}

test(`notifications outlive ${kills} kills and a failing topic`, { timeout: 600_000 }, async (t) => {
  const topic = await startTopic(t);
  const folder = await temporaryFolder('notifications');
  t.after(() => folder[Symbol.asyncDispose]());
  const place = ['--site', 'cloud', '--listen', '127.0.0.1:0', '--data', folder.path, '--pubsub', topic.url];
  const start = () => new StraitProcess(['serve', ...place, '--insecure-open', '--log-level', 'error']);
  let site = start();
  t.after(() => site.kill());
  let url = await site.url();
  await httpCall(url, 'POST', '/storage/v1/b?project=p', { body: { name: 'noted' } });
  const config = { topic: '//pubsub.googleapis.com/projects/p/topics/changes', payload_format: 'JSON_API_V1' };
  const made = await httpCall(url, 'POST', '/storage/v1/b/noted/notificationConfigs', { body: config });
  assert.equal(made.status, 200, made.text);

  const acknowledged: string[] = [];
  for (let round = 0; round < kills; round += 1) {
    let count = 0;
    const writing = (async () => {
      for (; ; count += 1) {
        const name = `o${count % OBJECTS}`;
        const path = `/upload/storage/v1/b/noted/o?uploadType=media&name=${name}`;
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

  const finalized = () =>
    topic.told
      .filter(({ attributes }) => attributes['eventType'] === 'OBJECT_FINALIZE')
      .map(({ attributes }) => `${attributes['objectId']} ${attributes['objectGeneration']}`);
  const missing = () => acknowledged.filter((one) => !new Set(finalized()).has(one));
  const started = performance.now();
  while (missing().length > 0) {
    assert.ok(performance.now() - started < 120_000, `not told: ${missing().slice(0, 5)}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
  for (let index = 0; index < OBJECTS; index += 1) {
    const of = [...new Set(finalized())]
      .filter((one) => one.startsWith(`o${index} `))
      .map((one) => BigInt(one.split(' ')[1] ?? 0));
    assert.deepEqual(
      of,
      of.toSorted((left, right) => (left < right ? -1 : 1)),
      'each first time in order',
    );
  }
  const [first] = topic.told;
  assert.equal(JSON.parse(Buffer.from(first?.data ?? '', 'base64').toString()).bucket, 'noted');
  recordFigure({ name: 'notifications: writes acknowledged, all told', value: acknowledged.length });
  recordFigure({ name: 'notifications: told again', value: finalized().length - new Set(finalized()).size });
});
