/**
 * The lease store: who is alive, who owns what, and under which epoch. Small, strongly consistent, never in the path
 * of bytes. `test/contracts/lease-store.ts` is this contract as a suite; every adapter passes it.
 *
 * - One revision counts every change of the store. A record carries the revision that last changed it.
 * - Changes are compare-and-swap by revision; several in one call are atomic.
 * - A lease proves nothing to a resource: resources check epochs, and an epoch never goes down. So no group and no
 *   scope is ever removed; a released group keeps its epoch, a closed scope its id.
 * - Clocks decide only when a session ends, never who owns.
 */
import type { BucketId, ScopeId } from '../../model/ids.ts';

export const LEASE_LIMITS = {
  /** Names of sites and groups, UTF-8 bytes. */
  nameBytesMax: 256,
  ttlMsMin: 100,
  ttlMsMax: 10 * 60_000,
  changesPerCommitMax: 64,
} as const;

/** A site's sign of life. A site has one: beginning another ends the one before. */
export interface Session {
  /** Opaque, never reused. */
  readonly id: string;
  readonly site: string;
  readonly ttlMs: number;
  readonly revision: bigint;
}

/** `held`: the owner may commit. `moving`: a planned hand-over drains. `released`: nobody may commit. */
export type GroupState = 'held' | 'moving' | 'released';

/** What one site owns as a whole, so that a takeover changes one record however many scopes there are. */
export interface OwnershipGroup {
  readonly group: string;
  /** Absent when released. */
  readonly owner?: GroupOwner;
  readonly state: GroupState;
  /** From 1. Higher whenever the owner is another site or another session than before. */
  readonly epoch: bigint;
  readonly revision: bigint;
}

export interface GroupOwner {
  readonly site: string;
  readonly sessionId: string;
}

/** A border of the namespace: names of a bucket from `start` on, before `end` (absent: to the last). */
export interface ScopeRange {
  readonly bucketId: BucketId;
  readonly start: string;
  readonly end?: string;
}

export interface ScopeEntry {
  readonly scopeId: ScopeId;
  readonly range: ScopeRange;
  readonly group: string;
  readonly journal: string;
  /** A closed scope was split or merged away; its id is spent. */
  readonly state: 'open' | 'closed';
  readonly revision: bigint;
}

/** `revision`: the record's as the caller knows it; 0n: there must be none yet. */
export type LeaseChange =
  | {
      readonly kind: 'group';
      readonly group: string;
      readonly revision: bigint;
      readonly owner?: GroupOwner;
      readonly state: GroupState;
      readonly epoch: bigint;
    }
  | {
      readonly kind: 'scope';
      readonly scopeId: ScopeId;
      readonly revision: bigint;
      readonly range: ScopeRange;
      readonly group: string;
      readonly journal: string;
      readonly state: 'open' | 'closed';
    };

export type LeaseOutcome =
  | { readonly kind: 'committed'; readonly revision: bigint }
  /** Change number `change` named another revision than the record has; nothing was changed. */
  | { readonly kind: 'conflict'; readonly change: number }
  /** The session that change number `change` gives ownership to has ended; nothing was changed. */
  | { readonly kind: 'sessionEnded'; readonly change: number };

export type LeaseEvent =
  | { readonly kind: 'session'; readonly revision: bigint; readonly session: Session; readonly isAlive: boolean }
  | { readonly kind: 'group'; readonly revision: bigint; readonly group: OwnershipGroup }
  | { readonly kind: 'scope'; readonly revision: bigint; readonly scope: ScopeEntry }
  /** Events after the asked revision are no longer kept: read the state again. The watch goes on after `revision`. */
  | { readonly kind: 'compacted'; readonly revision: bigint };

/** Everything at one revision. */
export interface LeaseState {
  readonly revision: bigint;
  readonly sessions: readonly Session[];
  readonly groups: readonly OwnershipGroup[];
  readonly scopes: readonly ScopeEntry[];
}

export interface LeaseStore {
  /** Begins a session that ends `ttlMs` after its last renewal. */
  beginSession(site: string, ttlMs: number): Promise<Session>;
  /** False when the session has ended: it cannot be revived, and what it owned waits for a takeover. */
  renewSession(sessionId: string): Promise<boolean>;
  /** Ends a session now; one that has ended already is no error. */
  endSession(sessionId: string): Promise<void>;
  read(): Promise<LeaseState>;
  /**
   * Atomic. An epoch that goes down, an owner that changes without a higher epoch, a reopened scope or a broken limit
   * is an `invalidArgument`: those are mistakes of the caller, not races.
   */
  commit(changes: readonly LeaseChange[]): Promise<LeaseOutcome>;
  /** Every event after `after`, in order, none left out; waits for more until `signal` aborts, then ends. */
  watch(after: bigint, signal: AbortSignal): AsyncIterable<LeaseEvent>;
  close(): Promise<void>;
}
