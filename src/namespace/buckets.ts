import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName } from '../model/ids.ts';
import type { Preconditions } from '../model/preconditions.ts';
import type { NamespaceDeps } from './deps.ts';

export interface InsertBucketInput {
  readonly name: BucketName;
  readonly project: string;
  readonly location: string;
  readonly storageClass: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** `alreadyExists` when the name is taken; `permissionDenied` at a site whose buckets come from a cloud. */
export async function insertBucket(_deps: NamespaceDeps, _input: InsertBucketInput): Promise<Bucket> {
  throw new StraitError('unsupported', 'buckets.insert', { feature: 'buckets' });
}

export async function getBucket(
  _deps: NamespaceDeps,
  _input: { readonly name: BucketName; readonly preconditions: Preconditions },
): Promise<Bucket> {
  throw new StraitError('unsupported', 'buckets.get', { feature: 'buckets' });
}

export interface BucketPage {
  readonly buckets: readonly Bucket[];
  /** Set when there is more: the last name of this page. */
  readonly nextAfter?: BucketName;
}

export async function listBuckets(
  _deps: NamespaceDeps,
  _input: {
    readonly project: string;
    readonly prefix?: string;
    readonly maxResults: number;
    readonly after?: BucketName;
  },
): Promise<BucketPage> {
  throw new StraitError('unsupported', 'buckets.list', { feature: 'buckets' });
}

/** buckets.patch: `change` maps the stored settings to the new ones. Pure. */
export async function changeBucket(
  _deps: NamespaceDeps,
  _input: {
    readonly name: BucketName;
    readonly preconditions: Preconditions;
    readonly change: (current: Bucket) => Pick<Bucket, 'settings' | 'storageClass'>;
  },
): Promise<Bucket> {
  throw new StraitError('unsupported', 'buckets.patch', { feature: 'buckets' });
}

/** `bucketNotEmpty` when any name lives in it; safe against an insert that runs at the same time. */
export async function deleteBucket(
  _deps: NamespaceDeps,
  _input: { readonly name: BucketName; readonly preconditions: Preconditions },
): Promise<void> {
  throw new StraitError('unsupported', 'buckets.delete', { feature: 'buckets' });
}
