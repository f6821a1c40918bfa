import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MetricsRegistry } from '../runtime/create-metrics.ts';

/** Gauges of the process itself, read when the metrics are. */
export function observeProcess(metrics: MetricsRegistry): void {
  const memory = metrics.gauge(
    'strait_process_memory_bytes',
    'Memory of this process. Mapped files count as resident.',
  );
  const delay = metrics.gauge(
    'strait_event_loop_delay_seconds',
    'Longest wait for the event loop since the last look.',
  );
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  metrics.onRender(() => {
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    for (const [kind, bytes] of Object.entries({ rss, heapUsed, external, arrayBuffers })) memory.set(bytes, { kind });
    delay.set(loop.max / 1e9);
    loop.reset();
  });
}
