import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { combineCrc32c } from './crc32c-combine.ts';

test('the combined checksum is that of the bytes put together', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(bytes, bytes, (first, second) => {
      const whole = crc32c(Buffer.concat([first, second]));
      assert.equal(combineCrc32c(crc32c(first), crc32c(second), second.length), whole);
    }),
  );
});

test('combining is associative, also for parts of many GiB', () => {
  const part = fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(5 * 2 ** 40));
  fc.assert(
    fc.property(part, part, part, ([a], [b, lengthOfB], [c, lengthOfC]) => {
      const leftFirst = combineCrc32c(combineCrc32c(a, b, lengthOfB), c, lengthOfC);
      const rightFirst = combineCrc32c(a, combineCrc32c(b, c, lengthOfC), lengthOfB + lengthOfC);
      assert.equal(leftFirst, rightFirst);
    }),
  );
});

test('a long run of zeros is as its checksum says', () => {
  const zeros = Buffer.alloc(1 << 20);
  let whole = 0;
  let combined = 0;
  for (let index = 0; index < 8; index += 1) {
    whole = crc32c(zeros, whole);
    combined = combineCrc32c(combined, crc32c(zeros), zeros.length);
  }
  assert.equal(combined, whole);
});
