/**
 * What Google's pages say becomes of objects, as one list of versions: object versioning, soft delete, retention
 * policies and Bucket Lock, object retention lock, object holds, and object lifecycle management
 * (https://cloud.google.com/storage/docs/object-versioning, /soft-delete, /bucket-lock, /object-lock, /object-holds,
 * /lifecycle). Slow and plain on purpose, and it shares no rule with the server: the one is judged by the other.
 *
 * A judgement is the HTTP status of a refusal, or undefined where the request succeeds.
 */
export type Refusal = 400 | 403 | 404 | 412 | undefined;

export interface Retention {
  readonly mode: 'Unlocked' | 'Locked';
  readonly untilMs: number;
}

export interface ModelVersion {
  readonly name: string;
  /** Versions are made one after another: the larger is the newer. */
  readonly order: number;
  readonly generation: string;
  readonly state: 'live' | 'noncurrent' | 'softDeleted';
  readonly metageneration: number;
  readonly size: number;
  readonly storageClass: string;
  readonly label: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly classUpdatedMs: number;
  readonly customTimeMs?: number | undefined;
  readonly temporaryHold: boolean;
  readonly eventBasedHold: boolean;
  /** When the event-based hold was released last. */
  readonly releasedMs?: number | undefined;
  readonly retention?: Retention | undefined;
  readonly noncurrentMs?: number;
  readonly softDeletedMs?: number;
  readonly hardDeleteMs?: number;
}

export interface RuleCondition {
  readonly age?: number;
  readonly createdBefore?: string;
  readonly customTimeBefore?: string;
  readonly daysSinceCustomTime?: number;
  readonly daysSinceNoncurrentTime?: number;
  readonly noncurrentTimeBefore?: string;
  readonly isLive?: boolean;
  readonly numNewerVersions?: number;
  readonly matchesPrefix?: readonly string[];
  readonly matchesSuffix?: readonly string[];
  readonly matchesPattern?: string;
  readonly matchesStorageClass?: readonly string[];
  readonly sizeAboveBytes?: string;
  readonly sizeBelowBytes?: string;
}

export interface ModelRule {
  readonly action: { readonly type: 'Delete' } | { readonly type: 'SetStorageClass'; readonly storageClass: string };
  readonly condition: RuleCondition;
}

/** What a new version is made of. */
export interface NewVersion {
  readonly size: number;
  readonly label: string;
  readonly storageClass: string;
  readonly customTimeMs?: number | undefined;
  readonly temporaryHold?: boolean;
  readonly eventBasedHold?: boolean;
  readonly retention?: Retention | undefined;
}

/** `null` takes away, absent leaves as it is. */
export interface Patch {
  readonly label?: string;
  readonly temporaryHold?: boolean | null;
  readonly eventBasedHold?: boolean | null;
  readonly customTimeMs?: number | null;
  readonly retention?: Retention | null;
  readonly overridesUnlocked?: boolean;
}

const DAY_MS = 86_400_000;

export class GcsModel {
  nowMs: number;
  versions: readonly ModelVersion[] = [];
  hasVersioning = false;
  softDeleteMs = 0;
  policy: { readonly periodMs: number; readonly isLocked: boolean } | undefined;
  defaultEventBasedHold = false;
  rules: readonly ModelRule[] = [];
  readonly hasObjectRetention: boolean;
  #made = 0;

  constructor(nowMs: number, hasObjectRetention: boolean) {
    this.nowMs = nowMs;
    this.hasObjectRetention = hasObjectRetention;
  }

  live(name: string): ModelVersion | undefined {
    return this.versions.find((one) => one.name === name && one.state === 'live');
  }

  /** Live or noncurrent. */
  find(name: string, generation: string | undefined): ModelVersion | undefined {
    if (generation === undefined) return this.live(name);
    return this.versions.find(
      (one) => one.name === name && one.generation === generation && one.state !== 'softDeleted',
    );
  }

  /** In the order of listings. A soft-deleted version is there until its hard delete time. */
  shown(...states: readonly ModelVersion['state'][]): readonly ModelVersion[] {
    return this.versions
      .filter(({ state, hardDeleteMs = Infinity }) => states.includes(state) && hardDeleteMs > this.nowMs)
      .toSorted((left, right) =>
        left.name === right.name ? left.order - right.order : left.name < right.name ? -1 : 1,
      );
  }

