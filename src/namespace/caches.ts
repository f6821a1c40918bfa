/** Caches of buckets in zones: records and their operations. Nothing is read from them: a site has its own bytes. */
import type { Bucket } from '../model/bucket.ts';
import type { Cache, CacheFamily, CacheSettings } from '../model/cache.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName } from '../model/ids.ts';
import type { JsonObject, Operation, OperationKind } from '../model/operation.ts';
import type { Append, Check, Write } from '../stores/metadata/port.ts';
import type { OperationStep, OperationWorker } from './advance-operations.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { assertWritable, readBucket } from './object-access.ts';
import { endedOperation, newOperation, operationWrites } from './operations.ts';
import { decodeCache, encodeCache } from './rows/cache-row.ts';
import { encodeJournal } from './rows/journal.ts';
import { allCaches, bucketAliveKey, cacheKey, cachesOf, justAfter } from './rows/keys.ts';
import { unchanged } from './rows/references.ts';
import {
  assertSettled,
  disabledCache,
  type GivenCache,
  isOver,
  judgeUpdate,
  newCache,
  pausedCache,
  resumedCache,
} from './rules/cache.ts';
import { scanPages } from './scan-pages.ts';

export type { GivenCache } from './rules/cache.ts';

export interface CacheAddress {
  readonly family: CacheFamily;
  readonly bucket: BucketName;
  readonly id: string;
}

const CREATES = { anywhere: 'createAnywhereCache', rapid: 'createRapidCache' } as const;
const UPDATES = { anywhere: 'updateAnywhereCache', rapid: 'updateRapidCache' } as const;

/** `conflict` while the zone has one, a disabled one included: that can be resumed. */
export async function insertCache(
  deps: NamespaceDeps,
  input: { readonly family: CacheFamily; readonly bucket: BucketName; readonly given: GivenCache },
): Promise<Operation> {
  return decideAndCommit(deps, async () => {
    const { bucket, alive } = await readForCaches(deps, input.bucket);
    const cache = newCache(input.given, { family: input.family, bucket, nowMs: deps.clock.nowMs() });
    const key = cacheKey(bucket.id, input.family, cache.id);
    const [taken] = await deps.metadata.get([key]);
    if (taken !== undefined) {
      const message = `The bucket has a cache in zone ${cache.zone} already.`;
      throw new StraitError('conflict', message, { what: 'cache' });
    }
    const operation = cacheOperation(deps, { bucket, cache, kind: CREATES[input.family] });
    const transaction = {
      checks: [alive, { kind: 'absent' as const, key }],
      writes: [putCache(cache), ...operationWrites(operation)],
      appends: [cacheEntry(bucket, cache, 'cacheInsert')],
    };
    return { kind: 'commit', transaction, result: () => operation };
  });
}

export async function getCache(deps: NamespaceDeps, address: CacheAddress): Promise<Cache> {
  const bucket = await readBucket(deps.metadata, address.bucket);
  return (await readCache(deps, bucket, address)).cache;
}

export interface CachePage {
  readonly caches: readonly Cache[];
  /** Set when there is more: the last id of this page. */
  readonly nextAfter?: string;
}

export async function listCaches(
  deps: NamespaceDeps,
  input: {
    readonly family: CacheFamily;
    readonly bucket: BucketName;
    readonly maxResults: number;
    readonly after?: string;
  },
): Promise<CachePage> {
  const bucket = await readBucket(deps.metadata, input.bucket);
  const { start, end } = cachesOf(bucket.id, input.family);
  const from = input.after === undefined ? start : justAfter(cacheKey(bucket.id, input.family, input.after));
  const rows = await deps.metadata.scan({ start: from, end }, { limit: input.maxResults + 1 });
  const caches = rows.slice(0, input.maxResults).map(({ value }) => decodeCache(value));
  const last = caches.at(-1);
  return { caches, ...(rows.length > input.maxResults && last !== undefined ? { nextAfter: last.id } : {}) };
}

export const pauseCache = (deps: NamespaceDeps, address: CacheAddress) => changeState(deps, address, pausedCache);
export const resumeCache = (deps: NamespaceDeps, address: CacheAddress) => changeState(deps, address, resumedCache);
export const disableCache = (deps: NamespaceDeps, address: CacheAddress) => changeState(deps, address, disabledCache);

