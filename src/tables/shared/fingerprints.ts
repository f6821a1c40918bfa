import { hash } from 'node:crypto';

/**
 * Which step of a walk last spoke of a key. Keys are kept as 96 bits of MD5 in flat arrays (16 bytes a key, load
 * ≤ 3/4), so that a million paths cost about 32 MB whatever their length; two keys meet by chance once in 10^16
 * tables of a million files.
 */
export class Fingerprints {
  #words: Uint32Array;
  #mask: number;
  #size = 0;

  constructor(capacity = 1024) {
    this.#words = new Uint32Array(capacity * 4);
    this.#mask = capacity - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The step that first claimed `key`, or undefined. */
  get(key: Fingerprint): number | undefined {
    const tag = this.#words[this.#slot(key) * 4 + 3] ?? 0;
    return tag === 0 ? undefined : tag - 1;
  }

  /** Claims `key` for `step` (0 ≤ step < 2^32 - 1) unless it is taken. */
  claim(key: Fingerprint, step: number): void {
    const slot = this.#slot(key);
    if (this.#words[slot * 4 + 3] !== 0) return;
    this.#words.set([key[0], key[1], key[2], step + 1], slot * 4);
    this.#size += 1;
    if (this.#size * 4 > (this.#mask + 1) * 3) this.#grow();
  }

  #slot(key: Fingerprint): number {
    const words = this.#words;
    for (let slot = key[0] & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * 4;
      if (words[at + 3] === 0) return slot;
      if (words[at] === key[0] && words[at + 1] === key[1] && words[at + 2] === key[2]) return slot;
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#words = new Uint32Array(old.length * 2);
    this.#mask = old.length / 2 - 1;
    for (let at = 0; at < old.length; at += 4) {
      if (old[at + 3] === 0) continue;
      const slot = this.#slot([old[at] ?? 0, old[at + 1] ?? 0, old[at + 2] ?? 0, 0]);
      this.#words.set(old.subarray(at, at + 4), slot * 4);
    }
  }
}

/** 96 bits that stand for the key, and 32 more to share keys out among passes. */
export type Fingerprint = readonly [number, number, number, number];

export function fingerprint(key: string): Fingerprint {
  const digest = hash('md5', key, 'buffer');
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
}
