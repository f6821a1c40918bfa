/**
 * CRC32C of a concatenation from the CRC32Cs of its parts, without their bytes. Appending n zero bytes multiplies the
 * remainder by x^(8n) modulo the Castagnoli polynomial; the second part's own remainder is then added. Bits are
 * reflected, as in the checksum: the highest bit stands for x^0.
 */

const POLYNOMIAL = 0x82f63b78;
const ONE = 0x80000000;

/** x^(8·2^k) for k = 0, 1, …: enough for any length that a double holds exactly. */
const BYTE_POWERS: readonly number[] = powers(53);

/** `lengthOfSecond` in bytes. Results are unsigned 32-bit, like the checksums. */
export function combineCrc32c(first: number, second: number, lengthOfSecond: number): number {
  return (multiply(first, zeros(lengthOfSecond)) ^ second) >>> 0;
}

/** x^(8·length) modulo the polynomial. */
function zeros(length: number): number {
  let product = ONE;
  let left = length;
  for (const power of BYTE_POWERS) {
    if (left === 0) break;
    if (left % 2 === 1) product = multiply(product, power);
    left = Math.floor(left / 2);
  }
  return product;
}

function multiply(left: number, right: number): number {
  let product = 0;
  let shifted = right;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((left & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) !== 0 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product >>> 0;
}

function powers(count: number): number[] {
  const list: number[] = [];
  // x^8: the bit 8 places below that of x^0.
  let power = ONE >>> 8;
  for (let index = 0; index < count; index += 1) {
    list.push(power);
    power = multiply(power, power);
  }
  return list;
}