async function changeState(
  deps: NamespaceDeps,
  address: CacheAddress,
  change: (cache: Cache, nowMs: number) => Cache,
): Promise<Cache> {
  return decideAndCommit(deps, async () => {
    const { bucket, alive } = await readForCaches(deps, address.bucket);
    const { cache, same } = await readCache(deps, bucket, address);
    const changed = change(cache, deps.clock.nowMs());
    if (changed === cache) return { kind: 'done', result: cache };
    const transaction = {
      checks: [alive, same],
      writes: [putCache(changed)],
      appends: [cacheEntry(bucket, changed, 'cachePatch')],
    };
    return { kind: 'commit', transaction, result: () => changed };
  });
}

/** Refused at once when it is not valid; it holds when the operation has ended. */
export async function updateCache(
  deps: NamespaceDeps,
  input: { readonly address: CacheAddress; readonly given: GivenCache },
): Promise<Operation> {
  return beginChange(deps, input.address, (cache) => ({
    kind: UPDATES[cache.family],
    work: { ...judgeUpdate(cache, input.given) },
  }));
}

export async function disableRapidCache(deps: NamespaceDeps, address: CacheAddress): Promise<Operation> {
  return beginChange(deps, address, (cache) => {
    assertSettled(cache);
    disabledCache(cache, deps.clock.nowMs());
    return { kind: 'disableRapidCache', work: {} };
  });
}

async function beginChange(
  deps: NamespaceDeps,
  address: CacheAddress,
  judge: (cache: Cache) => { readonly kind: OperationKind; readonly work: JsonObject },
): Promise<Operation> {
  return decideAndCommit(deps, async () => {
    const { bucket, alive } = await readForCaches(deps, address.bucket);
    const { cache, same } = await readCache(deps, bucket, address);
    const operation = cacheOperation(deps, { bucket, cache, ...judge(cache) });
    const pending: Cache = { ...cache, pendingUpdate: operation.id };
    const transaction = {
      checks: [alive, same],
      writes: [putCache(pending), ...operationWrites(operation)],
      appends: [cacheEntry(bucket, pending, 'cachePatch')],
    };
    return { kind: 'commit', transaction, result: () => operation };
  });
}

interface CacheOperation {
  readonly bucket: Bucket;
  readonly cache: Cache;
  readonly kind: OperationKind;
  readonly work?: JsonObject;
}

function cacheOperation(deps: NamespaceDeps, { bucket, cache, kind, work }: CacheOperation): Operation {
  const { family, id, zone, cacheType } = cache;
  const given = { ttl: `${cache.ttlSeconds}s`, admissionPolicy: cache.admissionPolicy };
  return newOperation(deps, bucket, {
    kind,
    shown: { [`${family}CacheId`]: id, zone, ...(cacheType === undefined ? {} : { cacheType }), ...given },
    work: { family, id, ...work },
  });
}

/** Ends an operation with what became of its cache, or with what a cancellation makes of it. */
function workerOf(end: (cache: Cache, operation: Operation, nowMs: number) => Cache, isNew = false): OperationWorker {
  return {
    step: async (deps, operation): Promise<OperationStep> => {
      const { bucket, cache, same } = await readWork(deps, operation);
      const nowMs = deps.clock.nowMs();
      const { pendingUpdate: _pendingUpdate, ...after } = end(cache, operation, nowMs);
      const outcome = { kind: 'response' as const, response: responseOf(after) };
      return {
        transaction: {
          checks: [same],
          writes: [putCache(after)],
          appends: [cacheEntry(bucket, after, 'cachePatch')],
        },
        next: endedOperation(operation, outcome, nowMs),
      };
    },
    cancel: async (deps, operation) => {
      const { bucket, cache, same } = await readWork(deps, operation);
      const { pendingUpdate: _pendingUpdate, ...before } = cache;
      const key = cacheKey(bucket.id, cache.family, cache.id);
      return {
        checks: [same],
        writes: [isNew ? { kind: 'delete', key } : putCache(before)],
        appends: [cacheEntry(bucket, before, isNew ? 'cacheDelete' : 'cachePatch')],
      };
    },
  };
}

