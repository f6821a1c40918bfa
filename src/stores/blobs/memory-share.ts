/** A budget of buffer memory split evenly among those at work: few get large buffers, many get small ones. */
export class MemoryShare {
  readonly #budgetBytes: number;
  readonly #minBytes: number;
  readonly #maxBytes: number;
  #active = 0;

  constructor(settings: { readonly budgetBytes: number; readonly minBytes: number; readonly maxBytes: number }) {
    this.#budgetBytes = settings.budgetBytes;
    this.#minBytes = settings.minBytes;
    this.#maxBytes = settings.maxBytes;
  }

  enter(): void {
    this.#active += 1;
  }

  leave(): void {
    this.#active -= 1;
  }

  /** What one may hold now. */
  get bytesEach(): number {
    const even = Math.floor(this.#budgetBytes / Math.max(1, this.#active));
    return Math.min(this.#maxBytes, Math.max(this.#minBytes, even));
  }
}
