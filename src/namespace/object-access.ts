import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import { type ObjectFaces, visibleState } from '../model/faces.ts';
import type { BlobId, BucketName, ObjectName } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import type { Check, MetadataStore, MetadataView, Row } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import type { ObjectAddress } from './read-object.ts';
import { decodeBucket } from './rows/bucket-row.ts';
import { blobKey, bucketAliveKey, bucketKey, flatPlace, type ObjectPlace, objectKey, setKey } from './rows/keys.ts';
import { decodeObjectRow } from './rows/object-row.ts';
import { unchanged } from './rows/references.ts';
import { decodeSet } from './rows/sync-rows.ts';

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

export function ownedElsewhere(bucket: BucketName, owner: string): StraitError<'permissionDenied'> {
  return new StraitError('permissionDenied', `gs://${bucket} is owned by ${owner}; write there`, { owner });
}

/** One object row as it was read. */
export interface ReadObject {
  readonly place: ObjectPlace;
  readonly key: Uint8Array;
  readonly row: Row | undefined;
  readonly faces: ObjectFaces | undefined;
  /** What readers see. */
  readonly live: ObjectState | undefined;
}

/** A bucket this site may write to, with rows of it, and the check that it still lives at commit. */
export interface WritableBucket {
  readonly bucket: Bucket;
  readonly alive: Check;
  readonly objects: readonly ReadObject[];
}

/** `bucketNotFound`, or `permissionDenied` when another site owns the bucket. */
export async function readForChange(
  deps: NamespaceDeps,
  bucketName: BucketName,
  names: readonly ObjectName[],
): Promise<WritableBucket> {
  const bucket = await readBucket(deps.metadata, bucketName);
  assertWritable(deps, bucket);
  const places = names.map((name) => flatPlace(bucket.id, name));
  const aliveKey = bucketAliveKey(bucket.id);
  const [alive, ...rows] = await deps.metadata.get([aliveKey, ...places.map(objectKey)]);
  if (alive === undefined) throw bucketNotFound(bucketName);
  const objects = places.map((place, index): ReadObject => {
    const row = rows[index];
    const faces = row === undefined ? undefined : decodeObjectRow(row.value);
    return { place, key: objectKey(place), row, faces, live: faces?.published };
  });
  return { bucket, alive: { kind: 'version', key: aliveKey, version: alive.version }, objects };
}

/** The visible state of an object, at one version of the store. */
export async function readVisible(
  metadata: MetadataStore,
  bucket: Bucket,
  name: ObjectName,
): Promise<ObjectState | undefined> {
  const key = objectKey(flatPlace(bucket.id, name));
  const [row] = await metadata.get([key]);
  if (row === undefined) return undefined;
  const faces = decodeObjectRow(row.value);
  if (faces.setId === undefined) return faces.published;
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

/** The live state an address means; `objectNotFound` when that generation is not the live one. */
export function addressed(address: ObjectAddress, live: ObjectState | undefined): ObjectState {
  if (live === undefined || (address.generation !== undefined && address.generation !== live.generation)) {
    throw objectNotFound(address.bucket, address.name);
  }
  return live;
}

/** Checks that the blobs still live at commit; undefined when one is gone already: what named it was out of date. */
export async function liveBlobs(view: MetadataView, ids: ReadonlySet<BlobId>): Promise<readonly Check[] | undefined> {
  if (ids.size === 0) return [];
  const keys = [...ids].map(blobKey);
  const rows = await view.get(keys);
  if (rows.includes(undefined)) return undefined;
  return rows.map((row, index) => unchanged(keys[index] ?? new Uint8Array(), row));
}