const creating = workerOf((cache, _operation, nowMs) => ({ ...cache, state: 'running', updatedMs: nowMs }), true);
const updating = workerOf((cache, { work }, nowMs) => {
  const { ttlSeconds, admissionPolicy, ingestOnWrite } = work as unknown as CacheSettings;
  return { ...cache, ttlSeconds, admissionPolicy, ingestOnWrite, updatedMs: nowMs };
});
const disabling = workerOf((cache, _operation, nowMs) => disabledCache(cache, nowMs));

export const CACHE_WORKERS = {
  createAnywhereCache: creating,
  createRapidCache: creating,
  updateAnywhereCache: updating,
  updateRapidCache: updating,
  disableRapidCache: disabling,
} satisfies Partial<Record<OperationKind, OperationWorker>>;

/** The resource as google/storage/control/v2 has it. */
function responseOf(cache: Cache): JsonObject {
  const { family, id, bucket, zone, cacheType, state, ingestOnWrite, admissionPolicy } = cache;
  return {
    '@type': `type.googleapis.com/google.storage.control.v2.${family === 'anywhere' ? 'AnywhereCache' : 'RapidCache'}`,
    name: `projects/_/buckets/${bucket}/${family}Caches/${id}`,
    ...{ zone, ...(cacheType === undefined ? {} : { cacheType }), ttl: `${cache.ttlSeconds}s`, admissionPolicy },
    ...{ ingestOnWrite, state, pendingUpdate: false },
    createTime: new Date(cache.createdMs).toISOString(),
    updateTime: new Date(cache.updatedMs).toISOString(),
  };
}

/** Removes caches that were disabled long ago, and those of buckets that are no more. */
export async function expireCachesOnce(deps: NamespaceDeps, signal: AbortSignal): Promise<number> {
  let expired = 0;
  for await (const rows of scanPages(deps.metadata, allCaches(), signal)) {
    for (const row of rows) {
      const cache = decodeCache(row.value);
      const bucket = await readBucket(deps.metadata, cache.bucket).catch(() => undefined);
      const isOrphan = bucket?.id !== cache.bucketId;
      if (!isOrphan && !isOver(cache, deps.clock.nowMs())) continue;
      const key = cacheKey(cache.bucketId, cache.family, cache.id);
      const outcome = await deps.metadata.commit({
        checks: [unchanged(key, row)],
        writes: [{ kind: 'delete', key }],
        ...(bucket === undefined || isOrphan ? {} : { appends: [cacheEntry(bucket, cache, 'cacheDelete')] }),
      });
      if (outcome.kind === 'committed') expired += 1;
    }
  }
  return expired;
}

async function readForCaches(deps: NamespaceDeps, name: BucketName): Promise<{ bucket: Bucket; alive: Check }> {
  const bucket = await readBucket(deps.metadata, name);
  assertWritable(deps, bucket);
  const key = bucketAliveKey(bucket.id);
  const [row] = await deps.metadata.get([key]);
  return { bucket, alive: unchanged(key, row) };
}

async function readCache(
  deps: NamespaceDeps,
  bucket: Bucket,
  { family, id }: Pick<CacheAddress, 'family' | 'id'>,
): Promise<{ cache: Cache; same: Check }> {
  const key = cacheKey(bucket.id, family, id);
  const [row] = id.length > 63 ? [] : await deps.metadata.get([key]);
  if (row === undefined) throw new StraitError('notFound', `Cache not found: ${id.slice(0, 100)}`, { what: 'cache' });
  return { cache: decodeCache(row.value), same: unchanged(key, row) };
}

async function readWork(deps: NamespaceDeps, { bucket: name, bucketId, work }: Operation) {
  const bucket = await readBucket(deps.metadata, name);
  if (bucket.id !== bucketId) throw new StraitError('notFound', 'The bucket of the cache is gone.', { what: 'bucket' });
  return { bucket, ...(await readCache(deps, bucket, work as unknown as Pick<CacheAddress, 'family' | 'id'>)) };
}

function putCache(cache: Cache): Write {
  return { kind: 'put', key: cacheKey(cache.bucketId, cache.family, cache.id), value: encodeCache(cache) };
}

function cacheEntry(
  bucket: Bucket,
  { family, id, updatedMs }: Cache,
  op: 'cacheInsert' | 'cachePatch' | 'cacheDelete',
): Append {
  const value = encodeJournal({ op, bucket: bucket.name, family, id, timeMs: updatedMs });
  return { journal: bucket.scopeId, value };
}
