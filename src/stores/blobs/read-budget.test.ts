import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadBudget } from './read-budget.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

test('few readers get large buffers; very many that keep theirs stay near the budget', () => {
  const budget = new ReadBudget({ budgetBytes: 24 * MIB, minBytes: 64 * KIB, maxBytes: 512 * KIB });
  assert.equal(budget.bytesEach, 512 * KIB);
  const held: number[] = [];
  for (let reader = 0; reader < 1000; reader += 1) {
    const bytes = budget.bytesEach;
    held.push(bytes);
    budget.hold(bytes);
  }
  assert.equal(held.at(-1), 64 * KIB);
  assert.ok(held.reduce((sum, bytes) => sum + bytes, 0) <= (24 + 1000 / 16) * MIB);
  for (const bytes of held) budget.release(bytes);
  assert.equal(budget.bytesEach, 512 * KIB);
});
