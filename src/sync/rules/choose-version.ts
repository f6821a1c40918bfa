/**
 * Which of the versions after the cursor to try, as indexes into the log's order: the next one; and when that is not
 * whole, the newest first, because whatever is whole and newest releases everything before it. At most `most` tries.
 */
export function candidateOrder(count: number, most: number): readonly number[] {
  const order: number[] = count > 0 ? [0] : [];
  for (let index = count - 1; index > 0 && order.length < most; index -= 1) order.push(index);
  return order;
}

export type TableState = 'current' | 'publishing' | 'waiting' | 'held' | 'unresolved' | 'vanished';

/** A version whose files are late is waited for, then held: the older version stays visible either way. */
export function lateState(waitingSinceMs: number, nowMs: number, heldAfterMs: number): TableState {
  return nowMs - waitingSinceMs >= heldAfterMs ? 'held' : 'waiting';
}

/** When to ask about a table again: at once after news, less and less often while nothing happens. */
export function nextPollMs(
  quietMs: number,
  settings: { readonly tailPollMs: number; readonly tailPollMaxMs: number },
): number {
  const QUIET_BEFORE_BACKOFF_MS = 60_000;
  if (quietMs <= QUIET_BEFORE_BACKOFF_MS) return settings.tailPollMs;
  const grown = settings.tailPollMs * (quietMs / QUIET_BEFORE_BACKOFF_MS);
  return Math.min(settings.tailPollMaxMs, Math.max(settings.tailPollMs, grown));
}

export interface LooseQuestion {
  readonly updatedMs: number;
  /** When the cloud made the published version visible; undefined when none is published. */
  readonly publishedSourceMs: number | undefined;
  /** An unpublished version names it, or may. */
  readonly isClaimed: boolean;
  readonly nowMs: number;
  readonly looseAfterMs: number;
}

/** Whether a data name inside a table may be listed although no published version reaches it. */
export function isLoose(question: LooseQuestion): boolean {
  if (question.publishedSourceMs !== undefined && question.updatedMs < question.publishedSourceMs) return true;
  return !question.isClaimed && question.nowMs - question.updatedMs >= question.looseAfterMs;
}
