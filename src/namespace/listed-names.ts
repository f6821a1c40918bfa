/** Where a listing's names come from: this site's rows, or the owner for scopes that pass through. */
import { visibleState } from '../model/faces.ts';
import type { BucketId, BucketName, ObjectName } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import type { KeyRange, MetadataView, Row } from '../stores/metadata/port.ts';
import type { PassThrough } from './deps.ts';
import { isSetFlipped } from './object-access.ts';
import { flatPlace, leafOf, objectKey } from './rows/keys.ts';
import { decodeObjectRow } from './rows/object-row.ts';

export interface ListedName {
  /** The key of the name's object row, whether there is one or not: pages are in key order. */
  readonly key: Uint8Array;
  readonly name: ObjectName;
  /** Undefined: a row that readers do not see. */
  readonly state: ObjectState | undefined;
}

export interface NameSource {
  /** Names in the range, at most `limit`; fewer mean that the range has ended. */
  scan(range: KeyRange, limit: number): Promise<readonly ListedName[]>;
}

/** Rows at one version of the store. */
export function localNames(view: MetadataView): NameSource {
  const flipped = new Map<string, boolean>();
  const visible = async (row: Row): Promise<ObjectState | undefined> => {
    const faces = decodeObjectRow(row.value);
    const { setId } = faces;
    if (setId === undefined) return faces.published;
    const isFlipped = flipped.get(setId) ?? (await isSetFlipped(view, setId));
    flipped.set(setId, isFlipped);
    return visibleState(faces, () => isFlipped);
  };
  return {
    async scan(range, limit) {
      const names: ListedName[] = [];
      for (const row of await view.scan(range, { limit })) {
        names.push({ key: row.key, name: leafOf('object', row.key), state: await visible(row) });
      }
      return names;
    },
  };
}

/** Names of the owner that pass through and start with `prefix`. */
export function ownerNames(
  passThrough: PassThrough,
  within: { readonly bucket: { readonly id: BucketId; readonly name: BucketName }; readonly prefix: string },
  signal: AbortSignal,
): NameSource {
  const { bucket, prefix } = within;
  return {
    async scan(range, limit) {
      const { startOffset, isAfter } = startName(bucket.id, range.start);
      const names: ListedName[] = [];
      for await (const { name, state } of passThrough.list(bucket.name, { prefix, startOffset }, signal)) {
        const key = objectKey(flatPlace(bucket.id, name));
        if (Buffer.compare(key, range.end) >= 0) break;
        if (!isAfter(name)) continue;
        names.push({ key, name, state });
        if (names.length === limit) break;
      }
      return names;
    },
  };
}

/** A range may begin between two names, at bytes that are no UTF-8: the owner is asked from a name at or before it. */
function startName(
  id: BucketId,
  key: Uint8Array,
): { readonly startOffset: ObjectName; isAfter(name: ObjectName): boolean } {
  const startOffset = leafOf('object', key);
  // A name may hold U+FFFD itself: only bytes that do not come back were no UTF-8.
  if (Buffer.compare(objectKey(flatPlace(id, startOffset)), key) === 0) return { startOffset, isAfter: () => true };
  const before = Buffer.from(key);
  const last = before.length - 1;
  before[last] = (before[last] ?? 1) - 1;
  const passed = leafOf('object', before);
  return { startOffset: `${passed}\u{10ffff}`, isAfter: (name) => !name.startsWith(passed) };
}
