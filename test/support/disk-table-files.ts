import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileStat, TableFiles } from '../../src/tables/port.ts';

/** A table's files in a folder on disk, read as they are asked for: for measuring what a walk itself holds. */
export class DiskTableFiles implements TableFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async stat(name: string): Promise<FileStat | undefined> {
    try {
      const { size, mtimeMs } = await stat(join(this.#root, name));
      return { name, generation: 1n, size, updatedMs: mtimeMs };
    } catch {
      return undefined;
    }
  }

  async *list(prefix: string, startAfter = ''): AsyncGenerator<FileStat> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const names = (await readdir(join(this.#root, folder))).map((leaf) => folder + leaf).sort();
    for (const name of names) {
      if (!name.startsWith(prefix) || name <= startAfter) continue;
      const file = await this.stat(name);
      if (file !== undefined) yield file;
    }
  }

  async read(name: string): Promise<Uint8Array> {
    return await readFile(join(this.#root, name));
  }

  async readRange(name: string, start: number, end: number): Promise<Uint8Array> {
    const file = await open(join(this.#root, name));
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }
}
