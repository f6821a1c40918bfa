import type { Bucket } from '../../model/bucket.ts';
import { StraitError } from '../../model/errors.ts';
import { hasUniformAccess, hasVersioning, isHierarchical } from './bucket-settings.ts';

/** What goes with a hierarchical namespace (https://cloud.google.com/storage/docs/hns-overview#limitations). */
export function assertHierarchical(bucket: Bucket): void {
  if (!isHierarchical(bucket)) return;
  if (!hasUniformAccess(bucket)) {
    const field = 'iamConfiguration.uniformBucketLevelAccess.enabled';
    throw invalid(field, 'A bucket with a hierarchical namespace has uniform bucket-level access.');
  }
  if (bucket.settings['retentionPolicy'] !== undefined) {
    throw invalid('retentionPolicy', 'A bucket with a hierarchical namespace has no retention policy.');
  }
  if (hasVersioning(bucket)) {
    throw invalid('versioning.enabled', 'A bucket with a hierarchical namespace has no object versioning.');
  }
}

/** The settings a bucket would change to. Whether it is hierarchical is said when it is made, and never again. */
export function stillHierarchical(bucket: Bucket, settings: Bucket['settings']): Bucket['settings'] {
  const { hierarchicalNamespace } = bucket.settings;
  const kept = { ...settings, ...(hierarchicalNamespace === undefined ? {} : { hierarchicalNamespace }) };
  if (settings['hierarchicalNamespace'] === undefined) return kept;
  if (isHierarchical({ ...bucket, settings }) === isHierarchical(bucket)) return kept;
  throw invalid('hierarchicalNamespace', 'The hierarchical namespace of a bucket is enabled only when it is made.');
}

function invalid(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field });
}
