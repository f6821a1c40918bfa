import type { Bucket } from '../../model/bucket.ts';

/** What the stored settings of a bucket, which are the API's own fields, mean for its objects. */

export function hasVersioning({ settings }: Bucket): boolean {
  return field(settings['versioning'], 'enabled') === true;
}

/** 0: nothing is soft-deleted. A new bucket has no retention unless its creator asks for one. */
export function softDeleteRetentionMs({ settings }: Bucket): number {
  const seconds = Number(field(settings['softDeletePolicy'], 'retentionDurationSeconds') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 0;
}

/** How long the bucket itself is kept: turning soft delete off, or down, before its deletion does not shorten that. */
export function bucketRetentionMs(bucket: Bucket): number {
  return Math.max(bucket.softDeleteMaxMs ?? 0, softDeleteRetentionMs(bucket));
}

export function hasAutoclass({ settings }: Bucket): boolean {
  return field(settings['autoclass'], 'enabled') === true;
}

export function isHierarchical({ settings }: Bucket): boolean {
  return field(settings['hierarchicalNamespace'], 'enabled') === true;
}

/** New objects are under an event-based hold. */
export function hasDefaultHold({ settings }: Bucket): boolean {
  return settings['defaultEventBasedHold'] === true;
}

/** Its objects may have a retention of their own. */
export function hasObjectRetention({ settings }: Bucket): boolean {
  return field(settings['objectRetention'], 'mode') === 'Enabled';
}

/** Access is by IAM policies alone: access lists are neither shown nor heard. */
export function hasUniformAccess({ settings }: Bucket): boolean {
  return field(field(settings['iamConfiguration'], 'uniformBucketLevelAccess'), 'enabled') === true;
}

export function isPublicAccessPrevented({ settings }: Bucket): boolean {
  return field(settings['iamConfiguration'], 'publicAccessPrevention') === 'enforced';
}

function field(settings: unknown, name: string): unknown {
  return typeof settings === 'object' && settings !== null ? (settings as Record<string, unknown>)[name] : undefined;
}
