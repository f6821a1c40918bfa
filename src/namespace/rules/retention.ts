/** How long versions must be kept (Cloud Storage pages "Bucket Lock", "Object Retention Lock" and "Object holds"). */
import type { Bucket } from '../../model/bucket.ts';
import { StraitError } from '../../model/errors.ts';
import type { ObjectState } from '../../model/object.ts';
import { fateOf } from './fate.ts';

type Settings = Readonly<Record<string, unknown>>;

/** A bucket's `retentionPolicy` as it is stored. */
interface RetentionPolicy {
  /** Seconds, decimal. */
  readonly retentionPeriod?: string;
  /** When the period was set last. */
  readonly effectiveTime?: string;
  /** It may grow, and nothing else. Absent: it is not locked. */
  readonly isLocked?: boolean;
}

/** A hundred years, as Cloud Storage counts them. */
const PERIOD_SECONDS_MAX = 3_155_760_000;

/** Settings about to be stored, with what the server says of the retention policy. Refuses what a lock forbids. */
export function withRetentionPolicy(before: Settings, after: Settings, nowMs: number): Settings {
  const [was, wanted] = [policyOf(before), policyOf(after)];
  if (wanted === undefined) {
    if (was?.isLocked === true) throw locked('removed');
    return after;
  }
  const seconds = periodOf(wanted);
  if (was?.isLocked === true && seconds < periodOf(was)) throw locked('reduced');
  const isSame = was !== undefined && periodOf(was) === seconds && was.effectiveTime !== undefined;
  const retentionPolicy: RetentionPolicy = {
    retentionPeriod: String(seconds),
    effectiveTime: isSame ? was.effectiveTime : new Date(nowMs).toISOString(),
    ...(was?.isLocked === true ? { isLocked: true } : {}),
  };
  return { ...after, retentionPolicy };
}

/** Settings with their retention policy locked for good; locking again changes nothing. */
export function withLockedRetention(settings: Settings): Settings {
  const policy = policyOf(settings);
  if (policy === undefined) {
    const message =
      'The bucket has no retention policy that could be locked; set retentionPolicy.retentionPeriod first.';
    throw new StraitError('invalidArgument', message, { field: 'retentionPolicy' });
  }
  return { ...settings, retentionPolicy: { ...policy, isLocked: true } };
}

/**
 * When nothing but a hold keeps a version any more: the later of what its bucket's policy and its own retention say.
 * Undefined when neither says anything, and under an event-based hold, from whose release the policy counts.
 */
export function retentionExpirationMs(bucket: Bucket, state: ObjectState): number | undefined {
  if (state.eventBasedHold === true) return undefined;
  const seconds = secondsOf(policyOf(bucket.settings));
  const times: number[] = [];
  if (seconds !== undefined) times.push((state.holdReleasedMs ?? state.timeCreatedMs) + seconds * 1_000);
  if (state.retention !== undefined) times.push(state.retention.retainUntilMs);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** What is about to happen to a version. */
export interface Loss {
  readonly bucket: Bucket;
  readonly name: string;
  readonly nowMs: number;
  /** The request names the generation: versioning does not keep it. */
  readonly isForGood?: boolean;
}

/**
 * A version under a hold or before the end of its retention can be neither overwritten nor deleted; where versioning
 * keeps it, retention lets it become noncurrent.
 */
export function judgeKept(place: Loss, state: ObjectState | undefined): StraitError | undefined {
  if (state === undefined) return undefined;
  const { bucket, nowMs, isForGood = false } = place;
  const object = `'${bucket.name}/${place.name}'`;
  const hold = holdOf(state);
  if (hold !== undefined) {
    const message =
      `Object ${object} is under active ${hold} hold ` +
      'and cannot be deleted, overwritten or archived until hold is removed.';
    return new StraitError('permissionDenied', message, {});
  }
  const policy = policyOf(bucket.settings);
  // Older rows may have a policy that nobody checked: it keeps everything until it is set right.
  if (policy !== undefined) periodOf(policy);
  const untilMs = retentionExpirationMs(bucket, state);
  if (untilMs === undefined || untilMs <= nowMs) return undefined;
  if (fateOf(state, { bucket, nowMs, isForGood }).kind === 'noncurrent') return undefined;
  const message =
    `Object ${object} is subject to bucket's retention policy or object retention ` +
    `and cannot be deleted or overwritten until ${new Date(untilMs).toISOString()}`;
  return new StraitError('permissionDenied', message, { reason: 'retentionPolicyNotMet' });
}

/** Whether a version must not go whatever its bucket says, which may be gone. */
export function isKeptByItself(state: ObjectState, nowMs: number): boolean {
  return holdOf(state) !== undefined || (state.retention?.retainUntilMs ?? 0) > nowMs;
}

function holdOf(state: ObjectState): 'Temporary' | 'Event-Based' | undefined {
  if (state.temporaryHold === true) return 'Temporary';
  return state.eventBasedHold === true ? 'Event-Based' : undefined;
}

function policyOf(settings: Settings): RetentionPolicy | undefined {
  const policy = settings['retentionPolicy'];
  return typeof policy === 'object' && policy !== null ? policy : undefined;
}

/** Undefined when there is no policy, or none that one can read. */
function secondsOf(policy: RetentionPolicy | undefined): number | undefined {
  const seconds = Number(policy?.retentionPeriod ?? Number.NaN);
  return Number.isInteger(seconds) && seconds >= 1 && seconds <= PERIOD_SECONDS_MAX ? seconds : undefined;
}

function periodOf(policy: RetentionPolicy): number {
  const seconds = secondsOf(policy);
  if (seconds !== undefined) return seconds;
  const { retentionPeriod } = policy;
  const message = `Invalid retentionPeriod "${retentionPeriod}": expected 1 to ${PERIOD_SECONDS_MAX} seconds.`;
  throw new StraitError('invalidArgument', message, { field: 'retentionPolicy.retentionPeriod' });
}

function locked(what: 'removed' | 'reduced'): StraitError<'permissionDenied'> {
  const message = `The bucket has a locked Retention Policy: it can be prolonged, and cannot be ${what}.`;
  return new StraitError('permissionDenied', message, { reason: 'retentionPolicyNotMet' });
}
