/** Reading and changing object rows: the small vocabulary every step of sync shares. */
import { StraitError } from '../model/errors.ts';
import { appliedState, type ObjectFaces } from '../model/faces.ts';
import type { BucketId, ObjectName } from '../model/ids.ts';
import { backlogKey, flatPlace, leafOf, type ObjectPlace, objectKey, objectsOf } from '../namespace/rows/keys.ts';
import { decodeObjectRow, encodeFollowedRow } from '../namespace/rows/object-row.ts';
import { blobsOf, referenceWrites, unchanged } from '../namespace/rows/references.ts';
import { type BacklogRow, encodeBacklog } from '../namespace/rows/sync-rows.ts';
import { type Check, LIMITS, type MetadataView, type Row, type Write } from '../stores/metadata/port.ts';

/** One row as it was read; `faces` is undefined when there is none. */
export interface ReadRow {
  readonly place: ObjectPlace;
  readonly row: Row | undefined;
  readonly faces: ObjectFaces | undefined;
}

export async function readRows(view: MetadataView, id: BucketId, names: readonly ObjectName[]): Promise<ReadRow[]> {
  const places = names.map((name) => flatPlace(id, name));
  const rows = await view.get(places.map(objectKey));
  return places.map((place, index) => {
    const row = rows[index];
    return { place, row, faces: row === undefined ? undefined : decodeObjectRow(row.value) };
  });
}

/** Rows with names in `[start, end)`; an absent bound is the bucket's. At most `limit`. */
export async function scanRows(
  view: MetadataView,
  id: BucketId,
  range: { readonly start?: ObjectName; readonly end?: ObjectName; readonly limit: number },
): Promise<ReadRow[]> {
  const whole = objectsOf(id);
  const start = range.start === undefined ? whole.start : objectKey(flatPlace(id, range.start));
  const end = range.end === undefined ? whole.end : objectKey(flatPlace(id, range.end));
  const rows = await view.scan({ start, end }, { limit: range.limit });
  return rows.map((row) => {
    const place = flatPlace(id, leafOf('object', row.key));
    return { place, row, faces: decodeObjectRow(row.value) };
  });
}

/** The smallest name after every name that starts with `prefix`; undefined when there is none. */
export function afterNames(prefix: ObjectName): ObjectName | undefined {
  if (prefix === '') return undefined;
  // A table prefix ends in `/` (0x2f): the next name is the prefix with `0` (0x30) in its place.
  return prefix.endsWith('/') ? `${prefix.slice(0, -1)}0` : `${prefix}\u{10ffff}`;
}

export interface RowChange {
  readonly checks: readonly Check[];
  readonly writes: readonly Write[];
}

/** `invalidArgument` when the object's resource does not fit in a row: an object that cannot be followed. */
export function followedRow(place: ObjectPlace, faces: ObjectFaces): Write {
  const value = encodeFollowedRow(faces);
  if (value !== undefined) return { kind: 'put', key: objectKey(place), value };
  const message = `The resource of ${place.leaf} is too large to be followed: take contexts or metadata out.`;
  throw new StraitError('invalidArgument', message, { field: 'object' });
}

/**
 * The writes that turn a row into `next`, its references and its backlog entry with it, checked against the row that
 * was read. `next` undefined removes the row.
 */
export function changeRow(
  read: ReadRow,
  next: ObjectFaces | undefined,
  work: { readonly backlog: BacklogRow | undefined; readonly nowMs: number },
): RowChange {
  const { place } = read;
  const key = objectKey(place);
  const references = referenceWrites(
    { kind: 'object', place },
    { before: blobsOf(read.faces), after: blobsOf(next) },
    work.nowMs,
  );
  const row: Write = next === undefined ? { kind: 'delete', key } : followedRow(place, next);
  const backlog: Write =
    work.backlog === undefined
      ? { kind: 'delete', key: backlogKey(place) }
      : { kind: 'put', key: backlogKey(place), value: encodeBacklog(work.backlog) };
  return { checks: [unchanged(key, read.row)], writes: [row, backlog, ...references] };
}

/** The row once its applied face is what readers see; undefined when the owner has deleted it. */
export function publishedFaces(faces: ObjectFaces): ObjectFaces | undefined {
  const state = appliedState(faces);
  return state === undefined ? undefined : { published: state, applied: { kind: 'same' } };
}

/** Whether publishing the row would change anything a reader sees. */
export function differs(faces: ObjectFaces): boolean {
  return faces.applied.kind !== 'same';
}

export function mergeChanges(changes: readonly RowChange[]): { checks: Check[]; writes: Write[] } {
  return {
    checks: changes.flatMap((change) => change.checks),
    writes: changes.flatMap((change) => change.writes),
  };
}

const WRITES_PER_COMMIT = LIMITS.writesPerCommitMax * 0.9;
const BYTES_PER_COMMIT = LIMITS.bytesPerCommitMax * 0.75;

/** Groups changes that need not be seen together into transactions within the store's limits, in order. */
export function* packChanges<T extends RowChange>(changes: readonly T[]): Generator<T[]> {
  let group: T[] = [];
  let writes = 0;
  let bytes = 0;
  for (const change of changes) {
    const size = change.writes.reduce((sum, write) => sum + writeBytes(write), 0);
    if (group.length > 0 && (writes + change.writes.length > WRITES_PER_COMMIT || bytes + size > BYTES_PER_COMMIT)) {
      yield group;
      group = [];
      writes = 0;
      bytes = 0;
    }
    group.push(change);
    writes += change.writes.length;
    bytes += size;
  }
  if (group.length > 0) yield group;
}

function writeBytes(write: Write): number {
  return write.key.length + (write.kind === 'put' ? write.value.length : 0);
}
