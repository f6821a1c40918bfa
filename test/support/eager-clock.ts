import type { Clock } from '../../src/runtime/clock.ts';

/** A clock that moves only when told, and on which a sleep is over at the next turn of the event loop. */
export interface EagerClock extends Clock {
  readonly pass: (ms: number) => void;
}

export function eagerClock(startMs = 1_700_000_000_000): EagerClock {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    nowMicros: () => BigInt(nowMs) * 1_000n,
    monotonicMs: () => nowMs - startMs,
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
    pass: (ms) => {
      nowMs += ms;
    },
  };
}
