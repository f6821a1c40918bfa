/**
 * Memory that all reads together hold while their consumers take it. The less is left, the smaller the buffer of the
 * next read: few readers get large ones, and very many slow ones cannot keep what they got when they were few.
 */
export class ReadBudget {
  readonly #budgetBytes: number;
  readonly #minBytes: number;
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(settings: { readonly budgetBytes: number; readonly minBytes: number; readonly maxBytes: number }) {
    this.#budgetBytes = settings.budgetBytes;
    this.#minBytes = settings.minBytes;
    this.#maxBytes = settings.maxBytes;
  }

  /** How large a buffer a read should take now: a 32nd of what is left, and never less than the least. */
  get bytesEach(): number {
    const left = Math.floor((this.#budgetBytes - this.#heldBytes) / 32);
    return Math.min(this.#maxBytes, Math.max(this.#minBytes, left));
  }

  hold(bytes: number): void {
    this.#heldBytes += bytes;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}
