import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseSync } from 'oxc-parser';
import type { TestOutcome } from '../test-run/suite-result.ts';
import { lawTests } from './law-tests.ts';
import { mutate } from './mutation.ts';
import { MUTATIONS } from './mutations.ts';
import { judgeBroken, judgeUnbroken } from './verdict.ts';

test('every mutation still applies, and leaves a file that parses', () => {
  for (const mutation of MUTATIONS) {
    const { id, file, tests } = mutation;
    const broken = mutate(readFileSync(file, 'utf8'), mutation);
    assert.ok(broken !== undefined, `${id}: the text to replace must occur once in ${file}`);
    assert.deepEqual(parseSync(file, broken).errors, [], id);
    for (const { test: named, run = named } of tests) assert.ok(existsSync(run), `${id}: ${run} is not there`);
  }
  const ids = MUTATIONS.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)]);
});

test('every test that ARCHITECTURE.md names for a law has a mutation that must turn it red, and no other has', () => {
  const named = [...lawTests(readFileSync('ARCHITECTURE.md', 'utf8'))];
  const pairs = named.flatMap(([law, tests]) => tests.map((path) => `${law} ${path}`));
  assert.deepEqual(pairs, [...new Set(pairs)], 'a test is named twice for one law');
  const broken = MUTATIONS.flatMap(({ law, tests }) => tests.map(({ test: path }) => `${law} ${path}`));
  assert.deepEqual([...new Set(broken)].toSorted(), pairs.toSorted());
  for (const [law] of named) assert.ok(MUTATIONS.filter((one) => one.law === law).length >= 2, `law ${law}`);
});

const outcome = (kind: TestOutcome['outcome'], reason?: string): TestOutcome => ({
  name: 'one',
  file: 'a.test.ts',
  durationMs: 1,
  outcome: kind,
  ...(reason === undefined ? {} : { reason }),
});

test('only a failure for the right reason is caught', () => {
  const red = /lost/;
  assert.equal(judgeUnbroken([outcome('passed'), outcome('skipped', 'no server')]), undefined);
  assert.equal(judgeUnbroken([outcome('skipped', 'no server')])?.kind, 'skipped');
  assert.equal(judgeUnbroken([outcome('passed'), outcome('failed', 'Error')])?.kind, 'red before');
  assert.equal(judgeUnbroken([])?.kind, 'stale');
  assert.equal(judgeBroken([outcome('passed')], red).kind, 'missed');
  assert.equal(judgeBroken([outcome('failed', 'AssertionError: lost')], red).kind, 'caught');
  assert.equal(judgeBroken([outcome('failed', 'AssertionError: late')], red).kind, 'wrong red');
  assert.equal(judgeBroken([outcome('failed', 'TypeError: lost is not a function')], red).kind, 'wrong red');
  assert.equal(judgeBroken([outcome('failed', 'Error: test timed out after 5ms, lost')], red).kind, 'wrong red');
});
