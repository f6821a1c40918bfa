/**
 * What becomes of caches (https://cloud.google.com/storage/docs/anywhere-cache; google/storage/control/v2,
 * AnywhereCache). Pure.
 *
 * creating → running ⇄ paused; running, paused → disabled → running, or gone after an hour.
 */
import type { Bucket } from '../../model/bucket.ts';
import type { Cache, CacheFamily, CacheSettings, CacheState } from '../../model/cache.ts';
import { StraitError } from '../../model/errors.ts';

/** What a request says of a cache; absent: not said. */
export interface GivenCache {
  readonly zone?: string;
  readonly ttl?: string;
  readonly admissionPolicy?: string;
  readonly ingestOnWrite?: boolean;
  readonly cacheType?: string;
}

const TTL_SECONDS = { min: 3_600, max: 7 * 86_400, new: 86_400 } as const;
const ADMISSION_POLICIES = ['admit-on-first-miss', 'admit-on-second-miss'] as const;
const CACHE_TYPES = ['rapid-cache', 'rapid-cache-ultra'] as const;
const ZONE = /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

export function newCache(
  given: GivenCache,
  context: { readonly family: CacheFamily; readonly bucket: Bucket; readonly nowMs: number },
): Cache {
  const { family, bucket, nowMs } = context;
  const { zone } = given;
  if (zone === undefined) throw invalid('zone', 'A cache needs a zone, such as us-central1-a.');
  if (!ZONE.test(zone)) throw invalid('zone', `Invalid zone: '${zone.slice(0, 100)}'.`);
  const region = /^[A-Z]+-[A-Z]+\d+$/.test(bucket.location) ? bucket.location.toLowerCase() : '';
  if (region !== '' && !zone.startsWith(`${region}-`)) {
    throw invalid('zone', `The zone of a cache must be in the bucket's location, ${bucket.location}.`);
  }
  const { cacheType = CACHE_TYPES[0] } = given;
  if (!isOneOf(CACHE_TYPES, cacheType)) throw invalid('cacheType', choice(cacheType, CACHE_TYPES));
  const settings = changedSettings(
    { ttlSeconds: TTL_SECONDS.new, admissionPolicy: ADMISSION_POLICIES[0], ingestOnWrite: false },
    given,
  );
  return {
    ...{ family, id: zone, bucket: bucket.name, bucketId: bucket.id, project: bucket.project, zone },
    ...(family === 'rapid' ? { cacheType } : {}),
    ...settings,
    state: 'creating',
    createdMs: nowMs,
    updatedMs: nowMs,
  };
}

/** The settings a change leads to. What a cache is fixed to may be said again, and nothing else. */
export function judgeUpdate(cache: Cache, given: GivenCache): CacheSettings {
  assertIn(cache, ['running', 'paused'], 'updated');
  assertSettled(cache);
  for (const field of ['zone', 'cacheType'] as const) {
    const wanted = given[field];
    if (wanted === undefined || wanted === cache[field]) continue;
    throw invalid(field, `The ${field} of a cache cannot be changed.`);
  }
  return changedSettings(cache, given);
}

export function assertSettled({ id, pendingUpdate }: Cache): void {
  if (pendingUpdate !== undefined) throw conflict(`Cache ${id} is being changed by operation ${pendingUpdate}.`);
}

function changedSettings(before: CacheSettings, given: GivenCache): CacheSettings {
  const { admissionPolicy = before.admissionPolicy, ingestOnWrite = before.ingestOnWrite } = given;
  if (!isOneOf(ADMISSION_POLICIES, admissionPolicy)) {
    throw invalid('admissionPolicy', choice(admissionPolicy, ADMISSION_POLICIES));
  }
  const ttlSeconds = given.ttl === undefined ? before.ttlSeconds : secondsOf(given.ttl);
  return { ttlSeconds, admissionPolicy, ingestOnWrite };
}

function secondsOf(ttl: string): number {
  const seconds = Number(/^(\d{1,9})s$/.exec(ttl)?.[1] ?? Number.NaN);
  if (seconds >= TTL_SECONDS.min && seconds <= TTL_SECONDS.max) return seconds;
  const message = `Invalid ttl: '${ttl.slice(0, 100)}'. It is 1 hour to 7 days in whole seconds, such as 86400s.`;
  throw invalid('ttl', message);
}

/** Entries are no longer taken in; a paused cache stays so. */
export const pausedCache = (cache: Cache, nowMs: number): Cache =>
  moved(cache, { from: ['running', 'paused'], to: 'paused', verb: 'paused' }, nowMs);

export function resumedCache(cache: Cache, nowMs: number): Cache {
  const { disabledMs: _disabledMs, ...resumed } = moved(
    cache,
    { from: ['paused', 'disabled', 'running'], to: 'running', verb: 'resumed' },
    nowMs,
  );
  return resumed;
}

export function disabledCache(cache: Cache, nowMs: number): Cache {
  const disabled = moved(cache, { from: ['running', 'paused', 'disabled'], to: 'disabled', verb: 'disabled' }, nowMs);
  return disabled === cache ? cache : { ...disabled, disabledMs: nowMs };
}

/** How long a disabled cache can be resumed. */
export const DISABLED_KEPT_MS = 3_600_000;

export function isOver({ state, disabledMs }: Cache, nowMs: number): boolean {
  return state === 'disabled' && disabledMs !== undefined && nowMs - disabledMs >= DISABLED_KEPT_MS;
}

interface Move {
  readonly from: readonly CacheState[];
  readonly to: CacheState;
  readonly verb: string;
}

function moved(cache: Cache, { from, to, verb }: Move, nowMs: number): Cache {
  assertIn(cache, from, verb);
  return cache.state === to ? cache : { ...cache, state: to, updatedMs: Math.max(nowMs, cache.updatedMs) };
}

function assertIn(cache: Cache, states: readonly CacheState[], verb: string): void {
  if (states.includes(cache.state)) return;
  throw conflict(`Cache ${cache.id} is ${cache.state}; it can be ${verb} when it is ${states.join(' or ')}.`);
}

function isOneOf(values: readonly string[], value: string): boolean {
  return values.includes(value);
}

function choice(value: string, values: readonly string[]): string {
  return `Invalid value '${value.slice(0, 100)}'; valid are ${values.join(' and ')}.`;
}

function invalid(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field });
}

function conflict(message: string): StraitError<'conflict'> {
  return new StraitError('conflict', message, { what: 'cache' });
}
