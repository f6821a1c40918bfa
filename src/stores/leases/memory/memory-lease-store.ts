import { StraitError } from '../../../model/errors.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { type Random, randomHex } from '../../../runtime/random.ts';
import {
  LEASE_LIMITS,
  type LeaseChange,
  type LeaseEvent,
  type LeaseOutcome,
  type LeaseState,
  type LeaseStore,
  type OwnershipGroup,
  type ScopeEntry,
  type Session,
} from '../port.ts';

export interface MemoryLeaseStoreDeps {
  readonly clock: Clock;
  readonly random: Random;
}

export interface MemoryLeaseStoreSettings {
  /** Events kept for those who watch; whoever is further behind reads the state again. */
  readonly eventsMax: number;
}

interface LiveSession {
  readonly session: Session;
  endsMs: number;
}

/** For sites that share one process: tests, and a single site that owns everything. */
export class MemoryLeaseStore implements LeaseStore {
  readonly #deps: MemoryLeaseStoreDeps;
  readonly #settings: MemoryLeaseStoreSettings;
  readonly #sessions = new Map<string, LiveSession>();
  readonly #groups = new Map<string, OwnershipGroup>();
  readonly #scopes = new Map<string, ScopeEntry>();
  readonly #closing = new AbortController();
  readonly #watchers = new Set<() => void>();
  /** The last events, without a gap. */
  #events: LeaseEvent[] = [];
  /** The revision of the newest event that is no longer kept. */
  #compacted = 0n;
  #revision = 0n;
  #isExpiring = false;

  constructor(deps: MemoryLeaseStoreDeps, settings: MemoryLeaseStoreSettings = { eventsMax: 10_000 }) {
    this.#deps = deps;
    this.#settings = settings;
  }

