/**
 * An object's own retention, and the holds a new object begins with (Cloud Storage pages "Object Retention Lock" and
 * "Object holds"). What they keep is judged with the bucket's policy, in retention.ts.
 */
import type { Bucket } from '../../model/bucket.ts';
import { StraitError } from '../../model/errors.ts';
import type { ObjectAttributes, ObjectRetention, ObjectState } from '../../model/object.ts';
import { hasDefaultHold, hasObjectRetention } from './bucket-settings.ts';

/** A hundred years, as Cloud Storage counts them. */
const RETAINED_MS_MAX = 3_155_760_000_000;

/** As it stands in a resource; undefined when that is no retention. */
export function retentionOf(given: unknown): ObjectRetention | undefined {
  const { mode, retainUntilTime } = Object(given) as Readonly<Record<string, unknown>>;
  if ((mode !== 'Unlocked' && mode !== 'Locked') || typeof retainUntilTime !== 'string') return undefined;
  const retainUntilMs = roundedUp(retainUntilTime);
  return Number.isNaN(retainUntilMs) ? undefined : { mode, retainUntilMs };
}

/** Milliseconds. Nothing is kept for less than was asked for, be it by a microsecond. */
function roundedUp(time: string): number {
  return Date.parse(time) + (/\.\d{3}\d*[1-9]/.test(time) ? 1 : 0);
}

interface Place {
  readonly bucket: Bucket;
  readonly nowMs: number;
}

/**
 * Attributes of a new version, under the bucket's default hold unless they say otherwise. A retention that is not
 * carried over from an older version must be one that can be asked for now.
 */
export function withProtection(
  attributes: ObjectAttributes,
  { isCarried = false, ...place }: Place & { readonly isCarried?: boolean },
): ObjectAttributes {
  const { retention } = attributes;
  const isNewRetention = retention !== undefined && !isCarried;
  const isHeldByDefault = hasDefaultHold(place.bucket) && (retention === undefined || isNewRetention);
  const eventBasedHold = attributes.eventBasedHold ?? (isHeldByDefault ? true : undefined);
  if (isNewRetention) {
    const refusal = judgeRetention(retention, place) ?? judgeBoth(eventBasedHold);
    if (refusal !== undefined) throw refusal;
  }
  return eventBasedHold === undefined ? attributes : { ...attributes, eventBasedHold };
}

/** What a copy takes over from its source: neither holds nor retention. */
export function withoutProtection(attributes: ObjectAttributes): ObjectAttributes {
  const { temporaryHold: _temporary, eventBasedHold: _eventBased, retention: _retention, ...others } = attributes;
  return others;
}

/**
 * Whether a version's own retention may become what a change makes of it. A locked one only grows, whoever asks and
 * whether its time is over or not; an unlocked one is loosened, and locked, by those alone who say that they mean it.
 */
export function judgeRetentionChange(
  before: ObjectState,
  after: ObjectState,
  { overridesUnlocked = false, ...place }: Place & { readonly overridesUnlocked?: boolean },
): StraitError | undefined {
  const [was, wanted] = [before.retention, after.retention];
  const isSame = was?.mode === wanted?.mode && was?.retainUntilMs === wanted?.retainUntilMs;
  if (isSame && before.eventBasedHold === after.eventBasedHold) return undefined;
  if (wanted !== undefined) {
    const refusal = (isSame ? undefined : judgeRetention(wanted, place)) ?? judgeBoth(after.eventBasedHold);
    if (refusal !== undefined) return refusal;
  }
  if (isSame || was === undefined) return undefined;
  const isLoosened = wanted === undefined || wanted.retainUntilMs < was.retainUntilMs;
  if (was.mode === 'Locked') {
    if (!isLoosened && wanted.mode === 'Locked') return undefined;
    const message =
      'The locked object retention cannot be removed. ' +
      'Its retention mode cannot be changed and its retention period cannot be shortened.';
    return new StraitError('permissionDenied', message, {});
  }
  if (overridesUnlocked || (!isLoosened && wanted.mode === 'Unlocked')) return undefined;
  const message =
    'The unlocked object retention cannot be removed and its retention period cannot be shortened ' +
    'without overriding unlocked retention intent and permission. ' +
    'Set overrideUnlockedRetention=true to do so, or to lock it.';
  return new StraitError('permissionDenied', message, {});
}

/** Whether a retention can be asked for in this bucket, now. */
function judgeRetention({ retainUntilMs }: ObjectRetention, { bucket, nowMs }: Place): StraitError | undefined {
  if (!hasObjectRetention(bucket)) {
    const hint = 'It can be enabled only when a bucket is made, by enableObjectRetention=true.';
    return invalid('retention', `Object retention is not enabled on the bucket. ${hint}`);
  }
  if (retainUntilMs <= nowMs) return invalid('retention.retainUntilTime', 'Retain until time cannot be in the past.');
  if (retainUntilMs <= nowMs + RETAINED_MS_MAX) return undefined;
  return invalid('retention.retainUntilTime', 'Retain until time cannot be more than 3155760000 seconds from now.');
}

function judgeBoth(eventBasedHold: boolean | undefined): StraitError | undefined {
  if (eventBasedHold !== true) return undefined;
  const hint = "Where the bucket's default is a hold, say eventBasedHold=false with the retention.";
  return invalid('retention', `Retention and event based holds cannot be configured together. ${hint}`);
}

function invalid(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field, reason: 'invalid' });
}
