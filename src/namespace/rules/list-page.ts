import type { ObjectName } from '../../model/ids.ts';

/** What a listing shows of a name, and where it begins, ends and resumes (gcs-api §5 items 24–28). Pure. */
export interface ListFilter {
  readonly prefix: ObjectName;
  /** Empty: nothing is rolled up. */
  readonly delimiter: string;
  /** Inclusive; empty: unset. */
  readonly startOffset: ObjectName;
  /** Exclusive; empty: unset. */
  readonly endOffset: ObjectName;
  readonly includeTrailingDelimiter: boolean;
}

/**
 * A page resumes after an item, after everything under a prefix that was rolled up, or in a folder that was passed and
 * is no item.
 */
export interface ListPosition {
  readonly kind: 'item' | 'prefix' | 'folder';
  readonly name: ObjectName;
  /** In listings of versions: after this one of the item's versions. */
  readonly version?: Uint8Array;
}

/** Names in `[start, end)`, in UTF-8 bytes. */
export interface NameBounds {
  readonly start: Uint8Array;
  /** Of the name `start` itself only versions behind this one. */
  readonly after?: Uint8Array;
  /** Absent: to the end of the bucket. */
  readonly end?: Uint8Array;
}

/** Where a page begins and ends. `shownFrom`: what every item and prefix that is shown starts with. */
export function listBounds(filter: ListFilter, after: ListPosition | undefined, shownFrom = ''): NameBounds {
  const starts = [filter.prefix, filter.startOffset, shownFrom].map(
    (name): NameBounds => ({ start: Buffer.from(name) }),
  );
  if (after !== undefined) starts.unshift(startAfter(after));
  // The position comes first: of two equal starts it says more.
  const first = starts.reduce((latest, one) => (Buffer.compare(one.start, latest.start) > 0 ? one : latest));
  const ends: Uint8Array[] = [];
  for (const prefix of [filter.prefix, shownFrom]) if (prefix !== '') ends.push(afterNamesUnder(prefix));
  if (filter.endOffset !== '') ends.push(Buffer.from(filter.endOffset));
  if (ends.length === 0) return first;
  return { ...first, end: ends.reduce((least, one) => (Buffer.compare(one, least) < 0 ? one : least)) };
}

function startAfter({ kind, name, version }: ListPosition): NameBounds {
  if (kind === 'prefix') return { start: afterNamesUnder(name) };
  const bytes = Buffer.from(name);
  return version === undefined ? { start: afterName(bytes) } : { start: bytes, after: version };
}

/** The least bytes above a name. */
export function afterName(name: Uint8Array): Uint8Array {
  return Buffer.concat([name, Buffer.of(0)]);
}

/** The least bytes above every name that starts with `prefix`, which is not empty. UTF-8 has no byte 0xff. */
export function afterNamesUnder(prefix: string): Uint8Array {
  const bytes = Buffer.from(prefix);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes;
}

export type NamePlace =
  | { readonly kind: 'item' }
  /** Shown as `prefix`, once for all names under it; the name itself as an item too when `isItemToo`. */
  | { readonly kind: 'rolledUp'; readonly prefix: string; readonly isItemToo: boolean };

/** The prefix that the page before has shown already, when it ended with the item of the same name. */
export function shownPrefix(filter: ListFilter, after: ListPosition | undefined): string | undefined {
  if (after?.kind !== 'item') return undefined;
  const place = placeOfName(filter, after.name);
  return place.kind === 'rolledUp' && place.isItemToo ? place.prefix : undefined;
}

/** Where a name within the bounds is shown. A prefix and an item of the same name share a place on the page. */
export function placeOfName(filter: ListFilter, name: ObjectName): NamePlace {
  if (filter.delimiter === '') return { kind: 'item' };
  const at = name.indexOf(filter.delimiter, filter.prefix.length);
  if (at < 0) return { kind: 'item' };
  const prefix = name.slice(0, at + filter.delimiter.length);
  return { kind: 'rolledUp', prefix, isItemToo: filter.includeTrailingDelimiter && prefix === name };
}
