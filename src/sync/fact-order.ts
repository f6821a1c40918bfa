import type { ObjectName } from '../model/ids.ts';

/**
 * Which of two answers of the source about one name is the newer one (docs/protocols/sync.md, F2). An answer is newer
 * than a fact only if it was asked for after that fact had arrived. Answers that crossed prove nothing: the name is in
 * doubt and must be asked for again. Memory: the names that changed since the oldest question under way was asked,
 * however long others have followed one another.
 */
export class FactOrder {
  #tick = 0;
  /** Oldest first. */
  readonly #underWay = new Set<number>();
  /** When the last change of a name arrived, oldest first. */
  readonly #arrived = new Map<ObjectName, number>();

  /** Call before asking. `done` must follow. */
  ask(): number {
    this.#tick += 1;
    this.#underWay.add(this.#tick);
    return this.#tick;
  }

  done(asked: number): void {
    this.#underWay.delete(asked);
    const [oldest = Number.POSITIVE_INFINITY] = this.#underWay;
    for (const [name, arrived] of this.#arrived) {
      if (arrived > oldest) break;
      this.#arrived.delete(name);
    }
  }

  /** Names it remembers. */
  get size(): number {
    return this.#arrived.size;
  }

  /** True when a change of this name arrived since `asked`: the answer may be older than what is known. */
  isInDoubt(name: ObjectName, asked: number): boolean {
    return (this.#arrived.get(name) ?? 0) > asked;
  }

  noteArrival(names: Iterable<ObjectName>): void {
    this.#tick += 1;
    for (const name of names) {
      // Taken out first, so that the map stays in the order of arrival.
      this.#arrived.delete(name);
      this.#arrived.set(name, this.#tick);
    }
  }
}
