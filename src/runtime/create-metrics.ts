import type { Counter, Gauge, Histogram, Metrics } from './metrics.ts';

/** The registry of one process, rendered in Prometheus text form (exposition format 0.0.4). */
export interface MetricsRegistry extends Metrics {
  render(): string;
  /** Called before each rendering: for gauges that are cheaper to read than to keep. */
  onRender(update: () => void): void;
}

type Labels = Readonly<Record<string, string>>;
type Kind = 'counter' | 'gauge' | 'histogram';

/** A metric holds at most this many label sets; more are counted in `strait_metrics_series_dropped_total`. */
const SERIES_MAX = 2_000;
const NAME = /^[a-z][a-z0-9_]*$/;

interface Family {
  readonly kind: Kind;
  readonly help: string;
  /** Sample lines by label set, in order of first use. */
  readonly series: Map<string, SeriesValue>;
  readonly bounds: readonly number[];
}

interface SeriesValue {
  value: number;
  /** Histograms: observations per bucket, +Inf last. */
  readonly buckets: number[];
  count: number;
}

export function createMetrics(): MetricsRegistry {
  const families = new Map<string, Family>();
  const updates: (() => void)[] = [];
  let dropped = 0;

  /** The same name twice is the same metric; as another kind it is a programming error. */
  const family = (name: string, kind: Kind, spec: { help: string; bounds?: readonly number[] }): Family => {
    if (!NAME.test(name)) throw new Error(`not a metric name: ${name}`);
    const known = families.get(name);
    if (known && known.kind !== kind) throw new Error(`metric ${name} is a ${known.kind}, not a ${kind}`);
    if (known) return known;
    const made = { kind, help: spec.help, series: new Map<string, SeriesValue>(), bounds: spec.bounds ?? [] };
    families.set(name, made);
    return made;
  };
  const seriesOf = (owner: Family, labels: Labels | undefined): SeriesValue | undefined => {
    const key = renderLabels(labels);
    const known = owner.series.get(key);
    if (known) return known;
    if (owner.series.size >= SERIES_MAX) {
      dropped += 1;
      return undefined;
    }
    const made = { value: 0, buckets: new Array<number>(owner.bounds.length + 1).fill(0), count: 0 };
    owner.series.set(key, made);
    return made;
  };

  return {
    counter(name, help): Counter {
      const owner = family(name, 'counter', { help });
      return {
        add(amount = 1, labels) {
          const series = seriesOf(owner, labels);
          if (series) series.value += amount;
        },
      };
    },
    gauge(name, help): Gauge {
      const owner = family(name, 'gauge', { help });
      return {
        set(value, labels) {
          const series = seriesOf(owner, labels);
          if (series) series.value = value;
        },
      };
    },
    histogram(name, help, bounds): Histogram {
      const owner = family(name, 'histogram', { help, bounds });
      return { observe: (value, labels) => observe(owner.bounds, seriesOf(owner, labels), value) };
    },
    onRender: (update) => void updates.push(update),
    render() {
      for (const update of updates) update();
      const lines = [...families].flatMap(([name, owner]) => renderFamily(name, owner));
      if (dropped > 0) {
        lines.push('# TYPE strait_metrics_series_dropped_total counter');
        lines.push(`strait_metrics_series_dropped_total ${dropped}`);
      }
      return `${lines.join('\n')}\n`;
    },
  };
}

function observe(bounds: readonly number[], series: SeriesValue | undefined, value: number): void {
  if (!series) return;
  const found = bounds.findIndex((bound) => value <= bound);
  const index = found === -1 ? bounds.length : found;
  series.buckets[index] = (series.buckets[index] ?? 0) + 1;
  series.value += value;
  series.count += 1;
}

function renderFamily(name: string, { kind, help, series, bounds }: Family): readonly string[] {
  const head = [`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${kind}`];
  if (kind !== 'histogram') {
    return [...head, ...[...series].map(([labels, { value }]) => `${name}${braced(labels)} ${value}`)];
  }
  const samples = [...series].flatMap(([labels, { buckets, value, count }]) => {
    let total = 0;
    const cumulative = buckets.map((observed, index) => {
      total += observed;
      const bound = `le="${bounds[index] ?? '+Inf'}"`;
      return `${name}_bucket${braced(labels === '' ? bound : `${labels},${bound}`)} ${total}`;
    });
    return [...cumulative, `${name}_sum${braced(labels)} ${value}`, `${name}_count${braced(labels)} ${count}`];
  });
  return [...head, ...samples];
}

function renderLabels(labels: Labels | undefined): string {
  if (!labels) return '';
  const quoted = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return Object.keys(labels)
    .toSorted()
    .map((name) => `${name}="${quoted(labels[name] ?? '')}"`)
    .join(',');
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}
