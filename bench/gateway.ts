/**
 * What the gateway costs over bare `node:http`: small GETs and PUTs (4 KiB) as a ratio of their rates, in interleaved
 * pairs; and the throughput of one large object up and down over LMDB and files. Small objects live in memory stores,
 * so that the ratio is of the HTTP work and not of the disk. The client shares the machine: figures are for comparing.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { Pool } from 'undici';
import { createGcsJsonServer } from '../src/dialects/gcs-json/server.ts';
import { HTTP_SERVER_DEFAULTS } from '../src/dialects/shared/http-server.ts';
import { bindNamespace } from '../src/namespace/service.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { createMetrics } from '../src/runtime/create-metrics.ts';
import { silentLogger } from '../src/runtime/logger.ts';
import { systemRandom } from '../src/runtime/random.ts';
import { openDurableNamespace } from '../test/support/durable-namespace.ts';
import { startMemoryGateway } from '../test/support/memory-gateway.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import type { BenchResult } from './run.ts';

const SMALL = Buffer.alloc(4 * 1024, 'x');
const CONNECTIONS = 16;
const PAIRS = 9;
const ROUND_MS = Number(process.env['STRAIT_BENCH_ROUND_MS'] ?? '400');
const LARGE_BYTES = Number(process.env['STRAIT_BENCH_LARGE_MIB'] ?? '256') * 1024 * 1024;

export async function run(): Promise<BenchResult> {
  const figures = { ...(await smallObjects()), ...(await largeObject()) };
  return { name: 'gateway', figures };
}

interface Target {
  readonly pool: Pool;
  readonly get: string;
  put(index: number): string;
}

async function smallObjects(): Promise<Record<string, number>> {
  const bare = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'Content-Length': SMALL.length });
      response.end(SMALL);
    });
  });
  await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
  const gateway = await startMemoryGateway();
  const bareUrl = `http://127.0.0.1:${(bare.address() as AddressInfo).port}`;
  const pools = [bareUrl, gateway.url].map((url) => new Pool(url, { connections: CONNECTIONS }));
  const [barePool, gatewayPool] = pools;
  if (barePool === undefined || gatewayPool === undefined) throw new Error('two servers are compared');
  const upload = (index: number) => `/upload/storage/v1/b/bench/o?uploadType=media&name=n${index}&prettyPrint=false`;
  const get = '/storage/v1/b/bench/o/n0?alt=media';
  const body = JSON.stringify({ name: 'bench' });
  await gatewayPool.request({ method: 'POST', path: '/b?project=p', body }).then((answer) => answer.body.dump());
  await gatewayPool.request({ method: 'POST', path: upload(0), body: SMALL }).then((answer) => answer.body.dump());
  const bareTarget: Target = { pool: barePool, get, put: upload };
  const gatewayTarget: Target = { pool: gatewayPool, get, put: upload };
  const figures = {
    ...(await compare('smallGet', bareTarget, gatewayTarget)),
    ...(await compare('smallPut', bareTarget, gatewayTarget)),
  };
  await Promise.all(pools.map((pool) => pool.close()));
  await new Promise((resolve) => bare.close(resolve));
  await gateway.close();
  return figures;
}

type Kind = 'smallGet' | 'smallPut';

async function compare(kind: Kind, bare: Target, gateway: Target): Promise<Record<string, number>> {
  for (const target of [bare, gateway]) await rate(kind, target);
  const pairs: { readonly bare: number; readonly gateway: number }[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    pairs.push({ bare: await rate(kind, bare), gateway: await rate(kind, gateway) });
  }
  return {
    [`${kind}PerSecond`]: Math.round(median(pairs.map((pair) => pair.gateway))),
    [`${kind}BarePerSecond`]: Math.round(median(pairs.map((pair) => pair.bare))),
    [`${kind}ShareOfBare`]: round(median(pairs.map((pair) => pair.gateway / pair.bare))),
  };
}

let putCount = 0;

/** Requests a second, `CONNECTIONS` at a time. An answer that is not 200 ends the bench. */
async function rate(kind: Kind, target: Target): Promise<number> {
  const started = performance.now();
  let done = 0;
  const work = async () => {
    while (performance.now() - started < ROUND_MS) {
      putCount += 1;
      const { statusCode, body } = await target.pool.request(
        kind === 'smallGet'
          ? { method: 'GET', path: target.get }
          : { method: 'POST', path: target.put(putCount % 1_000), body: SMALL },
      );
      await body.dump();
      if (statusCode !== 200) throw new Error(`${kind} answered ${statusCode}`);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return (done * 1_000) / (performance.now() - started);
}

async function largeObject(): Promise<Record<string, number>> {
  await using folder = await temporaryFolder('bench-gateway');
  const deps = await openDurableNamespace(folder.path);
  const http = { ...HTTP_SERVER_DEFAULTS, host: '127.0.0.1', port: 0 };
  const parts = { clock: systemClock, random: systemRandom, logger: silentLogger, metrics: createMetrics() };
  const server = createGcsJsonServer({ ...parts, namespace: bindNamespace(deps) }, { http });
  const { port } = await server.listen();
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1, bodyTimeout: 0, headersTimeout: 0 });
  const body = JSON.stringify({ name: 'bench' });
  await pool.request({ method: 'POST', path: '/b?project=p', body }).then((answer) => answer.body.dump());
  const ups: number[] = [];
  const downs: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    ups.push(await upload(pool));
    downs.push(await download(pool));
  }
  await pool.close();
  await server.close();
  await deps.close();
  return { largePutMiBPerSecond: Math.round(median(ups)), largeGetMiBPerSecond: Math.round(median(downs)) };
}

async function upload(pool: Pool): Promise<number> {
  const started = performance.now();
  const path = '/upload/storage/v1/b/bench/o?uploadType=media&name=large';
  const { statusCode, body } = await pool.request({ method: 'POST', path, body: Readable.from(largeBody()) });
  await body.dump();
  if (statusCode !== 200) throw new Error(`the upload was answered ${statusCode}`);
  return mebibytesPerSecond(started);
}

async function* largeBody(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(256 * 1024, 'y');
  for (let sent = 0; sent < LARGE_BYTES; sent += chunk.length) yield chunk;
}

async function download(pool: Pool): Promise<number> {
  const started = performance.now();
  const { body } = await pool.request({ method: 'GET', path: '/storage/v1/b/bench/o/large?alt=media' });
  let received = 0;
  for await (const chunk of body) received += chunk.length;
  if (received !== LARGE_BYTES) throw new Error(`${received} bytes came of ${LARGE_BYTES}`);
  return mebibytesPerSecond(started);
}

function mebibytesPerSecond(started: number): number {
  return LARGE_BYTES / 2 ** 20 / ((performance.now() - started) / 1_000);
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const round = (value: number) => Math.round(value * 1_000) / 1_000;
