import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '../../test/support/manual-clock.ts';
import { DeadlineExceeded, withDeadline } from './deadline.ts';

const waitForAbort = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('work that ends in time keeps its result and leaves no sleeper behind', async () => {
  const clock = manualClock();
  assert.equal(await withDeadline({ clock, ms: 100 }, async () => 7), 7);
  assert.equal(clock.sleeping, 0);
});

test('the signal aborts at the deadline with DeadlineExceeded', async () => {
  const clock = manualClock();
  const work = assert.rejects(withDeadline({ clock, ms: 100 }, waitForAbort), DeadlineExceeded);
  await clock.advance(99);
  assert.equal(clock.sleeping, 1);
  await clock.advance(1);
  await work;
});

test('the outer signal passes on its reason, before or during the work', async () => {
  const clock = manualClock();
  const outer = new AbortController();
  const work = assert.rejects(withDeadline({ clock, ms: 100, signal: outer.signal }, waitForAbort), /stop/);
  outer.abort(new Error('stop'));
  await work;
  const seen = await withDeadline({ clock, ms: 100, signal: outer.signal }, async (signal) => signal.aborted);
  assert.equal(seen, true);
  assert.equal(clock.sleeping, 0);
});
