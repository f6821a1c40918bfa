import type { Clock } from './clock.ts';

/** Why a signal of `withDeadline` aborted. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/**
 * Runs `work` with a signal that aborts after `ms`, or when `signal` does. It ends when the work ends: work that does
 * not look at its signal is not cut short.
 */
export async function withDeadline<T>(
  limit: { readonly clock: Clock; readonly ms: number; readonly signal?: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const finished = new AbortController();
  const passOn = () => controller.abort(limit.signal?.reason);
  if (limit.signal?.aborted) passOn();
  limit.signal?.addEventListener('abort', passOn, { once: true });
  const timer = limit.clock.sleep(limit.ms, finished.signal).then(() => {
    if (!finished.signal.aborted) controller.abort(new DeadlineExceeded(`not done within ${limit.ms} ms`));
  });
  try {
    return await work(controller.signal);
  } finally {
    finished.abort();
    limit.signal?.removeEventListener('abort', passOn);
    await timer;
  }
}
