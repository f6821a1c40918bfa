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

/** A page resumes after an item, or after everything under a prefix that was rolled up. */
export interface ListPosition {
  readonly kind: 'item' | 'prefix';
  readonly name: ObjectName;
}

/** Names in `[start, end)`, in UTF-8 bytes. */
export interface NameBounds {
  readonly start: Uint8Array;
  /** Absent: to the end of the bucket. */
  readonly end?: Uint8Array;
}

export function listBounds(filter: ListFilter, after: ListPosition | undefined): NameBounds {
  const prefix = Buffer.from(filter.prefix);
  const starts: Uint8Array[] = [prefix, Buffer.from(filter.startOffset)];
  if (after?.kind === 'item') starts.push(Buffer.concat([Buffer.from(after.name), Buffer.of(0)]));
  if (after?.kind === 'prefix') starts.push(afterNamesUnder(after.name));
  const start = starts.reduce((latest, one) => (Buffer.compare(one, latest) > 0 ? one : latest));
  const ends: Uint8Array[] = [];
  if (filter.prefix !== '') ends.push(afterNamesUnder(filter.prefix));
  if (filter.endOffset !== '') ends.push(Buffer.from(filter.endOffset));
  if (ends.length === 0) return { start };
  return { start, end: ends.reduce((first, one) => (Buffer.compare(one, first) < 0 ? one : first)) };
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

/** Where a name within the bounds is shown. A prefix and an item of the same name share a place on the page. */
export function placeOfName(filter: ListFilter, name: ObjectName): NamePlace {
  if (filter.delimiter === '') return { kind: 'item' };
  const at = name.indexOf(filter.delimiter, filter.prefix.length);
  if (at < 0) return { kind: 'item' };
  const prefix = name.slice(0, at + filter.delimiter.length);
  return { kind: 'rolledUp', prefix, isItemToo: filter.includeTrailingDelimiter && prefix === name };
}
