/**
 * What a pattern of names becomes: all states a name may have led to are followed at once (Thompson's construction), so
 * that a name is read once, whatever the pattern, and nothing is tried twice.
 */
export type State =
  | { readonly kind: 'read'; readonly is: (point: number) => boolean; readonly next: number }
  /** Goes on between two characters only where it holds; undefined: there is none on that side. */
  | {
      readonly kind: 'assert';
      readonly holds: (before: number | undefined, after: number | undefined) => boolean;
      readonly next: number;
    }
  /** Goes on in all of them without reading. */
  | { readonly kind: 'fork'; readonly next: readonly number[] }
  | { readonly kind: 'end' };

/** Built from the end, so that each state knows what follows. State 0 is the end. */
export class StateMachine {
  readonly #states: State[] = [{ kind: 'end' }];
  #steps = 0;

  /** States looked at so far, in all names: what matching has cost. */
  get steps(): number {
    return this.#steps;
  }

  get size(): number {
    return this.#states.length;
  }

  add(state: State): number {
    return this.#states.push(state) - 1;
  }

  /** A body any number of times, then `next`; `body` is told where it goes on and says where it begins. */
  loop(next: number, body: (next: number) => number): number {
    const forks: number[] = [next];
    const loop = this.add({ kind: 'fork', next: forks });
    forks.push(body(loop));
    return loop;
  }

  /** Whether the whole name leads from `start` to the end. */
  matches(name: string, start: number): boolean {
    const points = Array.from(name, (character) => character.codePointAt(0) ?? 0);
    let current = this.#closure([start], undefined, points[0]);
    for (const [index, point] of points.entries()) {
      if (current.length === 0) return false;
      const read: number[] = [];
      for (const at of current) {
        const state = this.#states[at];
        if (state?.kind === 'read' && state.is(point)) read.push(state.next);
      }
      current = this.#closure(read, point, points[index + 1]);
    }
    return current.includes(0);
  }

  /** The states that can be reached from these without reading, each once. */
  #closure(from: number[], before: number | undefined, after: number | undefined): readonly number[] {
    const seen = new Uint8Array(this.#states.length);
    const reached: number[] = [];
    for (let index = from.pop(); index !== undefined; index = from.pop()) {
      this.#steps += 1;
      if (seen[index] === 1) continue;
      seen[index] = 1;
      const state = this.#states[index];
      if (state?.kind === 'fork') from.push(...state.next);
      else if (state?.kind !== 'assert') reached.push(index);
      else if (state.holds(before, after)) from.push(state.next);
    }
    return reached;
  }
}
