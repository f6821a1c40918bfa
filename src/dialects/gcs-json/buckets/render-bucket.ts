import type { Bucket } from '../../../model/bucket.ts';
import { locationTypeOf } from '../../../namespace/rules/bucket/location.ts';
import { projectNumber } from '../../../namespace/rules/project-number.ts';
import { renderBucketLists } from '../acls/render-access.ts';
import type { Resource } from '../api/body.ts';
import type { Projection } from '../api/decode-params.ts';
import { renderTime } from '../objects/render-object.ts';
import { bucketEtag } from '../protocol/etag.ts';

export interface RenderBucketContext {
  readonly origin: string;
  readonly projection: Projection;
}

/** The bucket resource: stored settings as they are, under what only the server says. */
export function renderBucket(bucket: Bucket, context: RenderBucketContext): Resource {
  const { owner: _owner, locationType, ...settings } = bucket.settings;
  const { softDeletion } = bucket;
  return {
    ...settings,
    kind: 'storage#bucket',
    id: bucket.name,
    selfLink: `${context.origin}/storage/v1/b/${encodeURIComponent(bucket.name)}`,
    // Empty: a cloud that tells none.
    ...(bucket.project === '' ? {} : { projectNumber: projectNumber(bucket.project) }),
    name: bucket.name,
    generation: bucket.generation.toString(),
    metageneration: bucket.metageneration.toString(),
    location: bucket.location,
    locationType: locationType ?? locationTypeOf(bucket),
    storageClass: bucket.storageClass,
    etag: bucket.etag ?? bucketEtag(bucket.metageneration),
    timeCreated: renderTime(bucket.timeCreatedMs),
    updated: renderTime(bucket.updatedMs),
    ...(softDeletion === undefined
      ? {}
      : { softDeleteTime: renderTime(softDeletion.atMs), hardDeleteTime: renderTime(softDeletion.hardDeleteMs) }),
    ...(context.projection === 'full' ? renderBucketLists(bucket, context) : {}),
  };
}

export function renderStorageLayout(bucket: Bucket): Resource {
  const { customPlacementConfig, hierarchicalNamespace, locationType: stored } = bucket.settings;
  return {
    kind: 'storage#storageLayout',
    bucket: bucket.name,
    location: bucket.location,
    locationType: stored ?? locationTypeOf(bucket),
    hierarchicalNamespace: hierarchicalNamespace ?? { enabled: false },
    ...withoutAbsent({ customPlacementConfig }),
  };
}

function withoutAbsent(fields: Resource): Resource {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
