/** The last lags, for percentiles: a ring, so that memory is bounded and old news fades. */
const KEPT = 4096;

export class LagRecord {
  readonly #values: number[] = [];
  #next = 0;
  #count = 0;

  note(lagMs: number): void {
    this.#values[this.#next] = lagMs;
    this.#next = (this.#next + 1) % KEPT;
    this.#count += 1;
  }

  /** Milliseconds; zeros when nothing was published yet. */
  summary(): { readonly p50: number; readonly p99: number; readonly max: number; readonly count: number } {
    const sorted = this.#values.toSorted((left, right) => left - right);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0, count: this.#count };
  }
}
