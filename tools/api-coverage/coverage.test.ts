/** The coverage page says what the tests claim, and every method that is served has a test. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REVISION } from '../../src/dialects/gcs-json/api/document.ts';
import { FORMER_METHODS } from '../../src/dialects/gcs-json/api/former-methods.ts';
import { readApiTests } from './claims.ts';
import { Coverage, PAGE } from './coverage.ts';
import { INVENTORY } from './inventory.ts';
import { prove } from './prove.ts';

const tests = await readApiTests();
const coverage = new Coverage(tests);

test('the page is up to date', () => {
  assert.equal(readFileSync(PAGE, 'utf8'), coverage.render(), 'stale: run npm run coverage:api');
});

test('every method that is served has a test', () => {
  assert.deepEqual(coverage.untested, [], 'add a test to test/api (see CONTRIBUTING.md)');
});

test('tests claim what the document has: fields one by one, not the objects that hold them', () => {
  assert.deepEqual(coverage.unknown, []);
});

test('the document is the revision that was read: go through what a new one brings', () => {
  assert.deepEqual([REVISION, INVENTORY.length - Object.keys(FORMER_METHODS).length], ['20260911', 87]);
});

test('a claim counts only when a test fails without what it claims', async () => {
  const [some] = tests;
  assert.ok(some !== undefined);
  const point = { method: 'objects.list', kind: 'parameter', name: 'prefix' } as const;
  const hears = { ...some, run: async (mutation?: object) => assert.equal(mutation, undefined) };
  const isDeaf = { ...some, run: async () => {} };
  const isBroken = { ...some, run: async () => assert.fail('always') };
  const caught = async (claiming: typeof some) => {
    const { proofs, broken } = await prove([{ point, tests: [claiming] }]);
    return { caught: proofs.every(({ caughtBy }) => caughtBy !== undefined), broken: broken.length };
  };
  assert.deepEqual(await caught(hears), { caught: true, broken: 0 });
  assert.deepEqual(await caught(isDeaf), { caught: false, broken: 0 });
  assert.deepEqual(await caught(isBroken), { caught: false, broken: 1 });
});
