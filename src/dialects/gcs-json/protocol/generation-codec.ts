import { createHash } from 'node:crypto';

/** Maps stored generations to the numbers on the wire and back. 0 ("no object") always stays 0. */
export interface GenerationCodec {
  toWire(stored: bigint): bigint;
  fromWire(wire: bigint): bigint;
}

export const plainGenerations: GenerationCodec = { toWire: (stored) => stored, fromWire: (wire) => wire };

const HALF_BITS = 26n;
const HALF_MASK = (1 << 26) - 1;
/** Microseconds since 1970 stay below this until the year 2112; larger numbers are left as they are. */
const DOMAIN_END = 1n << 52n;
const ROUNDS = 6;

/**
 * Shuffles generations by a keyed bijection of the numbers below 2^52 (a Feistel network): unique as before, stable for
 * a key, and in no order. GCS promises no order either (generations-preconditions page), so clients must not need one.
 */
export function shuffledGenerations(key: Uint8Array): GenerationCodec {
  const digest = createHash('sha256').update(key).digest();
  const roundKeys = Array.from({ length: ROUNDS }, (_, round) => digest.readUInt32BE(round * 4));
  const encrypt = (value: bigint) => feistel(value, roundKeys);
  const backwards = roundKeys.toReversed();
  // The same network with its halves swapped and its keys reversed undoes the network.
  const decrypt = (value: bigint) => swapHalves(feistel(swapHalves(value), backwards));
  return { toWire: keepZero(encrypt), fromWire: keepZero(decrypt) };
}

/** Makes 0 a fixed point of a permutation by skipping over it: still a bijection, and so is its inverse. */
function keepZero(permute: (value: bigint) => bigint): (value: bigint) => bigint {
  return (value) => {
    if (value <= 0n || value >= DOMAIN_END) return value;
    const image = permute(value);
    return image === 0n ? permute(0n) : image;
  };
}

function feistel(value: bigint, roundKeys: readonly number[]): bigint {
  let left = Number(value >> HALF_BITS);
  let right = Number(value) & HALF_MASK;
  for (const key of roundKeys) {
    const mixed = mix(right, key) & HALF_MASK;
    [left, right] = [right, left ^ mixed];
  }
  return (BigInt(left) << HALF_BITS) | BigInt(right);
}

function swapHalves(value: bigint): bigint {
  return ((value & BigInt(HALF_MASK)) << HALF_BITS) | (value >> HALF_BITS);
}

/** A 32-bit mixer (the finaliser of MurmurHash3). */
function mix(value: number, key: number): number {
  let hash = (value ^ key) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
