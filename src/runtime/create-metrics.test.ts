import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from './create-metrics.ts';

test('counters and gauges render with sorted, escaped labels', () => {
  const metrics = createMetrics();
  const calls = metrics.counter('strait_calls_total', 'Calls.\nAll of them.');
  calls.add();
  calls.add(2, { to: 'a"b\\c\nd', method: 'GET' });
  calls.add(1, { method: 'GET', to: 'a"b\\c\nd' });
  metrics.gauge('strait_backlog', 'Waiting.').set(7, { table: 'gs://lake/t/' });
  assert.equal(
    metrics.render(),
    [
      '# HELP strait_calls_total Calls.\\nAll of them.',
      '# TYPE strait_calls_total counter',
      'strait_calls_total 1',
      'strait_calls_total{method="GET",to="a\\"b\\\\c\\nd"} 3',
      '# HELP strait_backlog Waiting.',
      '# TYPE strait_backlog gauge',
      'strait_backlog{table="gs://lake/t/"} 7',
      '',
    ].join('\n'),
  );
});

test('a histogram counts cumulatively; a value on a bound belongs to it', () => {
  const metrics = createMetrics();
  const latency = metrics.histogram('strait_seconds', 'Latency.', [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 3]) latency.observe(value, { op: 'get' });
  const lines = metrics.render().split('\n');
  assert.deepEqual(lines.slice(2, 7), [
    'strait_seconds_bucket{op="get",le="0.1"} 2',
    'strait_seconds_bucket{op="get",le="1"} 3',
    'strait_seconds_bucket{op="get",le="+Inf"} 4',
    'strait_seconds_sum{op="get"} 3.65',
    'strait_seconds_count{op="get"} 4',
  ]);
});

test('a name is one metric: the same kind shares it, another kind or a bad name throws', () => {
  const metrics = createMetrics();
  metrics.counter('strait_x_total', 'X.').add(1);
  metrics.counter('strait_x_total', 'X.').add(1);
  assert.match(metrics.render(), /^strait_x_total 2$/m);
  assert.throws(() => metrics.gauge('strait_x_total', 'X.'), /is a counter, not a gauge/);
  assert.throws(() => metrics.counter('Strait-X', 'X.'), /not a metric name/);
});

test('label sets are bounded, and what is dropped is counted', () => {
  const metrics = createMetrics();
  const names = metrics.counter('strait_names_total', 'Names.');
  for (let index = 0; index < 2_010; index += 1) names.add(1, { name: `n${index}` });
  const text = metrics.render();
  assert.equal(text.split('\n').filter((line) => line.startsWith('strait_names_total{')).length, 2_000);
  assert.match(text, /^strait_metrics_series_dropped_total 10$/m);
});

test('gauges can be read at rendering time', () => {
  const metrics = createMetrics();
  const gauge = metrics.gauge('strait_now', 'Now.');
  let value = 1;
  metrics.onRender(() => gauge.set(value));
  assert.match(metrics.render(), /^strait_now 1$/m);
  value = 2;
  assert.match(metrics.render(), /^strait_now 2$/m);
});
