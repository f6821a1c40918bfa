/** Remembers what was found out about immutable log files, so that each is read once while versions are published. */
export class LogCache {
  readonly #entries = new Map<string, string>();
  readonly #entriesMax: number;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  async remember(key: string, find: () => Promise<string | undefined>): Promise<string | undefined> {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const found = await find();
    if (found === undefined) return undefined;
    this.#entries.set(key, found);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax) break;
      this.#entries.delete(oldest);
    }
    return found;
  }
}
