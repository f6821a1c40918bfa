import type { BucketId, BucketName } from './ids.ts';

/** The two resources of the API that are caches in a zone. */
export type CacheFamily = 'anywhere' | 'rapid';

export type CacheState = 'creating' | 'running' | 'paused' | 'disabled';

/** What clients choose of a cache. */
export interface CacheSettings {
  readonly ttlSeconds: number;
  readonly admissionPolicy: string;
  readonly ingestOnWrite: boolean;
}

/** A cache in a zone, as a record: bytes are served from the site's stores with it and without. */
export interface Cache extends CacheSettings {
  readonly family: CacheFamily;
  /** The zone's name: a zone has one cache of each family for a bucket. */
  readonly id: string;
  readonly bucket: BucketName;
  readonly bucketId: BucketId;
  readonly project: string;
  readonly zone: string;
  /** Of the rapid family. */
  readonly cacheType?: string;
  readonly state: CacheState;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** The operation that is changing it, by its id. */
  readonly pendingUpdate?: string;
  /** When it was disabled. */
  readonly disabledMs?: number;
}
