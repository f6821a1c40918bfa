/** Very many slow clients at a time cost the gateway little memory each, whether they take or send. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureFor, isFullRun } from '../support/full-figures.ts';
import { MemoryWatch } from '../support/memory-watch.ts';
import { patterned } from '../support/patterned-bytes.ts';
import { recordFigure } from '../support/record-figure.ts';
import { ServedSite, until } from '../support/serve-site.ts';
import { SlowClient } from '../support/slow-client.ts';

const MIB = 1024 * 1024;
const clients = figureFor({ quick: 200, full: 1000 });
/** 200 MiB for 1,000 clients, of which buffers that wait to be collected take a part however many clients there are. */
const ADDED_MIB_MAX = 90 + 0.11 * clients;
const HELD_MS = figureFor({ quick: 4_000, full: 20_000 });
const TURN = { stepBytes: 4096, turnMs: 250 };
const BUCKET = 'lake-slow';
const CONTENT = patterned(MIB);
/** More than the system takes off the gateway's hands for a connection: it holds 1 MiB by itself. */
const DOWNLOADED = patterned(8 * MIB);

type Kind = 'get' | 'put';

function clientAt(url: string, kind: Kind, index: number): Promise<SlowClient> {
  const { host } = new URL(url);
  if (kind === 'get') {
    const head = `GET /storage/v1/b/${BUCKET}/o/big?alt=media HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    return SlowClient.connect({ url, head, ...TURN });
  }
  const path = `/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=put-${index}`;
  const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${MIB}\r\n\r\n`;
  return SlowClient.connect({ url, head, body: CONTENT, ...TURN });
}

/** Code compiled, pools filled, connections used: what every client adds is measured from here. */
async function warmUp(url: string): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const put = `${url}/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=warm-${index}`;
        assert.equal((await fetch(put, { method: 'POST', body: CONTENT })).status, 200);
        const got = await fetch(`${url}/storage/v1/b/${BUCKET}/o/warm-${index}?alt=media`);
        assert.ok(CONTENT.equals(Buffer.from(await got.arrayBuffer())));
      }),
    );
  }
}

async function peakOver(pid: number, ms: number): Promise<number> {
  const watch = new MemoryWatch(() => [pid]);
  await new Promise((wake) => setTimeout(wake, ms));
  return watch.stop();
}

const MIXED = { what: 'half GET, half PUT', kinds: ['get', 'put'] } as const;
const MIXES: readonly { readonly what: string; readonly kinds: readonly Kind[] }[] = isFullRun
  ? [MIXED, { what: 'GET only', kinds: ['get'] }, { what: 'PUT only', kinds: ['put'] }]
  : [MIXED];

for (const { what, kinds } of MIXES) {
  test(`${clients} slow clients, ${what}, add at most ${ADDED_MIB_MAX} MiB`, { timeout: 300_000 }, async (t) => {
    const cloud = await ServedSite.start(t);
    await cloud.createBucket(BUCKET);
    const put = `${cloud.url}/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=big`;
    assert.equal((await fetch(put, { method: 'POST', body: DOWNLOADED })).status, 200);
    await warmUp(cloud.url);
    const idle = await peakOver(cloud.pid, 2_000);
    const slow: SlowClient[] = [];
    t.after(() => {
      for (const client of slow) client.close();
    });
    const watch = new MemoryWatch(() => [cloud.pid]);
    t.after(() => watch.stop());
    for (let index = 0; index < clients; index += 1) {
      slow.push(await clientAt(cloud.url, kinds[index % kinds.length] ?? 'get', index));
    }
    await until('all are served', { withinMs: 60_000 }, () => inFlight(cloud, clients));
    await new Promise((wake) => setTimeout(wake, HELD_MS));
    assert.ok(await inFlight(cloud, clients), 'some clients were done too soon to count');
    for (const client of slow) client.check();
    const moved = slow.filter(({ sent, answered }) => sent + answered > 0).length;
    assert.equal(moved, clients, 'every client moves');
    const added = watch.stop() - idle;
    recordFigure({ name: `${clients} slow clients, ${what}: idle before`, value: idle, unit: 'MiB' });
    recordFigure({ name: `${clients} slow clients, ${what}: added`, value: added, unit: 'MiB' });
    assert.ok(idle > 20 && added <= ADDED_MIB_MAX, `${added} MiB over ${idle} MiB`);
  });
}

/** The gateway is still answering all of them. */
async function inFlight(cloud: ServedSite, wanted: number): Promise<boolean> {
  const text = await (await fetch(`${cloud.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith('strait_http_requests_in_flight'));
  return Number(line?.split(' ').at(-1) ?? 0) >= wanted;
}
