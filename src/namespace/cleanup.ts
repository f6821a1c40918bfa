import type { Service } from '../runtime/lifecycle.ts';
import { advanceOperationsOnce, expireOperationsOnce } from './advance-operations.ts';
import { expireCachesOnce } from './caches.ts';
import type { NamespaceDeps } from './deps.ts';
import { expireSoftDeletedOnce } from './expire-soft-deleted.ts';
import { expireUploadsOnce } from './expire-uploads.ts';
import { ObjectLifecycle } from './object-lifecycle.ts';
import { OPERATION_WORKERS } from './operation-workers.ts';
import { reapOnce } from './reap.ts';
import { expireBucketsOnce } from './soft-deleted-buckets.ts';
import { OrphanSweep } from './sweep-orphans.ts';

export interface CleanupSettings {
  readonly reapEveryMs: number;
  readonly expireEveryMs: number;
  readonly sweepEveryMs: number;
  readonly advanceEveryMs: number;
  /** How often each version of a bucket with lifecycle rules is judged. */
  readonly lifecycleEveryMs: number;
}

export const CLEANUP_DEFAULTS: CleanupSettings = {
  reapEveryMs: 5_000,
  expireEveryMs: 60_000,
  sweepEveryMs: 30 * 60_000,
  advanceEveryMs: 1_000,
  lifecycleEveryMs: 3_600_000,
};

/** A pass over many versions takes many turns. */
const LIFECYCLE_TURN_EVERY_MS = 1_000;

interface Chore {
  readonly name: string;
  readonly everyMs: number;
  readonly run: (signal: AbortSignal) => Promise<void>;
  dueMs: number;
}

interface CountedChore {
  readonly name: string;
  readonly every: keyof CleanupSettings;
  /** For the log. */
  readonly done: string;
  /** How much it did. A crash in between leaves the rest to its next turn. */
  readonly run: (deps: NamespaceDeps, signal: AbortSignal) => Promise<number>;
}

/** Chores that keep nothing between their turns. */
export const CHORES: readonly CountedChore[] = [
  {
    name: 'expire soft-deleted',
    every: 'expireEveryMs',
    done: 'deleted versions whose soft delete time was over',
    run: expireSoftDeletedOnce,
  },
  {
    name: 'expire soft-deleted buckets',
    every: 'expireEveryMs',
    done: 'ended buckets whose soft delete time was over',
    run: expireBucketsOnce,
  },
  {
    name: 'advance operations',
    every: 'advanceEveryMs',
    done: 'operations ended',
    run: (deps, signal) => advanceOperationsOnce(deps, OPERATION_WORKERS, signal),
  },
  {
    name: 'expire operations',
    every: 'expireEveryMs',
    done: 'removed the records of old operations',
    run: expireOperationsOnce,
  },
  { name: 'expire caches', every: 'expireEveryMs', done: 'removed disabled caches', run: expireCachesOnce },
];

/**
 * Removes what nothing needs any more: unreferenced bytes, expired sessions, bytes of crashed writes. One per store is
 * enough; more are safe. A failed pass is logged and tried again at its next turn.
 */
export class Cleanup implements Service {
  readonly name = 'cleanup';
  readonly #deps: NamespaceDeps;
  readonly #chores: readonly Chore[];

  constructor(deps: NamespaceDeps, settings: CleanupSettings = CLEANUP_DEFAULTS) {
    const logger = deps.logger.child('cleanup');
    const orphans = new OrphanSweep(deps);
    const lifecycle = new ObjectLifecycle({ ...deps, logger }, settings.lifecycleEveryMs);
    this.#deps = { ...deps, logger };
    this.#chores = [
      {
        name: 'reap',
        everyMs: settings.reapEveryMs,
        dueMs: 0,
        run: async (signal) => {
          const { blobs, removed } = await reapOnce(deps, signal);
          if (blobs + removed > 0) logger.log('debug', 'reaped', { blobs, removed });
        },
      },
      {
        name: 'expire uploads',
        everyMs: settings.expireEveryMs,
        dueMs: 0,
        run: async (signal) => {
          const { sessions, stagings } = await expireUploadsOnce(deps, signal);
          if (sessions + stagings > 0) logger.log('info', 'expired uploads', { sessions, stagings });
        },
      },
      ...CHORES.map(({ name, every, done, run }) => ({
        name,
        everyMs: settings[every],
        dueMs: 0,
        run: async (signal: AbortSignal) => {
          const count = await run(deps, signal);
          if (count > 0) logger.log('info', done, { count });
        },
      })),
      {
        name: 'lifecycle',
        everyMs: LIFECYCLE_TURN_EVERY_MS,
        dueMs: 0,
        run: async (signal) => {
          const versions = await lifecycle.turnOnce(signal);
          if (versions > 0) logger.log('info', 'did to versions what lifecycle rules ask', { versions });
        },
      },
      {
        name: 'sweep orphans',
        everyMs: settings.sweepEveryMs,
        dueMs: 0,
        run: async (signal) => {
          const blobs = await orphans.sweepOnce(signal);
          if (blobs > 0) logger.log('info', 'adopted blobs that no row knew', { blobs });
        },
      },
    ];
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    while (!signal.aborted) {
      for (const chore of this.#chores) await this.#turn(chore, signal);
      const nextMs = Math.min(...this.#chores.map(({ dueMs }) => dueMs));
      await clock.sleep(Math.max(0, nextMs - clock.monotonicMs()), signal);
    }
  }

  async #turn(chore: Chore, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#deps;
    if (signal.aborted || clock.monotonicMs() < chore.dueMs) return;
    try {
      await chore.run(signal);
    } catch (error) {
      logger.log('warn', 'cleanup failed, it will be tried again', { chore: chore.name, error: String(error) });
    }
    chore.dueMs = clock.monotonicMs() + chore.everyMs;
  }
}
