/** Lets followers wait for the next commit of this process. A wake-up is a hint: who wakes looks again. */
export class WakeUp {
  readonly #waiting = new Set<() => void>();
  #turn = 0;

  /** Changes with each `wake`. Note it before looking, give it to `wait`: what happens in between is not missed. */
  get turn(): number {
    return this.#turn;
  }

  /** Resolves at the next `wake`, at once when there was one since `turn`, or when `signal` aborts. */
  wait(signal: AbortSignal, turn = this.#turn): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted || turn !== this.#turn) return resolve();
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  wake(): void {
    this.#turn += 1;
    for (const done of [...this.#waiting]) done();
  }
}
