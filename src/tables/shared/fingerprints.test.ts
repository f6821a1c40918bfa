import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Fingerprints, fingerprint } from './fingerprints.ts';

test('remembers who claimed a key first, as a map does', () => {
  const claims = fc.array(fc.tuple(fc.nat({ max: 300 }), fc.nat({ max: 1000 })), { maxLength: 1000 });
  fc.assert(
    fc.property(claims, (list) => {
      const prints = new Fingerprints(4);
      const model = new Map<number, number>();
      for (const [key, step] of list) {
        prints.claim(fingerprint(`key ${key}`), step);
        if (!model.has(key)) model.set(key, step);
      }
      assert.equal(prints.size, model.size);
      for (let key = 0; key <= 300; key += 1) assert.equal(prints.get(fingerprint(`key ${key}`)), model.get(key));
    }),
    { numRuns: 30 },
  );
});
