/** Where a listing's names come from: this site's rows, or the owner for scopes that pass through. */
import type { Bucket } from '../model/bucket.ts';
import { visibleState } from '../model/faces.ts';
import type { Folder } from '../model/folder.ts';
import type { BucketId, ObjectName } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import type { MetadataView, Row } from '../stores/metadata/port.ts';
import type { PassThrough } from './deps.ts';
import { hasFolders } from './folders/resolve.ts';
import { treeNames } from './folders/tree-names.ts';
import { isSetFlipped } from './object-access.ts';
import {
  leafBytesOf,
  leafOf,
  managedFolderNameOf,
  managedFoldersBetween,
  namesBetween,
  type VersionBounds,
  versionOrder,
  versionPlaceOf,
  versionsBetween,
} from './rows/keys.ts';
import { decodeObjectRow } from './rows/object-row.ts';
import { decodeVersion } from './rows/version-rows.ts';
import { isRestorable } from './soft-deleted.ts';

export interface ListedName {
  /** UTF-8 of the name: pages are in the order of these bytes. */
  readonly bytes: Uint8Array;
  readonly name: ObjectName;
  /** Undefined: a row that readers do not see. */
  readonly state: ObjectState | undefined;
  /** In listings of versions: what orders those of one name. */
  readonly version?: Uint8Array;
  /** A folder of this name is there, with or without an object. */
  readonly folder?: Folder;
  readonly isManagedFolder?: true;
}

export interface NameSource {
  /** Names in the bounds, in order, at most `limit`; fewer mean that the bounds have ended. */
  scan(bounds: VersionBounds, limit: number): Promise<readonly ListedName[]>;
}

/** Live versions at one version of the store, wherever their rows are. */
export function namesOf(view: MetadataView, bucket: Bucket): NameSource {
  return hasFolders(bucket) ? treeNames(view, bucket) : liveNames(view, bucket.id);
}

/** Of a flat bucket. */
export function liveNames(view: MetadataView, id: BucketId): NameSource {
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
    async scan(bounds, limit) {
      const names: ListedName[] = [];
      for (const row of await view.scan(namesBetween(id, bounds), { limit })) {
        const bytes = leafBytesOf('object', row.key);
        names.push({ bytes, name: leafOf('object', row.key), state: await visible(row) });
      }
      return names;
    },
  };
}

/** Live names, and managed folders among them as names that readers do not see. */
export function withManagedFolders(view: MetadataView, bucket: Bucket, names: NameSource): NameSource {
  return {
    async scan(bounds, limit) {
      const { start, end } = managedFoldersBetween(bucket.id, bounds);
      const rows = await view.scan({ start, end }, { limit });
      const listed = await names.scan(bounds, limit);
      const known = new Set(listed.map(({ name }) => name));
      const folders = rows.map(({ key }): ListedName => {
        const name = managedFolderNameOf(key);
        return { bytes: Buffer.from(name), name, state: undefined, isManagedFolder: true };
      });
      const merged = [...listed, ...folders.filter(({ name }) => !known.has(name))].toSorted(compareListed);
      return merged.slice(0, limit);
    },
  };
}

/** Live and noncurrent versions: of one name in the order of their generations. */
export function allVersions(view: MetadataView, bucket: Bucket): NameSource {
  const [live, noncurrent] = [namesOf(view, bucket), noncurrentVersions(view, bucket.id)];
  return {
    async scan(bounds, limit) {
      // One more: the live version of the first name may lie before the bounds.
      const found = (await live.scan(bounds, limit + 1)).map(withVersion).filter((one) => !isPassed(one, bounds));
      const merged = [...found.slice(0, limit), ...(await noncurrent.scan(bounds, limit))].toSorted(compareListed);
      return merged.slice(0, limit);
    },
  };
}

function withVersion(listed: ListedName): ListedName {
  return { ...listed, version: versionOrder(listed.state?.generation ?? 0n) };
}

function isPassed({ bytes, version }: ListedName, { start, after }: VersionBounds): boolean {
  if (after === undefined || version === undefined) return false;
  return Buffer.compare(bytes, start) === 0 && Buffer.compare(version, after) <= 0;
}

function compareListed(left: ListedName, right: ListedName): number {
  const byName = Buffer.compare(left.bytes, right.bytes);
  return byName !== 0 ? byName : Buffer.compare(left.version ?? Buffer.of(), right.version ?? Buffer.of());
}

export function noncurrentVersions(view: MetadataView, id: BucketId): NameSource {
  return versionNames('noncurrent', view, id);
}

/** Those whose time is over are not seen, cleaned up or not. */
export function softDeletedVersions(view: MetadataView, id: BucketId, nowMs: number): NameSource {
  const names = versionNames('softDeleted', view, id);
  const visible = (one: ListedName) =>
    one.state !== undefined && isRestorable(one.state, nowMs) ? one : { ...one, state: undefined };
  return { scan: async (bounds, limit) => (await names.scan(bounds, limit)).map(visible) };
}

function versionNames(kind: 'noncurrent' | 'softDeleted', view: MetadataView, id: BucketId): NameSource {
  return {
    async scan(bounds, limit) {
      const rows = await view.scan(versionsBetween(kind, id, bounds), { limit });
      return rows.map(({ key, value }) => {
        const { name, generation, restoreToken } = versionPlaceOf(kind, key);
        const version = versionOrder(generation, restoreToken);
        return { bytes: Buffer.from(name), name, state: decodeVersion(value), version };
      });
    },
  };
}

/** Names of the owner that pass through and start with `prefix`. */
export function ownerNames(
  passThrough: PassThrough,
  within: { readonly bucket: Bucket; readonly prefix: string },
  signal: AbortSignal,
): NameSource {
  const { bucket, prefix } = within;
  return {
    async scan(bounds, limit) {
      const { startOffset, isAfter } = startName(bounds.start);
      const names: ListedName[] = [];
      for await (const { name, state } of passThrough.list(bucket.name, { prefix, startOffset }, signal)) {
        const bytes = Buffer.from(name);
        if (bounds.end !== undefined && Buffer.compare(bytes, bounds.end) >= 0) break;
        if (!isAfter(name)) continue;
        names.push({ bytes, name, state });
        if (names.length === limit) break;
      }
      return names;
    },
  };
}

/** A range may begin between two names, at bytes that are no UTF-8: the owner is asked from a name at or before it. */
function startName(start: Uint8Array): { readonly startOffset: ObjectName; isAfter(name: ObjectName): boolean } {
  const startOffset = Buffer.from(start).toString('utf8');
  // A name may hold U+FFFD itself: only bytes that do not come back were no UTF-8.
  if (Buffer.compare(Buffer.from(startOffset), start) === 0) return { startOffset, isAfter: () => true };
  const before = Buffer.from(start);
  const last = before.length - 1;
  before[last] = (before[last] ?? 1) - 1;
  const passed = before.toString('utf8');
  return { startOffset: `${passed}\u{10ffff}`, isAfter: (name) => !name.startsWith(passed) };
}
