import { StraitError } from '../model/errors.ts';
import type { CommitOutcome, Transaction } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';

/**
 * Every mutation is the same loop: read rows, let pure rules decide, commit with checks on what was read; on a conflict
 * read and decide again.
 */

export type Committed = Extract<CommitOutcome, { kind: 'committed' }>;

export type Decision<Result> =
  | {
      readonly kind: 'commit';
      readonly transaction: Transaction;
      /** What the caller gets once the transaction is durable. */
      readonly result: (committed: Committed) => Result;
    }
  /** What was read does not fit together, since others write: read again. */
  | { readonly kind: 'again' }
  /** Nothing to write. */
  | { readonly kind: 'done'; readonly result: Result };

const ATTEMPTS_MAX = 60;
const IMMEDIATE_ATTEMPTS = 3;
const BACKOFF_MS_MAX = 100;

/** Rejects with what `decide` or the store throws, and with `unavailable` when others keep getting in between. */
export async function decideAndCommit<Result>(
  deps: NamespaceDeps,
  decide: () => Promise<Decision<Result>>,
): Promise<Result> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (attempt >= IMMEDIATE_ATTEMPTS) await deps.clock.sleep(backoffMs(attempt, deps.random.unit()));
    const decision = await decide();
    if (decision.kind === 'done') return decision.result;
    if (decision.kind === 'again') continue;
    const outcome = await deps.metadata.commit(decision.transaction);
    if (outcome.kind === 'committed') return decision.result(outcome);
  }
  throw new StraitError('unavailable', 'too many writers to the same names at once', { retryAfterMs: 1_000 });
}

/** Grows to `BACKOFF_MS_MAX`; drawn at random, so that rivals part. */
function backoffMs(attempt: number, unit: number): number {
  return unit * Math.min(BACKOFF_MS_MAX, 2 ** (attempt - IMMEDIATE_ATTEMPTS));
}
