import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Looks for content in stored bytes: any run of this many bytes of it, wherever it lies, counts as found. */
export const WINDOW_BYTES = 16;

/** The runs of some content, to be looked for in any bytes. Content that repeats itself gives few runs. */
export class PlaintextSearch {
  readonly #runs = new Set<string>();

  add(content: Uint8Array): this {
    // Every eighth start suffices: content of 23 bytes or more in a row contains one of these runs whole.
    for (let start = 0; start + WINDOW_BYTES <= content.length; start += 8) {
      this.#runs.add(Buffer.from(content.buffer, content.byteOffset + start, WINDOW_BYTES).toString('latin1'));
    }
    return this;
  }

  /** Where a run begins in `bytes`; -1 when none does. */
  find(bytes: Buffer): number {
    const text = bytes.toString('latin1');
    for (let start = 0; start + WINDOW_BYTES <= text.length; start += 1) {
      if (this.#runs.has(text.slice(start, start + WINDOW_BYTES))) return start;
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
