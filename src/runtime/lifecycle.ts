import type { Clock } from './clock.ts';
import { withDeadline } from './deadline.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { Random } from './random.ts';

/** A long-running part. It runs until `signal` aborts, then finishes what it began and resolves. */
export interface Service {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

export interface LifecycleDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface LifecycleSettings {
  /** How long all closing together may take. */
  readonly drainMs: number;
  readonly restartMinMs: number;
  readonly restartMaxMs: number;
}

export const RESTART_DEFAULTS = { restartMinMs: 100, restartMaxMs: 30_000 } as const;

/** Even when one part used up the time, the next ones get this much to close. */
const PART_MS_MIN = 500;

interface Part {
  readonly name: string;
  readonly close: (signal: AbortSignal) => Promise<void>;
}

/**
 * Owns everything a process has open. Services that end or fail are started again, with backoff and jitter. Closing
 * goes in reverse order of opening, so that a part never outlives what it stands on.
 */
export class Lifecycle {
  readonly #deps: LifecycleDeps;
  readonly #settings: LifecycleSettings;
  readonly #parts: Part[] = [];
  #closing: Promise<boolean> | undefined;

  constructor(deps: LifecycleDeps, settings: LifecycleSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** Takes charge of something already open. `close` gets a signal that aborts when patience ends. */
  own(name: string, close: (signal: AbortSignal) => Promise<void>): void {
    this.#parts.push({ name, close });
  }

  /** Starts a service now and keeps it running until its turn to close comes. */
  run(service: Service): void {
    const stop = new AbortController();
    const ended = this.#keepRunning(service, stop.signal);
    this.own(service.name, async () => {
      stop.abort();
      await ended;
    });
  }

  /**
   * Closes everything, last opened first. Resolves to true when all closed in time without an error; a part that
   * fails or hangs is logged and does not keep the others open. Calling it again waits for the same closing.
   */
  close(): Promise<boolean> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<boolean> {
    const { clock, logger } = this.#deps;
    const endMs = clock.monotonicMs() + this.#settings.drainMs;
    let isClean = true;
    for (const { name, close } of this.#parts.toReversed()) {
      const ms = Math.max(PART_MS_MIN, endMs - clock.monotonicMs());
      try {
        await withDeadline({ clock, ms }, (signal) => Promise.race([close(signal), whenAborted(signal)]));
      } catch (error) {
        isClean = false;
        logger.log('error', 'did not close cleanly', { part: name, reason: String(error) });
      }
    }
    return isClean;
  }

  async #keepRunning(service: Service, signal: AbortSignal): Promise<void> {
    const { clock, random, logger, metrics } = this.#deps;
    const { restartMinMs, restartMaxMs } = this.#settings;
    const restarts = metrics.counter('strait_service_restarts_total', 'Services started again after they ended.');
    let waitMs = restartMinMs;
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      const reason = await runOnce(service, signal);
      if (signal.aborted) break;
      // A service that ran for long failed for a new reason: it starts again soon.
      if (clock.monotonicMs() - startedMs > restartMaxMs) waitMs = restartMinMs;
      const pauseMs = Math.round(waitMs * (0.5 + random.unit() / 2));
      logger.log('error', 'service ended, starting it again', { service: service.name, reason, pauseMs });
      restarts.add(1, { service: service.name });
      await clock.sleep(pauseMs, signal);
      waitMs = Math.min(waitMs * 2, restartMaxMs);
    }
  }
}

/** Why it ended: an error's stack, or that it just returned. */
async function runOnce(service: Service, signal: AbortSignal): Promise<string> {
  try {
    await service.run(signal);
    return 'it returned before it was asked to';
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
