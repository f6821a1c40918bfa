import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '../../test/support/manual-clock.ts';
import { createMetrics } from './create-metrics.ts';
import { Lifecycle, type Service } from './lifecycle.ts';
import { silentLogger } from './logger.ts';
import { seededRandom } from './random.ts';

function setUp() {
  const clock = manualClock();
  const metrics = createMetrics();
  const deps = { clock, metrics, random: seededRandom(1), logger: silentLogger };
  const lifecycle = new Lifecycle(deps, { drainMs: 1_000, restartMinMs: 100, restartMaxMs: 1_000 });
  return { clock, metrics, lifecycle };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

test('a service that fails is started again, more slowly each time, and counted', async () => {
  const { clock, lifecycle, metrics } = setUp();
  const startsMs: number[] = [];
  const failing: Service = {
    name: 'sync',
    run: async () => {
      startsMs.push(clock.monotonicMs());
      throw new Error('boom');
    },
  };
  lifecycle.run(failing);
  await clock.advance(10_000);
  const gaps = startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] ?? 0));
  assert.ok((gaps[0] ?? 0) >= 50 && (gaps[0] ?? 0) <= 100, `first pause ${gaps[0]}`);
  assert.ok(gaps.every((gap) => gap <= 1_000));
  assert.ok((gaps.at(-1) ?? 0) >= 500, `last pause ${gaps.at(-1)}`);
  assert.match(metrics.render(), new RegExp(`restarts_total\\{service="sync"\\} ${startsMs.length}`));
  assert.equal(await lifecycle.close(), true);
});

test('a service that returns early is started again; one asked to stop is not', async () => {
  const { clock, lifecycle } = setUp();
  let starts = 0;
  lifecycle.run({
    name: 'reaper',
    run: async (signal) => {
      starts += 1;
      if (starts > 1) await untilAborted(signal);
    },
  });
  await clock.advance(200);
  assert.equal(starts, 2);
  assert.equal(await lifecycle.close(), true);
  await clock.advance(5_000);
  assert.equal(starts, 2);
});

test('closing goes in reverse order, waits for services, and happens once', async () => {
  const { clock, lifecycle } = setUp();
  const closed: string[] = [];
  lifecycle.own('store', async () => void closed.push('store'));
  lifecycle.run({
    name: 'sync',
    run: async (signal) => {
      await untilAborted(signal);
      await clock.sleep(300);
      closed.push('sync');
    },
  });
  lifecycle.own('server', async () => void closed.push('server'));
  const [first, second] = [lifecycle.close(), lifecycle.close()];
  await clock.advance(299);
  assert.deepEqual(closed, ['server']);
  await clock.advance(1);
  assert.deepEqual([await first, await second], [true, true]);
  assert.deepEqual(closed, ['server', 'sync', 'store']);
});

test('a part that hangs or fails keeps nothing else open', async () => {
  const { clock, lifecycle } = setUp();
  const closed: string[] = [];
  lifecycle.own('store', async () => void closed.push('store'));
  lifecycle.own('broken', async () => {
    throw new Error('boom');
  });
  lifecycle.own('hanging', () => new Promise(() => {}));
  const closing = lifecycle.close();
  await clock.advance(1_000);
  assert.equal(await closing, false);
  assert.deepEqual(closed, ['store']);
});
