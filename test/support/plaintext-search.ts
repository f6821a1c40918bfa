import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A run of this many bytes of the content counts as found, wherever it lies. */
export const RUN_BYTES = 16;
/** Of long contents every eighth run is looked for: whatever shows 23 bytes in a row shows one of them whole. */
const EVERY_RUN_BELOW_BYTES = 20_000;
const LONG_STEP_BYTES = 8;
const FILTER_BITS = 27;

/** Looks for content in stored bytes. Content that repeats itself gives few runs. */
export class PlaintextSearch {
  readonly #runs = new Set<string>();
  /** Bits of a hash of each run's first four bytes: most places of a file are passed over by this alone. */
  readonly #filter = new Uint8Array(2 ** (FILTER_BITS - 3));

  add(content: Uint8Array): this {
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const step = bytes.length < EVERY_RUN_BELOW_BYTES ? 1 : LONG_STEP_BYTES;
    for (let start = 0; start + RUN_BYTES <= bytes.length; start += step) {
      this.#runs.add(bytes.toString('latin1', start, start + RUN_BYTES));
      const bit = filterBit(bytes.readUInt32BE(start));
      this.#filter[bit >> 3] = (this.#filter[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
    return this;
  }

  /** Where a run begins in `bytes`; -1 when none does. */
  find(bytes: Buffer): number {
    let four = 0;
    for (let end = 0; end < bytes.length; end += 1) {
      four = ((four << 8) | (bytes[end] ?? 0)) >>> 0;
      const start = end - 3;
      const bit = filterBit(four);
      if (start < 0 || ((this.#filter[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) continue;
      if (this.#runs.has(bytes.toString('latin1', start, start + RUN_BYTES))) return start;
    }
    return -1;
  }

  /** Every file below the folder that holds a run. */
  async filesWith(folder: string): Promise<readonly string[]> {
    const found: string[] = [];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      if (this.find(await readFile(path)) >= 0) found.push(path);
    }
    return found;
  }
}

function filterBit(four: number): number {
  return Math.imul(four, 0x9e3779b1) >>> (32 - FILTER_BITS);
}
