import { StraitError } from '../../model/errors.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';

export interface BackoffSettings {
  /** Tries of one call, the first included. */
  readonly attemptsMax: number;
  readonly firstDelayMs: number;
  readonly delayMsMax: number;
}

/** A failure worth another try: the remote is overloaded, broke off, or answered nonsense. */
export class TransientFailure extends Error {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { readonly cause?: unknown; readonly retryAfterMs?: number | undefined } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Waits between tries: exponential with full jitter, never shorter than the remote asked for. */
export class Backoff {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #settings: BackoffSettings;

  constructor(deps: { readonly clock: Clock; readonly random: Random }, settings: BackoffSettings) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#settings = settings;
  }

  async retried<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        await this.afterFailure(error, failures, signal);
      }
    }
  }

  /**
   * Waits before the next try. Throws what the call ends with: the signal's reason, any error that is not transient,
   * `unavailable` after the last try.
   */
  async afterFailure(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!(error instanceof TransientFailure)) throw error;
    const { attemptsMax, firstDelayMs, delayMsMax } = this.#settings;
    const { retryAfterMs } = error;
    if (failures >= attemptsMax) {
      const message = `${error.message} (${failures} tries)`;
      throw new StraitError(
        'unavailable',
        message,
        { ...(retryAfterMs !== undefined && { retryAfterMs }) },
        { cause: error },
      );
    }
    const ceilingMs = Math.min(delayMsMax, firstDelayMs * 2 ** (failures - 1));
    const delayMs = Math.max(this.#random.unit() * ceilingMs, Math.min(retryAfterMs ?? 0, delayMsMax));
    await this.#clock.sleep(delayMs, signal);
    signal.throwIfAborted();
  }
}
