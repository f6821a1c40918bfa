/** Bounded concurrency without queues that grow: whoever asks for more waits. */

export class Semaphore {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(permits: number) {
    this.#free = permits;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const leave = await this.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** For work that does not end where it began: answers how to give the permit back, to be called once. */
  async enter(): Promise<() => void> {
    await this.#acquire();
    return () => this.#release();
  }

  #acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** Remembers that something happened until somebody waits for it. */
export class Wake {
  #rung = false;
  #resolve: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#resolve?.();
  }

  /**
   * Resolves when rung (also if rung before) or when `other` resolves, which has to be soon: each wait leaves something
   * in the memory of a promise that stays open.
   */
  async wait(other?: Promise<void>): Promise<void> {
    if (!this.#rung) {
      const rung = new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
      await (other === undefined ? rung : Promise.race([rung, other]));
    }
    this.#resolve = undefined;
    this.#rung = false;
  }
}

/** Runs `work` on every item, `limit` at a time; the first failure ends it after those under way have settled. */
export async function forEachBounded<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for await (const item of items) {
    const task = work(item)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(task));
    running.add(task);
    if (running.size >= limit) await Promise.race(running);
    if (failures.length > 0) break;
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}

/** Groups a stream into arrays of at most `size`. */
export async function* inBatches<T>(items: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length >= size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
