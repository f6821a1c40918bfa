/**
 * The manners of real GCS, for a gateway that stands in for it (`--as-gcs PROFILE`): whoever works against it must
 * live with unordered generations, a limit per name, and in the rough profile with latency and refusals.
 */
import { StraitError } from '../../../model/errors.ts';
import type { Namespace } from '../../../namespace/service.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { Random } from '../../../runtime/random.ts';
import type { Route } from '../../shared/app.ts';

export const MANNERS_PROFILES = ['plain', 'rough'] as const;
export type MannersProfile = (typeof MANNERS_PROFILES)[number];

interface Manners {
  /** A call waits between these. Milliseconds. */
  readonly latencyMs: readonly [least: number, most: number];
  /** Share of calls refused with 429 or 503, half of them each, before they do anything. */
  readonly refusedShare: number;
}

const MANNERS: Readonly<Record<MannersProfile, Manners>> = {
  plain: { latencyMs: [0, 0], refusedShare: 0 },
  rough: { latencyMs: [5, 40], refusedShare: 0.02 },
};

/** One name takes one mutation in this time (GCS quotas page: once per second). */
const MUTATION_INTERVAL_MS = 1_000;
const NAMES_REMEMBERED_MAX = 100_000;

export interface MannersDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** The same routes, each call slowed down and some refused. */
export function slowAndRefuse(routes: readonly Route[], deps: MannersDeps, profile: MannersProfile): readonly Route[] {
  const { latencyMs, refusedShare } = MANNERS[profile];
  const [least, most] = latencyMs;
  if (most === 0 && refusedShare === 0) return routes;
  return routes.map((route) => ({
    ...route,
    async handle(request, params) {
      await deps.clock.sleep(least + deps.random.unit() * (most - least), request.signal);
      const draw = deps.random.unit();
      if (draw < refusedShare / 2) throw rateLimited('The rate of requests is too high. Please slow down.');
      if (draw < refusedShare) {
        throw new StraitError('unavailable', 'We encountered an internal error. Please try again.', {});
      }
      return await route.handle(request, params);
    },
  }));
}

/** The same namespace, with at most one mutation a second per object name: 429 `rateLimitExceeded` beyond it. */
export function limitMutations(namespace: Namespace, clock: Clock): Namespace {
  const limiter = new NameLimiter(clock);
  const once = <Output>(bucket: string, names: readonly string[], run: () => Promise<Output>): Promise<Output> =>
    limiter.run(
      names.map((name) => `${bucket}/${name}`),
      run,
    );
  return {
    ...namespace,
    insertObject: (input) => once(input.target.bucket, [input.target.name], () => namespace.insertObject(input)),
    startUpload: (target) => once(target.bucket, [target.name], () => namespace.startUpload(target)),
    changeObject: (input) => once(input.address.bucket, [input.address.name], () => namespace.changeObject(input)),
    changeObjectList: (input) =>
      once(input.address.bucket, [input.address.name], () => namespace.changeObjectList(input)),
    setObjectPolicy: (input) =>
      once(input.address.bucket, [input.address.name], () => namespace.setObjectPolicy(input)),
    deleteObject: (input) => once(input.address.bucket, [input.address.name], () => namespace.deleteObject(input)),
    copyObject: (input) => once(input.destination.bucket, [input.destination.name], () => namespace.copyObject(input)),
    rewriteObject: (input) =>
      input.rewriteToken === undefined
        ? once(input.destination.bucket, [input.destination.name], () => namespace.rewriteObject(input))
        : namespace.rewriteObject(input),
    restoreObject: (input) => once(input.address.bucket, [input.address.name], () => namespace.restoreObject(input)),
    moveObject: (input) =>
      once(input.destination.bucket, [input.source.name, input.destination.name], () => namespace.moveObject(input)),
    composeObject: (input) =>
      once(input.destination.bucket, [input.destination.name], () => namespace.composeObject(input)),
  };
}

/** Remembers when names were last changed: the last second, and never more than `NAMES_REMEMBERED_MAX` of them. */
class NameLimiter {
  readonly #clock: Clock;
  /** In order of change, so the oldest come first. */
  readonly #changedMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A mutation that fails changes nothing and is not counted; while it runs, it is. */
  async run<Output>(keys: readonly string[], mutate: () => Promise<Output>): Promise<Output> {
    const nowMs = this.#clock.monotonicMs();
    this.#forget(nowMs);
    for (const key of keys) {
      if (!this.#changedMs.has(key)) continue;
      throw rateLimited(`The object ${key} exceeded the rate limit for object mutation operations (once per second).`);
    }
    for (const key of keys) this.#changedMs.set(key, nowMs);
    try {
      return await mutate();
    } catch (error) {
      for (const key of keys) this.#changedMs.delete(key);
      throw error;
    }
  }

  #forget(nowMs: number): void {
    for (const [key, changedMs] of this.#changedMs) {
      if (nowMs - changedMs < MUTATION_INTERVAL_MS && this.#changedMs.size <= NAMES_REMEMBERED_MAX) return;
      this.#changedMs.delete(key);
    }
  }
}

function rateLimited(message: string): StraitError<'rateLimited'> {
  return new StraitError('rateLimited', message, { retryAfterMs: MUTATION_INTERVAL_MS });
}
