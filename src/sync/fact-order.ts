import type { ObjectName } from '../model/ids.ts';

/**
 * Which of two answers of the source about one name is the newer one (docs/protocols/sync.md, F2). An answer is newer
 * than a fact only if it was asked for after that fact had arrived. Answers that crossed prove nothing: the name is in
 * doubt and must be asked for again. Memory: the names that changed while some question is under way.
 */
export class FactOrder {
  #tick = 0;
  readonly #underWay = new Set<number>();
  /** When the last change of a name arrived. */
  readonly #arrived = new Map<ObjectName, number>();

  /** Call before asking. `done` must follow. */
  ask(): number {
    this.#tick += 1;
    this.#underWay.add(this.#tick);
    return this.#tick;
  }

  done(asked: number): void {
    this.#underWay.delete(asked);
    if (this.#underWay.size === 0) this.#arrived.clear();
  }

  /** True when a change of this name arrived since `asked`: the answer may be older than what is known. */
  isInDoubt(name: ObjectName, asked: number): boolean {
    return (this.#arrived.get(name) ?? 0) > asked;
  }

  noteArrival(names: Iterable<ObjectName>): void {
    this.#tick += 1;
    for (const name of names) this.#arrived.set(name, this.#tick);
  }
}
