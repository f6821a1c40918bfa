import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import { type ObjectFaces, visibleState } from '../model/faces.ts';
import { type BlobId, type BucketName, folderId, type Generation, type ObjectName } from '../model/ids.ts';
import type { NamedObject, ObjectState } from '../model/object.ts';
import { randomHex } from '../runtime/random.ts';
import type { Check, MetadataStore, MetadataView, Row } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { atOneVersion, type FolderStep, NameResolver, type ResolvedName } from './folders/resolve.ts';
import type { ObjectAddress } from './read-object.ts';
import { decodeBucket } from './rows/bucket-row.ts';
import {
  blobKey,
  bucketAliveKey,
  bucketKey,
  noncurrentKey,
  type ObjectPlace,
  objectKey,
  setKey,
  softDeletedKey,
  type VersionPlace,
} from './rows/keys.ts';
import { decodeObjectRow } from './rows/object-row.ts';
import { unchanged } from './rows/references.ts';
import { decodeSet } from './rows/sync-rows.ts';
import { decodeVersion } from './rows/version-rows.ts';
import { isPubliclyReadable } from './rules/access.ts';
import { retentionExpirationMs } from './rules/retention.ts';

/** Reading buckets and object rows: what every use case begins with. */

export function bucketNotFound(bucket: BucketName): StraitError<'bucketNotFound'> {
  return new StraitError('bucketNotFound', 'The specified bucket does not exist.', { bucket });
}

export function objectNotFound(bucket: BucketName, object: ObjectName): StraitError<'objectNotFound'> {
  return new StraitError('objectNotFound', `No such object: ${bucket}/${object}`, { bucket, object });
}

export async function readBucket(view: MetadataView, name: BucketName): Promise<Bucket> {
  const [row] = await view.get([bucketKey(name)]);
  if (row === undefined) throw bucketNotFound(name);
  return decodeBucket(row.value);
}

/** Refuses to change what another site owns: its owner alone orders its commits. */
export function assertWritable(deps: NamespaceDeps, bucket: Bucket): void {
  if (bucket.owner === deps.settings.site) return;
  throw ownedElsewhere(bucket.name, bucket.owner);
}

/** The owner of a bucket that another site owns; undefined when this one does. */
export async function ownerElsewhere(deps: NamespaceDeps, name: BucketName): Promise<string | undefined> {
  const { owner } = await readBucket(deps.metadata, name);
  return owner === deps.settings.site ? undefined : owner;
}

/**
 * Refuses to tell from rows here what sync does not bring: access lists, policies and managed folders. Dialects ask the
 * owner instead (docs/protocols/site-reads.md).
 */
export function assertKeptHere({ settings }: NamespaceDeps, { name, owner }: Bucket): void {
  if (owner === settings.site) return;
  const message = `This of gs://${name} is not kept at this site. Ask its owner, ${owner}.`;
  throw new StraitError('unsupported', message, { feature: 'what only the owner keeps' });
}

export function ownedElsewhere(bucket: BucketName, owner: string): StraitError<'permissionDenied'> {
  return new StraitError('permissionDenied', `gs://${bucket} is owned by ${owner}; write there`, { owner });
}

/** An object as it is told to whoever asks, with what follows from its bucket. */
export function namedObject(bucket: Bucket, name: ObjectName, state: ObjectState): NamedObject {
  const isPublic = isPubliclyReadable(bucket, state);
  return { bucket: bucket.name, name, state, ...retentionOfNamed(bucket, state), ...(isPublic ? { isPublic } : {}) };
}

export function retentionOfNamed(bucket: Bucket, state: ObjectState): Pick<NamedObject, 'retentionExpirationMs'> {
  const expirationMs = retentionExpirationMs(bucket, state);
  return expirationMs === undefined ? {} : { retentionExpirationMs: expirationMs };
}

/** One object row as it was read. */
export interface ReadObject {
  readonly kind: 'live';
  readonly name: ObjectName;
  readonly place: ObjectPlace;
  readonly key: Uint8Array;
  readonly row: Row | undefined;
  readonly faces: ObjectFaces | undefined;
  /** What readers see. */
  readonly live: ObjectState | undefined;
  /** The version of the generation that was asked for, when that is a noncurrent one. */
  readonly noncurrent?: ReadVersion;
  /** Folders of its name, from the top; none in a flat bucket. */
  readonly steps: readonly FolderStep[];
}

/** The row of a version that is not live, as it was read. */
export interface ReadVersion {
  readonly kind: 'noncurrent' | 'softDeleted';
  readonly name: ObjectName;
  readonly place: VersionPlace;
  readonly key: Uint8Array;
  readonly row: Row;
  readonly state: ObjectState;
}

/** A bucket this site may write to, and the checks on it that transactions end with. */
export interface WriteTarget {
  readonly bucket: Bucket;
  /** The bucket still lives. */
  readonly alive: Check;
  /** Its settings are as they were read: for what they decide, such as what becomes of an overwritten version. */
  readonly sameSettings: Check;
  /** The folders of all names that were read are as they were. */
  readonly sameFolders: readonly Check[];
}

export interface WritableBucket extends WriteTarget {
  readonly objects: readonly ReadObject[];
}

/** A name, and a generation of it when one is asked for. */
export interface WantedVersion {
  readonly name: ObjectName;
  readonly generation?: Generation;
}

