/** Counters, gauges and histograms in Prometheus text form. A metric is declared beside the code that updates it. */
export interface Counter {
  add(amount?: number, labels?: Readonly<Record<string, string>>): void;
}
export interface Gauge {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
}
export interface Histogram {
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
}

export interface Metrics {
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  /** `buckets` are upper bounds, ascending; +Inf is added. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
}
