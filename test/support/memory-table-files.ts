import { StraitError } from '../../src/model/errors.ts';
import type { FileStat, TableFiles } from '../../src/tables/port.ts';

/** The source's files in memory, with a count of what was read. Names sort as UTF-8 bytes. */
export class MemoryTableFiles implements TableFiles {
  readonly #files = new Map<string, { readonly stat: FileStat; readonly bytes: Uint8Array }>();
  #sorted: string[] | undefined;
  #generation = 1_000n;
  /** The time the next file gets; moves on by one with each. */
  nowMs = 1_700_000_000_000;
  /** Set by a model of a site. */
  listPublished?: (prefix: string) => AsyncIterable<FileStat>;
  bytesRead = 0;
  readonly reads = new Map<string, number>();

  put(name: string, bytes: Uint8Array | string): this {
    const content = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    this.#generation += 1n;
    this.nowMs += 1;
    const stat = { name, generation: this.#generation, size: content.length, updatedMs: this.nowMs };
    if (!this.#files.has(name)) this.#sorted = undefined;
    this.#files.set(name, { stat, bytes: content });
    return this;
  }

  /** A file with a stat of elsewhere. */
  place(name: string, stat: FileStat, bytes: Uint8Array): this {
    this.#sorted = undefined;
    this.#files.set(name, { stat, bytes });
    return this;
  }

  remove(name: string): this {
    if (this.#files.delete(name)) this.#sorted = undefined;
    return this;
  }

  /** Files as a generator gives them: without bytes, a delete. */
  apply(files: Iterable<{ readonly name: string; readonly bytes?: Uint8Array }>): this {
    for (const { name, bytes } of files) {
      if (bytes === undefined) this.remove(name);
      else this.put(name, bytes);
    }
    return this;
  }

  names(): string[] {
    this.#sorted ??= [...this.#files.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return this.#sorted;
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }

  bytesOf(name: string): Uint8Array {
    const file = this.#files.get(name);
    if (file === undefined) throw new StraitError('objectNotFound', name, { bucket: '', object: name });
    this.reads.set(name, (this.reads.get(name) ?? 0) + 1);
    return file.bytes;
  }

  async stat(name: string): Promise<FileStat | undefined> {
    return this.#files.get(name)?.stat;
  }

  async *list(prefix: string, startAfter?: string): AsyncGenerator<FileStat> {
    for (const name of this.names()) {
      if (!name.startsWith(prefix)) continue;
      if (startAfter !== undefined && Buffer.compare(Buffer.from(name), Buffer.from(startAfter)) <= 0) continue;
      const stat = this.#files.get(name)?.stat;
      if (stat !== undefined) yield stat;
    }
  }

  async read(name: string): Promise<Uint8Array> {
    const bytes = this.bytesOf(name);
    this.bytesRead += bytes.length;
    return bytes;
  }

  async readRange(name: string, start: number, end: number): Promise<Uint8Array> {
    const bytes = this.bytesOf(name).subarray(start, end);
    this.bytesRead += bytes.length;
    return bytes;
  }
}
