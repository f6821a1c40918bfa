import type { Handlers } from '../api/handlers.ts';
import {
  deleteBucket,
  getBucket,
  getStorageLayout,
  insertBucket,
  listBuckets,
  lockRetentionPolicy,
  patchBucket,
  relocateBucket,
  restoreBucket,
  updateBucket,
} from './buckets.ts';

export const bucketMethods = {
  'buckets.delete': deleteBucket,
  'buckets.get': getBucket,
  'buckets.getStorageLayout': getStorageLayout,
  'buckets.insert': insertBucket,
  'buckets.list': listBuckets,
  'buckets.lockRetentionPolicy': lockRetentionPolicy,
  'buckets.patch': patchBucket,
  'buckets.relocate': relocateBucket,
  'buckets.restore': restoreBucket,
  'buckets.update': updateBucket,
} satisfies Partial<Handlers>;
