/**
 * Sets a source's own failure apart from a store's: the chunks end quietly where the source failed, and `failure`
 * says why. What the consumer throws inside its loop goes straight to the consumer's caller.
 */
export class GuardedSource {
  readonly #source: AsyncIterable<Uint8Array>;
  #failure: { readonly sourceError: unknown } | undefined;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  get failure(): { readonly sourceError: unknown } | undefined {
    return this.#failure;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* this.#source;
    } catch (error) {
      this.#failure = { sourceError: error };
    }
  }
}
