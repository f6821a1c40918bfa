import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from './random.ts';

test('the same seed gives the same values, within [0, 1)', () => {
  const [first, second] = [seededRandom(7), seededRandom(7)];
  for (let index = 0; index < 1000; index += 1) {
    const value = first.unit();
    assert.equal(value, second.unit());
    assert.ok(value >= 0 && value < 1);
  }
});