/** `bucketNotFound`, or `permissionDenied` when another site owns the bucket. */
export async function readForChange(
  deps: NamespaceDeps,
  bucketName: BucketName,
  wanted: readonly WantedVersion[],
): Promise<WritableBucket> {
  const key = bucketKey(bucketName);
  const [bucketRow] = await deps.metadata.get([key]);
  if (bucketRow === undefined) throw bucketNotFound(bucketName);
  const bucket = decodeBucket(bucketRow.value);
  assertWritable(deps, bucket);
  const aliveKey = bucketAliveKey(bucket.id);
  const newFolders = { nowMs: deps.clock.nowMs(), newId: () => folderId(randomHex(deps.random, 8)) };
  return atOneVersion(deps.metadata, bucket, async (view) => {
    const resolver = new NameResolver(view, bucket, newFolders);
    const resolved: (readonly [WantedVersion, ResolvedName])[] = [];
    for (const one of wanted) resolved.push([one, await resolver.resolve(one.name)]);
    // All at one version: what is no longer live in one row is noncurrent in the other.
    const keys = resolved.map(([one, at]) => rowKeys(bucket, one, at));
    const [alive, ...rows] = await view.get([aliveKey, ...keys.flat()]);
    if (alive === undefined) throw bucketNotFound(bucketName);
    let from = 0;
    const objects = resolved.map(([one, at], index) => {
      const count = keys[index]?.length ?? 0;
      from += count;
      return readObject(bucket, one, at, rows.slice(from - count, from));
    });
    const target = { bucket, alive: unchanged(aliveKey, alive), sameSettings: unchanged(key, bucketRow) };
    return { ...target, sameFolders: resolver.checks(), objects };
  });
}

/** The row of the live version, and with a generation that of the noncurrent one. */
function rowKeys(bucket: Bucket, wanted: WantedVersion, { place }: ResolvedName): readonly Uint8Array[] {
  const { name, generation } = wanted;
  const live = objectKey(place);
  return generation === undefined ? [live] : [live, noncurrentKey({ bucketId: bucket.id, name, generation })];
}

function readObject(
  bucket: Bucket,
  wanted: WantedVersion,
  { place, steps }: ResolvedName,
  rows: readonly (Row | undefined)[],
): ReadObject {
  const { name, generation } = wanted;
  const [row, noncurrentRow] = rows;
  const faces = row === undefined ? undefined : decodeObjectRow(row.value);
  const read = { kind: 'live' as const, name, place, key: objectKey(place), row, faces, live: faces?.published, steps };
  if (generation === undefined || noncurrentRow === undefined) return read;
  return { ...read, noncurrent: readVersion('noncurrent', { bucketId: bucket.id, name, generation }, noncurrentRow) };
}

/** The rows of one name at one version of the store. */
export async function readRows(metadata: MetadataStore, bucket: Bucket, wanted: WantedVersion): Promise<ReadObject> {
  return atOneVersion(metadata, bucket, async (view) => {
    const resolved = await new NameResolver(view, bucket).resolve(wanted.name);
    return readObject(bucket, wanted, resolved, await view.get(rowKeys(bucket, wanted, resolved)));
  });
}

export function readVersion(kind: ReadVersion['kind'], place: VersionPlace, row: Row): ReadVersion {
  const key = kind === 'noncurrent' ? noncurrentKey(place) : softDeletedKey(place);
  return { kind, name: place.name, place, key, row, state: decodeVersion(row.value) };
}

/** The visible state of an object, or of the noncurrent version asked for, at one version of the store. */
export async function readVisible(
  metadata: MetadataStore,
  bucket: Bucket,
  wanted: WantedVersion,
): Promise<ObjectState | undefined> {
  const { key, faces, live, noncurrent } = await readRows(metadata, bucket, wanted);
  if (noncurrent !== undefined) return noncurrent.state;
  if (faces?.setId === undefined) return live;
  // The row and its set must be read at one version: a set goes once its rows are folded.
  return metadata.snapshot(async (view) => {
    const [again] = await view.get([key]);
    if (again === undefined) return undefined;
    const current = decodeObjectRow(again.value);
    const isFlipped = current.setId !== undefined && (await isSetFlipped(view, current.setId));
    return visibleState(current, () => isFlipped);
  });
}

export async function isSetFlipped(view: MetadataView, setId: string): Promise<boolean> {
  const [row] = await view.get([setKey(setId)]);
  return row !== undefined && decodeSet(row.value).state === 'flipped';
}

/** The state if it is the one an address means; `objectNotFound` when it has another generation. */
export function addressed(address: ObjectAddress, state: ObjectState | undefined): ObjectState {
  if (state === undefined || (address.generation !== undefined && address.generation !== state.generation)) {
    throw objectNotFound(address.bucket, address.name);
  }
  return state;
}

/** The row an address means, live or noncurrent, with its state. */
export function addressedRow(
  address: ObjectAddress,
  object: ReadObject,
): { readonly row: ReadObject | ReadVersion; readonly state: ObjectState } {
  const { noncurrent } = object;
  if (noncurrent !== undefined) return { row: noncurrent, state: noncurrent.state };
  return { row: object, state: addressed(address, object.live) };
}

/** Checks that the blobs still live at commit; undefined when one is gone already: what named it was out of date. */
export async function liveBlobs(view: MetadataView, ids: ReadonlySet<BlobId>): Promise<readonly Check[] | undefined> {
  if (ids.size === 0) return [];
  const keys = [...ids].map(blobKey);
  const rows = await view.get(keys);
  if (rows.includes(undefined)) return undefined;
  return rows.map((row, index) => unchanged(keys[index] ?? new Uint8Array(), row));
}
