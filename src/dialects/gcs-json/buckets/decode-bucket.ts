/** Bucket resources as settings. What they may say, `namespace` judges. */
import { invalidField } from '../api/bad-input.ts';
import { isObject, type Resource } from '../api/body.ts';

export interface DecodedBucket {
  readonly name: string;
  readonly location: string;
  readonly storageClass: string;
  readonly settings: Resource;
}

export function decodeBucket(resource: Resource): DecodedBucket {
  const { name, location, storageClass, acl: _acl, defaultObjectAcl: _default, ...fields } = resource;
  return {
    name: String(name),
    location: typeof location === 'string' ? location : 'US',
    storageClass: typeof storageClass === 'string' ? storageClass.toUpperCase() : 'STANDARD',
    settings: mergePatch(NEW_BUCKET_SETTINGS, fields),
  };
}

/** What GCS shows of a new bucket, less what it does not promise here (soft delete). */
const NEW_BUCKET_SETTINGS: Resource = {
  iamConfiguration: { publicAccessPrevention: 'inherited' },
  softDeletePolicy: { retentionDurationSeconds: '0' },
};

interface BucketAttributes {
  readonly settings: Resource;
  readonly storageClass: string;
}

/** buckets.patch: objects merge, `null` removes, everything else replaces (RFC 7396). */
export function patchedBucket(resource: Resource): (current: BucketAttributes) => BucketAttributes {
  const { storageClass, name: _name, location: _location, ...rest } = resource;
  const { acl: _acl, defaultObjectAcl: _default, ...fields } = rest;
  const nextClass = typeof storageClass === 'string' ? storageClass.toUpperCase() : undefined;
  return (current) => ({
    settings: mergePatch(current.settings, fields),
    storageClass: nextClass ?? current.storageClass,
  });
}

/** buckets.update: what the body does not say is gone, or back at its default. */
export function replacedBucket(resource: Resource): (current: BucketAttributes) => BucketAttributes {
  const { storageClass, name: _name, location: _location, ...rest } = resource;
  const { acl: _acl, defaultObjectAcl: _default, ...fields } = rest;
  const nextClass = typeof storageClass === 'string' ? storageClass.toUpperCase() : undefined;
  return (current) => ({
    settings: mergePatch(NEW_BUCKET_SETTINGS, fields),
    storageClass: nextClass ?? current.storageClass,
  });
}

const DEPTH_MAX = 20;

/** An empty object is a no-op, as clients of GCS count on: they send `null` to remove. */
function mergePatch(current: Resource, patch: Resource, depth = 0): Resource {
  if (depth > DEPTH_MAX) throw invalidField('body', `The bucket resource is nested more than ${DEPTH_MAX} deep.`);
  const merged: Record<string, unknown> = { ...current };
  for (const [name, value] of Object.entries(patch)) {
    if (name === '__proto__') throw invalidField(name, 'A bucket has no field of this name.');
    if (value === null) delete merged[name];
    else if (!isObject(value)) merged[name] = value;
    else if (Object.keys(value).length > 0) {
      const before = merged[name];
      merged[name] = mergePatch(isObject(before) ? before : {}, value, depth + 1);
    }
  }
  return merged;
}
