import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PageBudget } from './page-budget.ts';

test('pages get small while much waits, and large again when it is taken', () => {
  const budget = new PageBudget();
  assert.equal(budget.itemsAllowed(1_000), 1_000);
  const releases = Array.from({ length: 40 }, () => budget.hold(1024 * 1024));
  assert.equal(budget.itemsAllowed(1_000), 20);
  assert.equal(budget.itemsAllowed(5), 5);
  for (const release of releases) {
    release();
    release();
  }
  assert.equal(budget.itemsAllowed(1_000), 1_000);
  budget.hold(33 * 1024 * 1024);
  assert.equal(budget.itemsAllowed(1_000), 20, 'releasing twice must not count twice');
});
