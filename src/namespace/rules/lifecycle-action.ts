/**
 * What the lifecycle rules of a bucket do to one version now, or to one unfinished upload. Cloud Storage page "Object
 * Lifecycle Management": a day is 24 hours from the time it counts from, dates are midnight UTC; of several rules that
 * hold, deletion wins, and then the class that costs least.
 */
import type { Bucket } from '../../model/bucket.ts';
import type { ObjectName } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import { hasAutoclass } from './bucket-settings.ts';
import { type LifecycleCondition, type LifecycleRule, lifecycleRules } from './lifecycle.ts';
import { type NamePattern, namePattern } from './name-pattern.ts';
import { judgeKept } from './retention.ts';

export interface LifecycleVersion {
  readonly bucket: Bucket;
  readonly name: ObjectName;
  readonly state: ObjectState;
  /** Versions of the name that are newer, the live one among them. */
  readonly newerVersions: number;
}

export type LifecycleChange =
  | { readonly kind: 'delete' }
  | { readonly kind: 'setStorageClass'; readonly storageClass: string };

/** Rules that are ready to be held against many versions. */
export interface ReadyRules {
  readonly rules: readonly ReadyRule[];
  /** The largest `numNewerVersions`: counting beyond it decides nothing. */
  readonly newerVersionsMax: number;
  /** Names are matched against expressions, which may take long. */
  readonly hasPatterns: boolean;
}

interface ReadyRule extends LifecycleRule {
  readonly pattern?: NamePattern | undefined;
}

/** `invalidArgument` for stored rules that cannot be read. */
export function readyRules({ settings }: Bucket): ReadyRules {
  const rules = lifecycleRules(settings).map((rule): ReadyRule => {
    const { matchesPattern } = rule.condition;
    return matchesPattern === undefined ? rule : { ...rule, pattern: namePattern(matchesPattern) };
  });
  return {
    rules,
    newerVersionsMax: Math.max(0, ...rules.map(({ condition }) => condition.numNewerVersions ?? 0)),
    hasPatterns: rules.some(({ pattern }) => pattern !== undefined),
  };
}

/** From what costs most to what costs least at rest. Others, such as RAPID, are neither left nor entered. */
const COSTS: Readonly<Record<string, number>> = {
  DURABLE_REDUCED_AVAILABILITY: 5,
  MULTI_REGIONAL: 4,
  REGIONAL: 4,
  STANDARD: 4,
  NEARLINE: 3,
  COLDLINE: 2,
  ARCHIVE: 1,
};

/**
 * Undefined: nothing. A version under a hold or before the end of its retention is not deleted, nor made noncurrent;
 * since the deletion is what it awaits, its class stays as well.
 */
export function judgeVersion(
  { rules }: ReadyRules,
  version: LifecycleVersion,
  nowMs: number,
): LifecycleChange | undefined {
  const { bucket, name, state } = version;
  const actions = rules.filter((rule) => doesHold(rule, version, nowMs)).map(({ action }) => action);
  if (actions.some(({ type }) => type === 'Delete')) {
    const isKept = judgeKept({ bucket, name, nowMs, isForGood: true }, state) !== undefined;
    return isKept ? undefined : { kind: 'delete' };
  }
  if (hasAutoclass(bucket)) return undefined;
  let change: LifecycleChange | undefined;
  let cost = COSTS[state.storageClass ?? ''] ?? 0;
  for (const action of actions) {
    if (action.type !== 'SetStorageClass') continue;
    const { storageClass } = action;
    const wanted = COSTS[storageClass] ?? Number.POSITIVE_INFINITY;
    if (wanted >= cost) continue;
    change = { kind: 'setStorageClass', storageClass };
    cost = wanted;
  }
  return change;
}

const DAY_MS = 86_400_000;

function doesHold({ action, condition, pattern }: ReadyRule, version: LifecycleVersion, nowMs: number): boolean {
  if (action.type === 'AbortIncompleteMultipartUpload') return false;
  const { state, name, newerVersions } = version;
  const { timeCreatedMs, timeDeletedMs, customTimeMs, storageClass = '', size } = state;
  const { isLive, numNewerVersions, matchesStorageClass, sizeAboveBytes, sizeBelowBytes } = condition;
  return (
    haveDaysPassed(condition.age, timeCreatedMs, nowMs) &&
    haveDaysPassed(condition.daysSinceCustomTime, customTimeMs, nowMs) &&
    haveDaysPassed(condition.daysSinceNoncurrentTime, timeDeletedMs, nowMs) &&
    isBefore(timeCreatedMs, condition.createdBeforeMs) &&
    isBefore(customTimeMs, condition.customTimeBeforeMs) &&
    isBefore(timeDeletedMs, condition.noncurrentTimeBeforeMs) &&
    (isLive === undefined || isLive === (timeDeletedMs === undefined)) &&
    (numNewerVersions === undefined || newerVersions >= numNewerVersions) &&
    (matchesStorageClass === undefined || matchesStorageClass.includes(storageClass)) &&
    (sizeAboveBytes === undefined || size > sizeAboveBytes) &&
    (sizeBelowBytes === undefined || size < sizeBelowBytes) &&
    hasAffixes(condition, name) &&
    (condition.matchesPattern === undefined || pattern?.matches(name) === true)
  );
}

/** Whether an unfinished upload that was used last at `touchedMs` is to end. */
export function isUploadAborted(
  { rules }: ReadyRules,
  upload: { readonly name: ObjectName; readonly touchedMs: number },
  nowMs: number,
): boolean {
  return rules.some(
    ({ action, condition }) =>
      action.type === 'AbortIncompleteMultipartUpload' &&
      haveDaysPassed(condition.age, upload.touchedMs, nowMs) &&
      hasAffixes(condition, upload.name),
  );
}

function haveDaysPassed(days: number | undefined, sinceMs: number | undefined, nowMs: number): boolean {
  return days === undefined || (sinceMs !== undefined && nowMs >= sinceMs + days * DAY_MS);
}

function isBefore(timeMs: number | undefined, dateMs: number | undefined): boolean {
  return dateMs === undefined || (timeMs !== undefined && timeMs < dateMs);
}

function hasAffixes({ matchesPrefix, matchesSuffix }: LifecycleCondition, name: ObjectName): boolean {
  return (
    (matchesPrefix?.some((prefix) => name.startsWith(prefix)) ?? true) &&
    (matchesSuffix?.some((suffix) => name.endsWith(suffix)) ?? true)
  );
}
