/**
 * CRC32C as arithmetic: the checksum of joined bytes from the checksums of the parts, without the bytes. Appending
 * n zero bytes is a linear map over GF(2); it is applied by squaring, as in zlib's `crc32_combine`.
 */

/** The Castagnoli polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** `left(x) · right(x)` modulo the polynomial, both bit-reversed: bit 31 is x⁰. */
function multiply(left: number, right: number): number {
  let product = 0;
  let shifted = right;
  for (let mask = 0x80000000; mask !== 0; mask >>>= 1) {
    if ((left & mask) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** `x^(8·2^index)`: what appending 2^index zero bytes multiplies by. 5 TiB needs 43 of them; 53 cover every integer. */
const POWERS: readonly number[] = (() => {
  const powers = [0x00800000];
  for (let last = 0x00800000; powers.length < 53; powers.push(last)) last = multiply(last, last);
  return powers;
})();

/** The factor for `combineCrc32cBy`, worth keeping when many parts have one length. `lengthBytes` ≤ 2^53 − 1. */
export function crc32cShift(lengthBytes: number): number {
  let factor = 0x80000000;
  let left = lengthBytes;
  for (const power of POWERS) {
    if (left % 2 === 1) factor = multiply(factor, power);
    left = Math.floor(left / 2);
    if (left === 0) break;
  }
  return factor;
}

/** CRC32C of `first` followed by `second`, whose length gave `shift`. */
export function combineCrc32cBy(first: number, second: number, shift: number): number {
  return (multiply(shift, first) ^ second) >>> 0;
}

/** CRC32C of `first` followed by `second`, which is `secondBytes` long. */
export function combineCrc32c(first: number, second: number, secondBytes: number): number {
  return combineCrc32cBy(first, second, crc32cShift(secondBytes));
}
