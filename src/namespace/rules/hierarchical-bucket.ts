import type { Bucket } from '../../model/bucket.ts';
import { StraitError } from '../../model/errors.ts';
import { hasUniformAccess, hasVersioning, isHierarchical } from './bucket-settings.ts';

const SUPPORTED = 'supported for hierarchical namespace buckets.';

/** What goes with a hierarchical namespace (https://cloud.google.com/storage/docs/hns-overview#limitations). */
export function assertHierarchical(bucket: Bucket): void {
  if (!isHierarchical(bucket)) return;
  if (!hasUniformAccess(bucket)) {
    const field = 'iamConfiguration.uniformBucketLevelAccess.enabled';
    throw invalid(field, 'Hierarchical namespace buckets must use uniform bucket-level access.');
  }
  if (bucket.settings['retentionPolicy'] !== undefined) {
    throw invalid('retentionPolicy', `Retention policy is not ${SUPPORTED}`);
  }
  if (hasVersioning(bucket)) {
    throw invalid('versioning.enabled', `Versioning is not ${SUPPORTED}`);
  }
  if (bucket.settings['objectRetention'] !== undefined) {
    throw invalid('objectRetention', `Object retention config is not ${SUPPORTED}`);
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