  /** The later of the two retentions. Under an event-based hold nobody knows when the policy's will end. */
  retainedUntilMs({ createdMs, releasedMs, eventBasedHold, retention }: ModelVersion): number | undefined {
    if (eventBasedHold) return undefined;
    const ends = [];
    // "Retention duration of the objects begins from the moment the event-based hold transitioned from true to false."
    if (this.policy !== undefined) ends.push((releasedMs ?? createdMs) + this.policy.periodMs);
    if (retention !== undefined) ends.push(retention.untilMs);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  isHeld({ temporaryHold, eventBasedHold }: ModelVersion): boolean {
    return temporaryHold || eventBasedHold;
  }

  isRetained(version: ModelVersion): boolean {
    return (this.retainedUntilMs(version) ?? 0) > this.nowMs;
  }

  /** Deleting by a generation is for good. Otherwise versioning keeps what was live, retained or not, but not held. */
  judgeLoss(version: ModelVersion | undefined, isForGood: boolean): Refusal {
    if (version === undefined) return undefined;
    if (this.isHeld(version)) return 403;
    const isKept = version.state === 'live' && this.hasVersioning && !isForGood;
    return this.isRetained(version) && !isKept ? 403 : undefined;
  }

  lose(version: ModelVersion, isForGood: boolean): void {
    if (version.state === 'live' && this.hasVersioning && !isForGood) {
      this.#replace(version, { ...version, state: 'noncurrent', noncurrentMs: this.nowMs });
    } else if (this.softDeleteMs > 0) {
      const hardDeleteMs = this.nowMs + this.softDeleteMs;
      this.#replace(version, { ...version, state: 'softDeleted', softDeletedMs: this.nowMs, hardDeleteMs });
    } else this.#replace(version);
  }

  judgeNew(name: string, { retention, eventBasedHold = this.defaultEventBasedHold }: NewVersion): Refusal {
    const isAsked = retention !== undefined;
    const isWrong = isAsked && (!this.hasObjectRetention || retention.untilMs <= this.nowMs || eventBasedHold);
    // Of two refusals no page says which is told.
    return this.judgeLoss(this.live(name), false) ?? (isWrong ? 400 : undefined);
  }

  add(name: string, generation: string, made: NewVersion): void {
    const live = this.live(name);
    if (live !== undefined) this.lose(live, false);
    this.#made += 1;
    const { temporaryHold = false, eventBasedHold = this.defaultEventBasedHold, ...facts } = made;
    const times = { createdMs: this.nowMs, updatedMs: this.nowMs, classUpdatedMs: this.nowMs };
    const numbers = { order: this.#made, generation, metageneration: 1 };
    const version = { ...facts, name, state: 'live' as const, temporaryHold, eventBasedHold, ...times, ...numbers };
    this.versions = [...this.versions, version];
  }

  judgePatch(version: ModelVersion, patch: Patch): Refusal {
    const { customTimeMs: wantedTime, retention: wanted } = patch;
    if (wantedTime !== undefined && version.customTimeMs !== undefined) {
      // "Once set, it cannot be removed nor set to an earlier time."
      if (wantedTime === null || wantedTime < version.customTimeMs) return 400;
    }
    const eventBasedHold = patch.eventBasedHold === undefined ? version.eventBasedHold : patch.eventBasedHold === true;
    const retention = wanted === undefined ? version.retention : (wanted ?? undefined);
    if (retention !== undefined && eventBasedHold) return 400;
    if (wanted === undefined || isSame(wanted ?? undefined, version.retention)) return undefined;
    if (wanted !== null && (!this.hasObjectRetention || wanted.untilMs <= this.nowMs)) return 400;
    return judgeRetention(version.retention, wanted ?? undefined, patch.overridesUnlocked === true);
  }

  patch(version: ModelVersion, patch: Patch): void {
    const { label, temporaryHold, eventBasedHold, customTimeMs, retention } = patch;
    const isReleased = version.eventBasedHold && eventBasedHold !== undefined && eventBasedHold !== true;
    this.#replace(version, {
      ...version,
      ...(label === undefined ? {} : { label }),
      ...(temporaryHold === undefined ? {} : { temporaryHold: temporaryHold === true }),
      ...(eventBasedHold === undefined ? {} : { eventBasedHold: eventBasedHold === true }),
      ...(isReleased ? { releasedMs: this.nowMs } : {}),
      ...(customTimeMs === undefined ? {} : { customTimeMs: customTimeMs ?? undefined }),
      ...(retention === undefined ? {} : { retention: retention ?? undefined }),
      updatedMs: this.nowMs,
      metageneration: version.metageneration + 1,
    });
  }

  /** A locked policy can be prolonged and nothing else. */
  judgePolicy(periodMs: number | undefined): Refusal {
    if (this.policy?.isLocked !== true) return undefined;
    return periodMs === undefined || periodMs < this.policy.periodMs ? 403 : undefined;
  }

