/** The last lags, for percentiles: a ring, so that memory is bounded and old news fades. */
const KEPT = 4096;

/** Milliseconds; zeros when nothing was published yet. */
export interface LagSummary {
  readonly last: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

export class LagRecord {
  readonly #kept: number;
  readonly #values: number[] = [];
  #next = 0;
  #count = 0;

  constructor(kept = KEPT) {
    this.#kept = kept;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  note(lagMs: number): void {
    this.#values[this.#next] = lagMs;
    this.#next = (this.#next + 1) % this.#kept;
    this.#count += 1;
  }

  summary(): LagSummary {
    const sorted = this.#values.toSorted((left, right) => left - right);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    const last = this.#values[(this.#next + this.#kept - 1) % this.#kept] ?? 0;
    return { last, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0, count: this.#count };
  }
}
