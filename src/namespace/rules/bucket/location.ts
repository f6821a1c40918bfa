/** Where a bucket lies (https://cloud.google.com/storage/docs/locations); names of a site's own are regions. */
import type { JsonObject } from '../../../model/operation.ts';
import { choiceOf, invalidField, objectOf, textsOf } from './read-json.ts';

export type LocationType = 'region' | 'dual-region' | 'multi-region';

/** Multi-regions, and how the names of their regions begin. */
const MULTI_REGIONS: Readonly<Record<string, readonly string[]>> = {
  US: ['US-', 'NORTHAMERICA-'],
  EU: ['EUROPE-'],
  ASIA: ['ASIA-'],
};
const LOCATION = /^[A-Z0-9-]{2,40}$/;
const RPOS = ['DEFAULT', 'ASYNC_TURBO'] as const;

/** In capitals, as GCS shows it. */
export function checkedLocation(value: string, field = 'location'): string {
  const location = value.toUpperCase();
  if (LOCATION.test(location)) return location;
  throw invalidField(field, `The specified location constraint is not valid: ${value.slice(0, 100)}`);
}

/** Two regions of the location that a custom dual region lies in. */
export function checkedPlacement(value: unknown, location: string, field = 'customPlacementConfig'): JsonObject {
  const path = `${field}.dataLocations`;
  const dataLocations = textsOf(objectOf(value, field)['dataLocations'], path).map((name) =>
    checkedLocation(name, path),
  );
  if (dataLocations.length !== 2 || dataLocations[0] === dataLocations[1]) {
    throw invalidField(path, 'A custom dual region has two different regions as its data locations.');
  }
  const beginnings = MULTI_REGIONS[location];
  const stray = dataLocations.find((name) => beginnings?.some((beginning) => name.startsWith(beginning)) === false);
  if (stray !== undefined) throw invalidField(path, `The data location ${stray} does not lie in ${location}.`);
  return { dataLocations };
}

export interface Placed {
  readonly location: string;
  readonly settings: JsonObject;
}

export function locationTypeOf({ location, settings }: Placed): LocationType {
  if (settings['customPlacementConfig'] !== undefined) return 'dual-region';
  if (MULTI_REGIONS[location] !== undefined) return 'multi-region';
  return /^[A-Z]+\d$/.test(location) ? 'dual-region' : 'region';
}

/** What GCS shows of a bucket that lies in more than one region; turbo replication needs two. */
export function checkedRpo(value: unknown, placed: Placed): string | undefined {
  const rpo = value === undefined ? 'DEFAULT' : choiceOf(value, RPOS, 'rpo');
  const type = locationTypeOf(placed);
  if (rpo === 'ASYNC_TURBO' && type !== 'dual-region') {
    throw invalidField('rpo', `Turbo replication (ASYNC_TURBO) is for buckets in dual regions, not in a ${type}.`);
  }
  return type === 'region' ? undefined : rpo;
}
