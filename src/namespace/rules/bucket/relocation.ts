/** Where a bucket may be relocated to, and what of its settings changes by it. Pure. */
import type { Bucket } from '../../../model/bucket.ts';
import type { JsonObject } from '../../../model/operation.ts';
import { assertKmsKeyName } from '../encryption.ts';
import { checkedLocation, checkedPlacement, checkedRpo, locationTypeOf } from './location.ts';
import { invalidField, objectOf, present } from './read-json.ts';

export interface RelocationRequest {
  readonly destinationLocation?: string;
  readonly destinationCustomPlacementConfig?: unknown;
  readonly destinationKmsKeyName?: string;
}

/** What the bucket becomes. */
export interface Relocated {
  readonly location: string;
  readonly settings: JsonObject;
}

export function relocated(bucket: Bucket, request: RelocationRequest): Relocated {
  const wanted = request.destinationLocation;
  if (wanted === undefined) throw invalidField('destinationLocation', 'A relocation needs a destinationLocation.');
  const location = checkedLocation(wanted, 'destinationLocation');
  const { customPlacementConfig: _before, rpo, encryption, ...kept } = bucket.settings;
  const placement = request.destinationCustomPlacementConfig ?? undefined;
  const key = request.destinationKmsKeyName;
  if (key !== undefined) assertKmsKeyName(key, 'destinationKmsKeyName');
  const moved = present({
    ...kept,
    customPlacementConfig:
      placement === undefined ? undefined : checkedPlacement(placement, location, 'destinationCustomPlacementConfig'),
    encryption:
      key === undefined ? encryption : { ...objectOf(encryption ?? {}, 'encryption'), defaultKmsKeyName: key },
  });
  const settings = present({ ...moved, rpo: checkedRpo(rpo, { location, settings: moved }) });
  if (placeOf({ location, settings }) === placeOf(bucket)) {
    throw invalidField('destinationLocation', `The bucket is in ${location} already.`);
  }
  return { location, settings };
}

function placeOf({ location, settings }: Relocated): string {
  return JSON.stringify([location, settings['customPlacementConfig']]);
}

/**
 * Writing stops for a while, and its caller says when, unless the bucket stays in its multi-region
 * (https://cloud.google.com/storage/docs/bucket-relocation/overview#relocation-types).
 */
export function needsDowntime(bucket: Bucket, after: Relocated): boolean {
  const isMulti = [bucket, after].some((one) => locationTypeOf(one) === 'multi-region');
  return !(isMulti && bucket.location === after.location);
}

const HOUR_MS = 3_600_000;
const TTL_MS = { min: 6 * HOUR_MS, max: 48 * HOUR_MS, otherwise: 12 * HOUR_MS } as const;

/** Until when the last step may take; then the relocation is back where it was before it. */
export function downtimeUntilMs(given: { readonly ttl?: string; readonly expireTime?: string }, nowMs: number): number {
  const { ttl, expireTime } = given;
  if (ttl !== undefined && expireTime !== undefined) {
    throw invalidField('expireTime', 'Give either ttl or expireTime, not both.');
  }
  if (expireTime !== undefined) {
    const untilMs = Date.parse(expireTime);
    if (untilMs > nowMs && untilMs <= nowMs + TTL_MS.max) return untilMs;
    throw invalidField('expireTime', 'expireTime is a time of the next 48 hours.');
  }
  const ttlMs =
    ttl === undefined ? TTL_MS.otherwise : Number(/^(\d+(?:\.\d+)?)s$/.exec(ttl)?.[1] ?? Number.NaN) * 1_000;
  if (ttlMs >= TTL_MS.min && ttlMs <= TTL_MS.max) return nowMs + ttlMs;
  throw invalidField('ttl', `Invalid ttl: '${ttl}'. It is 6 to 48 hours, such as 43200s.`);
}
