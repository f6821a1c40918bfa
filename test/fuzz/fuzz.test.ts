/**
 * Valid requests with everything about them changed at random: never an answer that nobody meant, never a crash, and an
 * error leaves all as it was. `STRAIT_FUZZ_SEED` repeats a run; `STRAIT_TEST_FULL=1` sends a million.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { figureFor } from '../support/full-figures.ts';
import { recordFigure } from '../support/record-figure.ts';
import { Dice } from './dice.ts';
import { allMethods, readDiscovery } from './discovery.ts';
import { FuzzedGateway, targetOf } from './fuzzed-gateway.ts';
import { judgeAnswer, mayChangeThoughRefused } from './judge.ts';
import { type FuzzRequest, makeRequest } from './make-request.ts';
import { mutate } from './mutate.ts';
import { makeRawRequest, sendRaw } from './raw-requests.ts';

const MINUTES = 60_000;
const MIB = 2 ** 20;
const requests = figureFor({ quick: 20_000, full: 1_000_000 });
const rawRequests = figureFor({ quick: 300, full: 10_000 });
const REFILL_EVERY = 400;
const seed = Number(process.env['STRAIT_FUZZ_SEED'] ?? Date.now() % 2 ** 32);

let gateway: FuzzedGateway;
before(async () => {
  gateway = await FuzzedGateway.start();
});
after(() => gateway.close());

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use, without what was only not collected yet. */
function heapMiB(): number {
  collectGarbage();
  return Math.round(process.memoryUsage().heapUsed / MIB);
}

function describe(request: FuzzRequest): string {
  const body = request.body === undefined ? '' : ` body ${request.body.toString('utf8', 0, 300)}`;
  const line = `${request.method} ${targetOf(request).slice(0, 600)} ${JSON.stringify(request.headers)}`;
  return `${line}${body} (STRAIT_FUZZ_SEED=${seed})`;
}

test(`${requests} requests with anything wrong about them`, { timeout: 180 * MINUTES }, async () => {
  const dice = new Dice(seed);
  const discovery = readDiscovery();
  const methods = allMethods(discovery);
  const answered = new Map<number, number>();
  const heap: string[] = [];
  for (let count = 0; count < requests; count += 1) {
    if (count % REFILL_EVERY === 0) await gateway.fill();
    const request = mutate(dice, makeRequest(dice, discovery, dice.pick(methods), gateway));
    const before = gateway.commits;
    const answer = await gateway.send(request).catch((error: Error) => assert.fail(`${error}: ${describe(request)}`));
    answered.set(answer.status, (answered.get(answer.status) ?? 0) + 1);
    const problem = judgeAnswer(request, answer);
    assert.equal(problem, undefined, `${problem}: ${describe(request)} → ${answer.text.slice(0, 300)}`);
    assert.deepEqual(gateway.failures, [], describe(request));
    if (answer.status >= 400 && !mayChangeThoughRefused(request)) {
      assert.equal(
        gateway.commits,
        before,
        `refused with ${answer.status}, and yet something was written: ${describe(request)}`,
      );
    }
    if ((count + 1) % Math.floor(requests / 10) === 0) heap.push(`${heapMiB()} (${gateway.journalEntries})`);
  }
  recordFigure({ name: 'fuzzed requests', value: requests });
  recordFigure({ name: 'fuzzed: answers by status', value: JSON.stringify(Object.fromEntries([...answered].sort())) });
  recordFigure({ name: 'fuzzed: heap in use along the way (and journal entries in it)', value: heap.join(' ') });
  assert.ok((answered.get(200) ?? 0) > requests / 50, 'hardly anything succeeded: nothing was fuzzed but the router');
});

test(`${rawRequests} streams of bytes that are no request`, { timeout: 30 * MINUTES }, async () => {
  const dice = new Dice(seed);
  for (let count = 0; count < rawRequests; count += 10) {
    const sent = Array.from({ length: 10 }, () => makeRawRequest(dice));
    const answers = await Promise.all(sent.map((bytes) => sendRaw(gateway.url, bytes)));
    for (const [index, answer] of answers.entries()) {
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 400);
      const isMeant = status < 500 || status === 501;
      assert.ok(isMeant, `${status} to ${JSON.stringify(sent[index]?.toString('latin1').slice(0, 300))} (${seed})`);
      assert.ok(!answer.includes('X-Injected'), 'a header came through');
    }
    assert.deepEqual(gateway.failures, []);
  }
  assert.equal((await gateway.send({ method: 'GET', segments: ['healthz'], query: [], headers: {} })).status, 200);
});
