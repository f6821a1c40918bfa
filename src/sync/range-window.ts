/** Ranges of one object that are on their way side by side, handed over in order. */
import { StraitError } from '../model/errors.ts';

export interface RangeWindowSettings {
  /** The object's size in bytes. */
  readonly size: number;
  /** The first byte wanted. */
  readonly start: number;
  /** Most bytes asked for and not yet durable: what a crash may cost, and what the window holds in memory. */
  readonly windowBytes: number;
  /** Ranges the window is cut into. */
  readonly ranges: number;
}

export type FetchRange = (
  range: { readonly start: number; readonly end: number },
  signal: AbortSignal,
) => AsyncIterable<Uint8Array>;

interface Coming {
  readonly chunks: Promise<readonly Uint8Array[]>;
  isHere: boolean;
}

export class RangeWindow {
  readonly #settings: RangeWindowSettings;
  readonly #fetch: FetchRange;
  readonly #coming: Coming[] = [];
  readonly #ending = new AbortController();
  #next: number;

  constructor(settings: RangeWindowSettings, fetch: FetchRange) {
    this.#settings = settings;
    this.#fetch = fetch;
    this.#next = settings.start;
  }

  /** Asks for more, as far as the window reaches beyond `durableOffset`. */
  fill(durableOffset: number): void {
    const { size, windowBytes, ranges } = this.#settings;
    const rangeBytes = Math.ceil(windowBytes / ranges);
    const limit = Math.min(size, durableOffset + windowBytes);
    while (this.#next < limit) {
      const end = Math.min(limit, this.#next + rangeBytes);
      this.#coming.push(this.#start({ start: this.#next, end }));
      this.#next = end;
    }
  }

  /** The next range as soon as it is here, and those behind it that are here too: what is worth one flush. */
  async *arrived(): AsyncGenerator<Uint8Array> {
    let head = this.#coming.shift();
    while (head !== undefined) {
      yield* await head.chunks;
      head = this.#coming[0]?.isHere === true ? this.#coming.shift() : undefined;
    }
  }

  /** Breaks off what is still on its way. */
  close(): void {
    this.#ending.abort();
  }

  #start(range: { readonly start: number; readonly end: number }): Coming {
    const coming: Coming = { chunks: this.#gather(range), isHere: false };
    coming.chunks.then(
      () => {
        coming.isHere = true;
      },
      () => {},
    );
    return coming;
  }

  async #gather(range: { readonly start: number; readonly end: number }): Promise<readonly Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of this.#fetch(range, this.#ending.signal)) {
      chunks.push(chunk);
      bytes += chunk.length;
    }
    const wanted = range.end - range.start;
    // A short range in the middle would shift all that follows.
    if (bytes !== wanted) throw new StraitError('unavailable', `${bytes} of ${wanted} bytes of a range came`, {});
    return chunks;
  }
}
