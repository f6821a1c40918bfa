import type { Clock } from '../../src/runtime/clock.ts';

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, waking sleepers in the order of their time and letting each run before the next. */
  advance(ms: number): Promise<void>;
  /** Sleepers that wait now. */
  readonly sleeping: number;
}

export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let nowMs = startMs;
  const sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  return {
    nowMs: () => nowMs,
    nowMicros: () => BigInt(nowMs) * 1000n,
    monotonicMs: () => nowMs - startMs,
    get sleeping() {
      return sleepers.size;
    },
    sleep(ms, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { atMs: nowMs + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      });
    },
    async advance(ms) {
      const endMs = nowMs + ms;
      await settle();
      for (let next = earliest(sleepers, endMs); next; next = earliest(sleepers, endMs)) {
        nowMs = Math.max(nowMs, next.atMs);
        next.wake();
        await settle();
      }
      nowMs = endMs;
    },
  };
}

function earliest<T extends { readonly atMs: number }>(sleepers: Iterable<T>, endMs: number): T | undefined {
  let first: T | undefined;
  for (const sleeper of sleepers) {
    if (sleeper.atMs <= endMs && (!first || sleeper.atMs < first.atMs)) first = sleeper;
  }
  return first;
}

/** Lets promise callbacks that are ready run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
