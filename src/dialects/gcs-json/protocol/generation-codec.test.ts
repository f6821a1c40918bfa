import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainGenerations, shuffledGenerations } from './generation-codec.ts';

const key = fc.uint8Array({ minLength: 1, maxLength: 32 });
const generation = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const soon = fc.bigInt({ min: 0n, max: 2n ** 52n - 1n });

test('shuffled generations come back, and 0 stays 0', () => {
  fc.assert(
    fc.property(key, fc.oneof(generation, soon), (bytes, stored) => {
      const codec = shuffledGenerations(bytes);
      assert.equal(codec.fromWire(codec.toWire(stored)), stored);
      assert.equal(codec.toWire(codec.fromWire(stored)), stored);
      assert.equal(codec.toWire(0n), 0n);
      assert.equal(codec.fromWire(0n), 0n);
      if (stored !== 0n) assert.notEqual(codec.toWire(stored), 0n);
    }),
  );
});

test('consecutive generations are not in order on the wire, and stay distinct', () => {
  const codec = shuffledGenerations(Buffer.from('key'));
  const start = 1_790_000_000_000_000n;
  const wire = Array.from({ length: 1_000 }, (_, index) => codec.toWire(start + BigInt(index)));
  assert.equal(new Set(wire).size, wire.length);
  const falls = wire.filter((value, index) => index > 0 && value < (wire[index - 1] ?? 0n)).length;
  assert.ok(falls > 400 && falls < 600, `${falls} of 999 steps fall`);
});

test('another key gives other numbers, the same key the same', () => {
  const stored = 1_790_000_000_000_000n;
  const [one, again, other] = ['a', 'a', 'b'].map((text) => shuffledGenerations(Buffer.from(text)).toWire(stored));
  assert.equal(one, again);
  assert.notEqual(one, other);
});

test('without manners the wire shows what is stored', () => {
  assert.equal(plainGenerations.toWire(7n), 7n);
  assert.equal(plainGenerations.fromWire(7n), 7n);
});
