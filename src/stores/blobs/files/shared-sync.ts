/**
 * One flush for all who wait: a sync that begins after a call covers what that caller did before it, so callers that
 * arrive while one runs share the next.
 */
export class SharedSync {
  readonly #sync: (path: string) => Promise<void>;
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  constructor(sync: (path: string) => Promise<void>) {
    this.#sync = sync;
  }

  run(path: string): Promise<void> {
    const running = this.#running.get(path);
    if (running === undefined) return this.#begin(path);
    let next = this.#next.get(path);
    if (next === undefined) {
      const begin = () => {
        this.#next.delete(path);
        return this.#begin(path);
      };
      next = running.then(begin, begin);
      this.#next.set(path, next);
    }
    return next;
  }

  #begin(path: string): Promise<void> {
    const done = this.#sync(path).finally(() => {
      if (this.#running.get(path) === done) this.#running.delete(path);
    });
    this.#running.set(path, done);
    return done;
  }
}