  setPolicy(periodMs: number | undefined): void {
    this.policy = periodMs === undefined ? undefined : { periodMs, isLocked: this.policy?.isLocked === true };
  }

  /** Every live and noncurrent version is judged as it is now, and then all that is asked for is done. */
  runLifecycle(): void {
    const asked = this.versions.flatMap((version) => {
      const action = this.#actionFor(version);
      return action === undefined ? [] : [{ version, action }];
    });
    for (const { version, action } of asked) {
      if (action.type === 'Delete') this.lose(version, false);
      else {
        const { storageClass } = action;
        const times = { updatedMs: this.nowMs, classUpdatedMs: this.nowMs };
        this.#replace(version, { ...version, storageClass, ...times, metageneration: version.metageneration + 1 });
      }
    }
  }

  #actionFor(version: ModelVersion): ModelRule['action'] | undefined {
    if (version.state === 'softDeleted') return undefined;
    const met = this.rules.filter(({ condition }) => this.#isMet(condition, version)).map(({ action }) => action);
    const deletion = met.find(({ type }) => type === 'Delete');
    // "The Delete action takes precedence", and has no effect on what is under a hold or an unfulfilled retention.
    if (deletion !== undefined) return this.isHeld(version) || this.isRetained(version) ? undefined : deletion;
    // "The lowest at-rest storage pricing takes precedence", and only towards a lower one.
    const cheapest = ['ARCHIVE', 'COLDLINE', 'NEARLINE'];
    const current = cheapest.indexOf(version.storageClass);
    return cheapest
      .slice(0, current < 0 ? cheapest.length : current)
      .map((name) => met.find((action) => action.type === 'SetStorageClass' && action.storageClass === name))
      .find((action) => action !== undefined);
  }

  #isMet(condition: RuleCondition, version: ModelVersion): boolean {
    const { name, createdMs, customTimeMs, noncurrentMs, storageClass, size } = version;
    const newer = this.versions.filter(
      (one) => one.name === name && one.state !== 'softDeleted' && one.order > version.order,
    ).length;
    const since = (ms: number | undefined, days: number) => ms !== undefined && this.nowMs - ms >= days * DAY_MS;
    const before = (ms: number | undefined, date: string) => ms !== undefined && ms < Date.parse(date);
    const tests: { readonly [Name in keyof RuleCondition]-?: (wanted: never) => boolean } = {
      age: (days: number) => since(createdMs, days),
      createdBefore: (date: string) => before(createdMs, date),
      customTimeBefore: (date: string) => before(customTimeMs, date),
      daysSinceCustomTime: (days: number) => since(customTimeMs, days),
      daysSinceNoncurrentTime: (days: number) => since(noncurrentMs, days),
      noncurrentTimeBefore: (date: string) => before(noncurrentMs, date),
      isLive: (wanted: boolean) => wanted === (version.state === 'live'),
      numNewerVersions: (count: number) => newer >= count,
      matchesPrefix: (prefixes: readonly string[]) => prefixes.some((prefix) => name.startsWith(prefix)),
      matchesSuffix: (suffixes: readonly string[]) => suffixes.some((suffix) => name.endsWith(suffix)),
      matchesPattern: (pattern: string) => new RegExp(`^(?:${pattern})$`, 'u').test(name),
      matchesStorageClass: (names: readonly string[]) => names.includes(storageClass),
      sizeAboveBytes: (bytes: string) => size > Number(bytes),
      sizeBelowBytes: (bytes: string) => size < Number(bytes),
    };
    return Object.entries(condition).every(([test, wanted]) => tests[test as keyof RuleCondition](wanted as never));
  }

  #replace(version: ModelVersion, by?: ModelVersion): void {
    this.versions = this.versions.flatMap((one) => (one !== version ? [one] : by === undefined ? [] : [by]));
  }
}

function isSame(one: Retention | undefined, other: Retention | undefined): boolean {
  return one?.mode === other?.mode && one?.untilMs === other?.untilMs;
}

/** "Locked": the time can only be later. "Unlocked": the same, unless the request overrides it. */
function judgeRetention(was: Retention | undefined, wanted: Retention | undefined, overrides: boolean): Refusal {
  if (was === undefined) return undefined;
  const isProlonged = wanted !== undefined && wanted.mode === was.mode && wanted.untilMs >= was.untilMs;
  if (isProlonged) return undefined;
  return was.mode === 'Unlocked' && overrides ? undefined : 403;
}
