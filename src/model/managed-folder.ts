import type { BucketName } from './ids.ts';

/** What a client sets of a managed folder for one rapid cache. */
export interface RapidCachePolicy {
  readonly rapidCacheId?: string;
  readonly ingestOnWrite?: string;
}

/** A prefix of names that has an IAM policy of its own. It holds no objects: it applies to those under its name. */
export interface ManagedFolder {
  readonly bucket: BucketName;
  /** Ends with a slash. */
  readonly name: string;
  /** 16 hex digits. */
  readonly id: string;
  /** Grows with its policy too. */
  readonly metageneration: bigint;
  readonly timeCreatedMs: number;
  readonly updatedMs: number;
  /** By the ids of caches. */
  readonly cachePolicies: ReadonlyMap<string, RapidCachePolicy>;
}
