import type { FileStat, TableCursor, TableFormat, TableLocation } from '../../src/tables/port.ts';
import { MemoryTableFiles } from './memory-table-files.ts';
import { missingOf, type WalkedStep, walkStep } from './walk-table.ts';

/**
 * The smallest sync that keeps the promises of docs/protocols/sync.md, over one table in memory: it publishes the next
 * version that is whole, else the newest whole one. What it shows is given to `show`, name by name.
 */
export class ModelSite {
  readonly format: TableFormat;
  readonly location: TableLocation;
  readonly source: MemoryTableFiles;
  readonly published = new Map<string, { readonly stat: FileStat; readonly bytes: Uint8Array }>();
  cursor: TableCursor | undefined;

  constructor(format: TableFormat, location: TableLocation, source: MemoryTableFiles) {
    this.format = format;
    this.location = location;
    this.source = source;
    source.listPublished = (prefix) => this.#list(prefix);
  }

  async *#list(prefix: string): AsyncGenerator<FileStat> {
    const names = [...this.published.keys()].filter((name) => name.startsWith(prefix));
    names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const name of names) {
      const file = this.published.get(name);
      if (file !== undefined) yield file.stat;
    }
  }

  /** Publishes what can be published now; the steps, in order. `look` sees the site after each of them. */
  async sync(look: (step: WalkedStep) => Promise<void> = async () => {}): Promise<WalkedStep[]> {
    const done: WalkedStep[] = [];
    for (;;) {
      const step = await this.#next();
      if (step === undefined) return done;
      await this.#publish(step);
      done.push(step);
      await look(step);
    }
  }

  async #next(): Promise<WalkedStep | undefined> {
    const walk = { format: this.format, location: this.location, files: this.source };
    const { versions } = await this.format.look(this.location, this.source, this.cursor);
    const [first, ...later] = versions;
    for (const version of first === undefined ? [] : [first, ...later.toReversed()]) {
      const step = await walkStep(walk, this.cursor, version);
      if ((await missingOf(this.source, step)).length === 0) return step;
    }
    return undefined;
  }

  async #publish(step: WalkedStep): Promise<void> {
    for (const name of step.removes) this.published.delete(name);
    for (const name of [...step.closure.map((ref) => ref.name), ...step.control]) await this.#show(name);
    this.cursor = step.version.cursor;
  }

  async #show(name: string): Promise<void> {
    const stat = await this.source.stat(name);
    if (stat !== undefined) this.published.set(name, { stat, bytes: this.source.bytesOf(name) });
  }

  /** Shows what is loose, as sync does once it is of age. The names that stay hidden. */
  async settle(): Promise<string[]> {
    const hidden: string[] = [];
    for (const name of this.source.names()) {
      const stat = await this.source.stat(name);
      if (stat === undefined || this.published.get(name)?.stat.generation === stat.generation) continue;
      const isLoose = this.format.isControl(this.location, name)
        ? this.cursor !== undefined && this.format.isStray(this.location, stat, this.cursor)
        : true;
      if (isLoose && !this.format.isNeverListed(this.location, name)) await this.#show(name);
      else hidden.push(name);
    }
    return hidden;
  }

  /** Drops what the source has deleted and nothing published reaches, as sync does when the grace is over. */
  async retire(): Promise<string[]> {
    const gone = new Set([...this.published.keys()].filter((name) => !this.source.has(name)));
    if (gone.size === 0 || this.cursor === undefined) return [];
    const shown = new MemoryTableFiles();
    for (const [name, { stat, bytes }] of this.published) shown.place(name, stat, bytes);
    shown.listPublished = (prefix) => shown.list(prefix);
    for await (const { name } of this.format.live(this.location, shown, this.cursor)) gone.delete(name);
    for (const name of gone) this.published.delete(name);
    return [...gone].sort();
  }
}