  async beginSession(site: string, ttlMs: number): Promise<Session> {
    this.#enter();
    assertName('site', site);
    const { ttlMsMin, ttlMsMax } = LEASE_LIMITS;
    if (!(ttlMs >= ttlMsMin && ttlMs <= ttlMsMax)) throw refuse(`ttlMs is from ${ttlMsMin} to ${ttlMsMax}`);
    for (const { session } of this.#sessions.values()) if (session.site === site) this.#end(session);
    const session: Session = { id: randomHex(this.#deps.random, 16), site, ttlMs, revision: this.#nextRevision() };
    this.#sessions.set(session.id, { session, endsMs: this.#deps.clock.monotonicMs() + ttlMs });
    this.#publish([{ kind: 'session', revision: session.revision, session, isAlive: true }]);
    if (!this.#isExpiring) void this.#expire();
    return session;
  }

  async renewSession(sessionId: string): Promise<boolean> {
    this.#enter();
    const live = this.#sessions.get(sessionId);
    if (live === undefined) return false;
    live.endsMs = this.#deps.clock.monotonicMs() + live.session.ttlMs;
    return true;
  }

  async endSession(sessionId: string): Promise<void> {
    this.#enter();
    const live = this.#sessions.get(sessionId);
    if (live !== undefined) this.#end(live.session);
  }

  async read(): Promise<LeaseState> {
    this.#enter();
    return {
      revision: this.#revision,
      sessions: [...this.#sessions.values()].map(({ session }) => session),
      groups: [...this.#groups.values()],
      scopes: [...this.#scopes.values()],
    };
  }

  async commit(changes: readonly LeaseChange[]): Promise<LeaseOutcome> {
    this.#enter();
    assertChanges(changes);
    for (const [index, change] of changes.entries()) {
      if ((this.#currentOf(change)?.revision ?? 0n) !== change.revision) return { kind: 'conflict', change: index };
    }
    for (const change of changes) this.#assertLawful(change);
    const ended = changes.findIndex((change) => change.kind === 'group' && this.#hasEnded(change.owner?.sessionId));
    if (ended >= 0) return { kind: 'sessionEnded', change: ended };
    const revision = this.#nextRevision();
    this.#publish(changes.map((change) => this.#apply(change, revision)));
    return { kind: 'committed', revision };
  }

  async *watch(after: bigint, signal: AbortSignal): AsyncGenerator<LeaseEvent> {
    let seen = after;
    while (!signal.aborted) {
      this.#enter();
      if (seen < this.#compacted) {
        seen = this.#revision;
        yield { kind: 'compacted', revision: seen };
        continue;
      }
      const events = this.#events.filter(({ revision }) => revision > seen);
      for (const event of events) {
        if (signal.aborted) return;
        yield event;
      }
      seen = events.at(-1)?.revision ?? seen;
      if (events.length === 0) await this.#nextChange(signal);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wakeWatchers();
  }

  /** Every call: refuses a closed store, and first ends the sessions whose time is up. */
  #enter(): void {
    if (this.#closing.signal.aborted) throw new StraitError('unavailable', 'the lease store is closed', {});
    const nowMs = this.#deps.clock.monotonicMs();
    for (const { session, endsMs } of this.#sessions.values()) if (nowMs >= endsMs) this.#end(session);
  }

  #end(session: Session): void {
    this.#sessions.delete(session.id);
    this.#publish([{ kind: 'session', revision: this.#nextRevision(), session, isAlive: false }]);
  }

  /** Ends sessions on time for those who only watch. */
  async #expire(): Promise<void> {
    this.#isExpiring = true;
    while (this.#sessions.size > 0 && !this.#closing.signal.aborted) {
      const nextMs = Math.min(...[...this.#sessions.values()].map(({ endsMs }) => endsMs));
      const waitMs = Math.max(1, nextMs - this.#deps.clock.monotonicMs());
      // Never longer than the shortest session: one may begin while this sleeps.
      await this.#deps.clock.sleep(Math.min(waitMs, LEASE_LIMITS.ttlMsMin), this.#closing.signal);
      if (!this.#closing.signal.aborted) this.#enter();
    }
    this.#isExpiring = false;
  }

  #nextRevision(): bigint {
    this.#revision += 1n;
    return this.#revision;
  }

  #currentOf(change: LeaseChange): OwnershipGroup | ScopeEntry | undefined {
    return change.kind === 'group' ? this.#groups.get(change.group) : this.#scopes.get(change.scopeId);
  }

  #hasEnded(sessionId: string | undefined): boolean {
    return sessionId !== undefined && !this.#sessions.has(sessionId);
  }

  /** The caller knew the record when he asked for this, so what is unlawful is no race. */
  #assertLawful(change: LeaseChange): void {
    if (change.kind === 'scope') {
      const current = this.#scopes.get(change.scopeId);
      if (current?.state === 'closed' && change.state === 'open') throw refuse('a closed scope is never opened again');
      return;
    }
    const current = this.#groups.get(change.group);
    if ((change.owner === undefined) !== (change.state === 'released'))
      throw refuse('a group without owner is released');
    const session = change.owner && this.#sessions.get(change.owner.sessionId)?.session;
    if (session && session.site !== change.owner?.site) throw refuse('the session is of another site');
    if (change.epoch < (current?.epoch ?? 1n)) throw refuse('an epoch never goes down');
    const isAnother = change.owner !== undefined && change.owner.sessionId !== current?.owner?.sessionId;
    if (isAnother && current !== undefined && change.epoch === current.epoch)
      throw refuse('another owner needs a higher epoch');
  }

  #apply(change: LeaseChange, revision: bigint): LeaseEvent {
    if (change.kind === 'scope') {
      const { kind: _, ...rest } = change;
      const scope: ScopeEntry = { ...rest, revision };
      this.#scopes.set(change.scopeId, scope);
      return { kind: 'scope', revision, scope };
    }
    const { kind: _, ...rest } = change;
    const group: OwnershipGroup = { ...rest, revision };
    this.#groups.set(change.group, group);
    return { kind: 'group', revision, group };
  }

  #publish(events: readonly LeaseEvent[]): void {
    this.#events.push(...events);
    const surplus = this.#events.length - this.#settings.eventsMax;
    if (surplus > 0) {
      // Events of one revision go together: a watcher continues after whole revisions.
      const last = this.#events[surplus - 1]?.revision ?? 0n;
      this.#compacted = last;
      this.#events = this.#events.filter(({ revision }) => revision > last);
    }
    this.#wakeWatchers();
  }

  #wakeWatchers(): void {
    for (const wake of [...this.#watchers]) wake();
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        this.#watchers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

function refuse(message: string): StraitError {
  return new StraitError('invalidArgument', message, {});
}

function assertName(what: string, name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > LEASE_LIMITS.nameBytesMax) {
    throw refuse(`a ${what} has 1 to ${LEASE_LIMITS.nameBytesMax} bytes, not ${bytes}`);
  }
}

function assertChanges(changes: readonly LeaseChange[]): void {
  const { changesPerCommitMax } = LEASE_LIMITS;
  if (changes.length === 0 || changes.length > changesPerCommitMax) {
    throw refuse(`a commit has 1 to ${changesPerCommitMax} changes, not ${changes.length}`);
  }
  for (const change of changes) assertName('group', change.group);
  const records = changes.map((change) => (change.kind === 'group' ? `g${change.group}` : `s${change.scopeId}`));
  if (new Set(records).size !== records.length) throw refuse('a commit changes a record at most once');
}
