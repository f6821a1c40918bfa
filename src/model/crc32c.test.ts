import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { combineCrc32c } from './crc32c.ts';

test('the checksum of two parts joined is that of the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.uint8Array({ maxLength: 3000 }), (first, second) => {
      const whole = crc32c(Buffer.concat([first, second]));
      assert.equal(combineCrc32c(crc32c(first), crc32c(second), second.length), whole);
    }),
  );
});

test('lengths beyond 32 bits: ten equal steps reach what one step of their sum reaches', () => {
  const start = crc32c('start');
  const length = 549_755_813_888 + 12_345;
  let stepwise = start;
  for (let step = 0; step < 10; step += 1) stepwise = combineCrc32c(stepwise, 0, length);
  assert.equal(stepwise, combineCrc32c(start, 0, length * 10));
});
