import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidateOrder, isLoose, lateState, nextPollMs } from './choose-version.ts';

test('the next version is tried first, then the newest ones', () => {
  assert.deepEqual(candidateOrder(0, 8), []);
  assert.deepEqual(candidateOrder(1, 8), [0]);
  assert.deepEqual(candidateOrder(4, 8), [0, 3, 2, 1]);
  assert.deepEqual(candidateOrder(100, 3), [0, 99, 98]);
});

test('late becomes held at the deadline', () => {
  assert.equal(lateState(1000, 1999, 1000), 'waiting');
  assert.equal(lateState(1000, 2000, 1000), 'held');
});

test('polls slow down only after a quiet minute, up to the most', () => {
  const settings = { tailPollMs: 500, tailPollMaxMs: 10_000 };
  assert.equal(nextPollMs(0, settings), 500);
  assert.equal(nextPollMs(60_000, settings), 500);
  assert.equal(nextPollMs(120_000, settings), 1000);
  assert.equal(nextPollMs(10_000_000, settings), 10_000);
});

test('a loose name is older than the published version, or old enough and claimed by nobody', () => {
  const base = { updatedMs: 100, publishedSourceMs: undefined, isClaimed: false, nowMs: 6000, looseAfterMs: 5000 };
  assert.equal(isLoose(base), true);
  assert.equal(isLoose({ ...base, isClaimed: true }), false);
  assert.equal(isLoose({ ...base, isClaimed: true, publishedSourceMs: 101 }), true);
  assert.equal(isLoose({ ...base, nowMs: 5000 }), false);
  assert.equal(isLoose({ ...base, nowMs: 5000, publishedSourceMs: 100 }), false);
});
