/** Keys of docs/formats/metadata.md: an ASCII word and `/`, fixed-width binary ids, then a name in UTF-8. */
import type { CacheFamily } from '../../model/cache.ts';
import type { HmacKey } from '../../model/hmac-key.ts';
import type { BlobId, BucketId, BucketName, FolderId, Generation, ObjectName, StagingId } from '../../model/ids.ts';
import { blobId, generation, ROOT_FOLDER } from '../../model/ids.ts';
import type { KeyRange } from '../../stores/metadata/port.ts';
import { u64 } from './codec.ts';

/** Where an object row is: its bucket, folder and leaf. In a flat bucket the leaf is the whole name. */
export interface ObjectPlace {
  readonly bucketId: BucketId;
  readonly folderId: FolderId;
  readonly leaf: ObjectName;
}

export function flatPlace(bucketId: BucketId, name: ObjectName): ObjectPlace {
  return { bucketId, folderId: ROOT_FOLDER, leaf: name };
}

type Part = string | Uint8Array;

const word = (text: string): Uint8Array => Buffer.from(`${text}/`, 'latin1');
const hex = (id: string): Uint8Array => Buffer.from(id, 'hex');
const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const join = (parts: readonly Part[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? utf8(part) : part)));

const WORDS = {
  bucket: word('bucket'),
  bucketAlive: word('bucketAlive'),
  object: word('object'),
  folder: word('folder'),
  backlog: word('backlog'),
  transfer: word('transfer'),
  inline: word('inline'),
  blob: word('blob'),
  blobRef: word('blobRef'),
  unreferenced: word('unreferenced'),
  reaped: word('reaped'),
  upload: word('upload'),
  staging: word('staging'),
  segments: word('segments'),
  table: word('table'),
  set: word('set'),
  setMember: word('setMember'),
  operation: word('operation'),
  operationPending: word('operationPending'),
  noncurrent: word('noncurrent'),
  softDeleted: word('softDeleted'),
  hardDelete: word('hardDelete'),
  policy: word('policy'),
  managedFolder: word('managedFolder'),
  hmacKey: word('hmacKey'),
  hmacSecret: word('hmacSecret'),
  hmacKeyOf: word('hmacKeyOf'),
  hmacAccount: word('hmacAccount'),
  notification: word('notification'),
  notificationIds: word('notificationIds'),
  notified: word('notified'),
  cache: word('cache'),
  softDeletedBucket: word('softDeletedBucket'),
  lifecycle: word('lifecycle'),
  channel: word('channel'),
  channelTold: word('channelTold'),
  channelCount: word('channelCount'),
} as const;

export const bucketKey = (name: BucketName): Uint8Array => join([WORDS.bucket, name]);
export const softDeletedBucketKey = (name: BucketName, generation: bigint): Uint8Array =>
  join([WORDS.softDeletedBucket, name, NAME_END, u64(generation)]);
/** Soft-deleted buckets whose names start with `prefix`, in the order of name and generation. */
export const softDeletedBucketsFrom = (prefix: string): KeyRange =>
  prefixRange(join([WORDS.softDeletedBucket, prefix]));
export const bucketAliveKey = (id: BucketId): Uint8Array => join([WORDS.bucketAlive, hex(id)]);

const placed = (prefix: Uint8Array, place: ObjectPlace): Uint8Array =>
  join([prefix, hex(place.bucketId), hex(place.folderId), place.leaf]);

export const objectKey = (place: ObjectPlace): Uint8Array => placed(WORDS.object, place);
/** The leaf ends with a slash, so that folders and objects in a folder sort as their whole names do. */
export const folderKey = (place: ObjectPlace): Uint8Array => placed(WORDS.folder, place);
export const backlogKey = (place: ObjectPlace): Uint8Array => placed(WORDS.backlog, place);
export const transferKey = (place: ObjectPlace): Uint8Array => placed(WORDS.transfer, place);
export const inlineKey = (id: BlobId): Uint8Array => join([WORDS.inline, hex(id)]);
export const blobKey = (id: BlobId): Uint8Array => join([WORDS.blob, hex(id)]);
export const unreferencedKey = (id: BlobId): Uint8Array => join([WORDS.unreferenced, hex(id)]);
export const uploadKey = (uploadId: string): Uint8Array => join([WORDS.upload, uploadId]);
/** Says which session a staging of the blob store belongs to. */
export const stagingKey = (id: StagingId): Uint8Array => join([WORDS.staging, id]);
/** The segments of contents with too many for a row. A page is named, referenced and reaped as a blob is. */
export const segmentsKey = (pageId: BlobId): Uint8Array => join([WORDS.segments, hex(pageId)]);
export const tableKey = (bucketId: BucketId, prefix: ObjectName): Uint8Array =>
  join([WORDS.table, hex(bucketId), prefix]);
export const setKey = (setId: string): Uint8Array => join([WORDS.set, hex(setId)]);
export const setMemberKey = (setId: string, place: ObjectPlace): Uint8Array =>
  join([WORDS.setMember, hex(setId), hex(place.folderId), place.leaf]);

export const operationKey = (bucketId: BucketId, id: string): Uint8Array =>
  join([WORDS.operation, hex(bucketId), hex(id)]);
/** There while the operation runs: what has to be driven on. */
export const operationPendingKey = (bucketId: BucketId, id: string): Uint8Array =>
  join([WORDS.operationPending, hex(bucketId), hex(id)]);

export const channelKey = (bucketId: BucketId, id: string): Uint8Array => join([WORDS.channel, hex(bucketId), id]);
/** How far a channel's changes are told. */
export const channelToldKey = (bucketId: BucketId, id: string): Uint8Array =>
  join([WORDS.channelTold, hex(bucketId), id]);
/** How many channels a bucket has. */
export const channelCountKey = (bucketId: BucketId): Uint8Array => join([WORDS.channelCount, hex(bucketId)]);
export const allChannels = (): KeyRange => prefixRange(WORDS.channel);

export const notificationKey = (bucketId: BucketId, id: number): Uint8Array =>
  join([WORDS.notification, hex(bucketId), count64(id)]);
/** The last id that was given out in a bucket. */
export const notificationIdsKey = (bucketId: BucketId): Uint8Array => join([WORDS.notificationIds, hex(bucketId)]);
/** How far a configuration's events are told. */
export const notifiedKey = (bucketId: BucketId, id: number): Uint8Array =>
  join([WORDS.notified, hex(bucketId), count64(id)]);

function count64(count: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(count));
  return bytes;
}

/** Of what `holder` says: a bucket itself or a managed folder (docs/formats/metadata.md). */
const policyPrefix = (place: { readonly bucketId: BucketId; readonly holder: string }): Uint8Array =>
  join([WORDS.policy, hex(place.bucketId), hex(place.holder)]);
export const policyKey = (place: Parameters<typeof policyPrefix>[0], part: number): Uint8Array =>
  join([policyPrefix(place), Uint8Array.of(part)]);
export const policyRowsOf = (place: Parameters<typeof policyPrefix>[0]): KeyRange => prefixRange(policyPrefix(place));

export const managedFolderKey = (bucketId: BucketId, name: string): Uint8Array =>
  join([WORDS.managedFolder, hex(bucketId), name]);
/** Managed folders of a bucket whose names start with `prefix`. */
export const managedFoldersFrom = (bucketId: BucketId, prefix: string): KeyRange =>
  prefixRange(managedFolderKey(bucketId, prefix));

/** An id has no slash. */
export const cacheKey = (bucketId: BucketId, family: CacheFamily, id: string): Uint8Array =>
  join([WORDS.cache, hex(bucketId), `${family}/`, id]);
export const cachesOf = (bucketId: BucketId, family: CacheFamily): KeyRange =>
  prefixRange(cacheKey(bucketId, family, ''));
export const allCaches = (): KeyRange => prefixRange(WORDS.cache);

/** Managed folders of a bucket with names in the bounds, which are bytes of UTF-8; without an end: to the last. */
export function managedFoldersBetween(
  bucketId: BucketId,
  bounds: { readonly start: Uint8Array; readonly end?: Uint8Array },
): KeyRange {
  const root = managedFolderKey(bucketId, '');
  const end = bounds.end === undefined ? afterPrefix(root) : Buffer.concat([root, bounds.end]);
  return { start: Buffer.concat([root, bounds.start]), end };
}

export const hmacKeyKey = (accessId: string): Uint8Array => join([WORDS.hmacKey, accessId]);
export const hmacSecretKey = (accessId: string): Uint8Array => join([WORDS.hmacSecret, accessId]);
export const hmacAccountKey = (project: string, serviceAccountEmail: string): Uint8Array =>
  join([WORDS.hmacAccount, project, NAME_END, serviceAccountEmail]);
/** The keys of a project in the order of account and access id. */
export const hmacKeyOfKey = (key: Pick<HmacKey, 'project' | 'serviceAccountEmail' | 'accessId'>): Uint8Array =>
  join([WORDS.hmacKeyOf, key.project, NAME_END, key.serviceAccountEmail, NAME_END, key.accessId]);

/** Index rows of a project's keys, or of one account's. */
export function hmacKeysOf(project: string, serviceAccountEmail?: string): KeyRange {
  const account = serviceAccountEmail === undefined ? [] : [serviceAccountEmail, NAME_END];
  return prefixRange(join([WORDS.hmacKeyOf, project, NAME_END, ...account]));
}

/** The access id in an `hmacKeyOf/` key. */
export function hmacAccessIdOf(key: Uint8Array): string {
  return utf8Text(key.subarray(key.lastIndexOf(0) + 1));
}

/** How far the lifecycle rules of a bucket have come. */
export const lifecycleKey = (bucketId: BucketId): Uint8Array => join([WORDS.lifecycle, hex(bucketId)]);
export const allLifecycles = (): KeyRange => prefixRange(WORDS.lifecycle);

export function reapedKey(timeMs: number, id: BlobId): Uint8Array {
  return join([WORDS.reaped, u64(BigInt(timeMs)), hex(id)]);
}

/** Where a version that is not live is: rows of a bucket in the order of (name, generation), whatever its folders. */
export interface VersionPlace {
  readonly bucketId: BucketId;
  /** The whole name, in hierarchical buckets too. */
  readonly name: ObjectName;
  readonly generation: Generation;
  /** 16 hex digits; of soft-deleted versions in hierarchical buckets. */
  readonly restoreToken?: string;
}

export const noncurrentKey = (place: VersionPlace): Uint8Array => join([WORDS.noncurrent, versionBytes(place)]);
export const softDeletedKey = (place: VersionPlace): Uint8Array => join([WORDS.softDeleted, versionBytes(place)]);
/** The same versions in the order in which their time is over. */
export const hardDeleteKey = (timeMs: number, place: VersionPlace): Uint8Array =>
  join([WORDS.hardDelete, u64(BigInt(timeMs)), versionBytes(place)]);

function versionBytes({ bucketId, name, generation, restoreToken }: VersionPlace): Uint8Array {
  return join([hex(bucketId), orderedName(utf8(name)), NAME_END, u64(generation), hex(restoreToken ?? '')]);
}

/** Ends a name within a key. It sorts before all that may follow in a longer name, since 00 is escaped. */
const NAME_END = Uint8Array.of(0);

/** Bytes of a name that sort as the name does and have no 00: 00 becomes 01 01, and 01 becomes 01 02. */
function orderedName(name: Uint8Array): Uint8Array {
  if (!name.some((byte) => byte < 2)) return name;
  return Uint8Array.from([...name].flatMap((byte) => (byte < 2 ? [1, byte + 1] : [byte])));
}

function plainName(ordered: Uint8Array): Uint8Array {
  if (!ordered.includes(1)) return ordered;
  const bytes: number[] = [];
  for (let at = 0; at < ordered.length; at += 1) {
    if (ordered[at] !== 1) bytes.push(ordered[at] ?? 0);
    else {
      at += 1;
      bytes.push((ordered[at] ?? 1) - 1);
    }
  }
  return Uint8Array.from(bytes);
}

/** Who holds a blob: an object row (all its faces together), a version, an upload session, or a page of segments. */
export type Holder =
  | { readonly kind: 'object'; readonly place: ObjectPlace }
  | { readonly kind: 'noncurrent' | 'softDeleted'; readonly place: VersionPlace }
  | { readonly kind: 'upload'; readonly uploadId: string }
  | { readonly kind: 'page'; readonly pageId: BlobId };

export function blobRefKey(id: BlobId, holder: Holder): Uint8Array {
  const prefix = [WORDS.blobRef, hex(id)];
  switch (holder.kind) {
    case 'object':
      return join([...prefix, 'L', hex(holder.place.bucketId), hex(holder.place.folderId), holder.place.leaf]);
    case 'noncurrent':
      return join([...prefix, 'N', versionBytes(holder.place)]);
    case 'softDeleted':
      return join([...prefix, 'S', versionBytes(holder.place)]);
    case 'upload':
      return join([...prefix, 'U', holder.uploadId]);
    case 'page':
      return join([...prefix, 'P', hex(holder.pageId)]);
  }
}

/** The key after every key that starts with `prefix`. */
export function afterPrefix(prefix: Uint8Array): Uint8Array {
  const end = Buffer.from(prefix);
  for (let index = end.length - 1; index >= 0; index -= 1) {
    const byte = end[index] ?? 0;
    if (byte < 0xff) {
      end[index] = byte + 1;
      return end.subarray(0, index + 1);
    }
  }
  return Buffer.alloc(64, 0xff);
}

export const prefixRange = (prefix: Uint8Array): KeyRange => ({ start: prefix, end: afterPrefix(prefix) });

/** The smallest key after `key`: where a scan resumes behind it. */
export const justAfter = (key: Uint8Array): Uint8Array => Buffer.concat([key, Buffer.alloc(1)]);

export const allBuckets = (): KeyRange => prefixRange(WORDS.bucket);
export const bucketsFrom = (prefix: string): KeyRange => prefixRange(bucketKey(prefix));
/** Object rows of a flat bucket with names in the bounds, which are bytes of UTF-8; without an end: to the last. */
export function namesBetween(
  id: BucketId,
  bounds: { readonly start: Uint8Array; readonly end?: Uint8Array },
): KeyRange {
  const root = objectKey(flatPlace(id, ''));
  const end = bounds.end === undefined ? afterPrefix(root) : Buffer.concat([root, bounds.end]);
  return { start: Buffer.concat([root, bounds.start]), end };
}
/** Object rows of a flat bucket whose names start with `prefix`. */
export const namesFrom = (id: BucketId, prefix: ObjectName): KeyRange => prefixRange(objectKey(flatPlace(id, prefix)));
export const operationsOf = (bucketId: BucketId): KeyRange => prefixRange(operationKey(bucketId, ''));
export const allOperations = (): KeyRange => prefixRange(WORDS.operation);
export const pendingOperationsOf = (bucketId: BucketId): KeyRange => prefixRange(operationPendingKey(bucketId, ''));
export const allPendingOperations = (): KeyRange => prefixRange(WORDS.operationPending);
export const notificationsOf = (bucketId: BucketId): KeyRange => prefixRange(join([WORDS.notification, hex(bucketId)]));
export const allNotifications = (): KeyRange => prefixRange(WORDS.notification);
export const allUploads = (): KeyRange => prefixRange(WORDS.upload);
export const allUnreferenced = (): KeyRange => prefixRange(WORDS.unreferenced);
export const allReaped = (): KeyRange => prefixRange(WORDS.reaped);
export const allBlobs = (): KeyRange => prefixRange(WORDS.blob);
/** What was reaped before `timeMs`. */
export const reapedBefore = (timeMs: number): KeyRange => ({
  start: WORDS.reaped,
  end: reapedKey(Math.max(0, timeMs), blobId('')),
});
export const allSets = (): KeyRange => prefixRange(WORDS.set);
export const allTransfers = (): KeyRange => prefixRange(WORDS.transfer);
export const transfersOf = (id: BucketId): KeyRange => prefixRange(join([WORDS.transfer, hex(id)]));
export const referencesOf = (id: BlobId): KeyRange => prefixRange(join([WORDS.blobRef, hex(id)]));
export const tablesOf = (id: BucketId): KeyRange => prefixRange(join([WORDS.table, hex(id)]));
export const membersOf = (setId: string): KeyRange => prefixRange(join([WORDS.setMember, hex(setId)]));
/** Every noncurrent version of a bucket: what `delete bucket if empty` checks too. */
export const noncurrentOf = (id: BucketId): KeyRange => prefixRange(join([WORDS.noncurrent, hex(id)]));
/** Soft-deleted versions of one name and generation: more than one in hierarchical buckets only. */
export const softDeletedOf = (place: Omit<VersionPlace, 'restoreToken'>): KeyRange =>
  prefixRange(softDeletedKey(place));
export const allSoftDeletedOf = (id: BucketId): KeyRange => prefixRange(join([WORDS.softDeleted, hex(id)]));
/** What was to go before `timeMs` or at it. */
export const hardDeletesUntil = (timeMs: number): KeyRange => ({
  start: WORDS.hardDelete,
  end: join([WORDS.hardDelete, u64(BigInt(Math.max(0, timeMs) + 1))]),
});

/** Which versions of a bucket a scan reads: those of names in the bounds, and of the first name only what follows. */
export interface VersionBounds {
  /** Bytes of UTF-8, inclusive. */
  readonly start: Uint8Array;
  /** Of the name `start` itself only versions behind this one. */
  readonly after?: Uint8Array;
  /** Exclusive; absent: to the end of the bucket. */
  readonly end?: Uint8Array;
}

export function versionsBetween(kind: 'noncurrent' | 'softDeleted', id: BucketId, bounds: VersionBounds): KeyRange {
  const root = join([WORDS[kind], hex(id)]);
  const { start, after, end } = bounds;
  const from = after === undefined ? new Uint8Array() : justAfter(join([NAME_END, after]));
  return {
    start: join([root, orderedName(start), from]),
    end: end === undefined ? afterPrefix(root) : join([root, orderedName(end)]),
  };
}

/** Noncurrent versions of one name that are newer than one of them. */
export function newerNoncurrentOf({ bucketId, name, generation }: VersionPlace): KeyRange {
  const versions = prefixRange(join([WORDS.noncurrent, hex(bucketId), orderedName(utf8(name)), NAME_END]));
  return { start: justAfter(noncurrentKey({ bucketId, name, generation })), end: versions.end };
}

/** Objects or folders right in a folder, with leaves from `start` on. */
export function rowsIn(kind: 'object' | 'folder', place: Omit<ObjectPlace, 'leaf'>, start?: Uint8Array): KeyRange {
  const root = placed(WORDS[kind], { ...place, leaf: '' });
  return { start: start === undefined ? root : Buffer.concat([root, start]), end: afterPrefix(root) };
}

export const foldersOf = (id: BucketId): KeyRange => prefixRange(join([WORDS.folder, hex(id)]));
/** Every object row of a bucket, all folders: what `delete bucket if empty` checks. */
export const objectsOf = (id: BucketId): KeyRange => prefixRange(join([WORDS.object, hex(id)]));
export const backlogOf = (id: BucketId): KeyRange => prefixRange(join([WORDS.backlog, hex(id)]));

const NAME_AT = {
  object: WORDS.object.length + 16,
  folder: WORDS.folder.length + 16,
  backlog: WORDS.backlog.length + 16,
  transfer: WORDS.transfer.length + 16,
} as const;

/** The leaf in an `object/`, `folder/`, `backlog/` or `transfer/` key. */
export function leafOf(kind: keyof typeof NAME_AT, key: Uint8Array): ObjectName {
  return utf8Text(leafBytesOf(kind, key));
}

export function leafBytesOf(kind: keyof typeof NAME_AT, key: Uint8Array): Uint8Array {
  return key.subarray(NAME_AT[kind]);
}

export function bucketNameOf(key: Uint8Array): BucketName {
  return utf8Text(key.subarray(WORDS.bucket.length));
}

export function managedFolderNameOf(key: Uint8Array): string {
  return utf8Text(key.subarray(WORDS.managedFolder.length + 8));
}

export function uploadIdOf(key: Uint8Array): string {
  return utf8Text(key.subarray(WORDS.upload.length));
}

export function tablePrefixOf(key: Uint8Array): ObjectName {
  return utf8Text(key.subarray(WORDS.table.length + 8));
}

export function blobIdOf(kind: 'unreferenced' | 'blob', key: Uint8Array): BlobId {
  const at = WORDS[kind].length;
  return Buffer.from(key.subarray(at, at + 16)).toString('hex') as BlobId;
}

export function reapedOf(key: Uint8Array): { readonly timeMs: number; readonly blobId: BlobId } {
  const bytes = Buffer.from(key.subarray(WORDS.reaped.length));
  return { timeMs: Number(bytes.readBigUInt64BE(0)), blobId: bytes.subarray(8, 24).toString('hex') as BlobId };
}

/** The row of an operation, from the row that says it runs. */
export function operationKeyOf(pendingKey: Uint8Array): Uint8Array {
  return Buffer.concat([WORDS.operation, pendingKey.subarray(WORDS.operationPending.length)]);
}

/** What a `noncurrent/`, `softDeleted/` or `hardDelete/` key says. */
export function versionPlaceOf(kind: 'noncurrent' | 'softDeleted' | 'hardDelete', key: Uint8Array): VersionPlace {
  const bytes = Buffer.from(key.subarray(WORDS[kind].length + (kind === 'hardDelete' ? 8 : 0)));
  const end = bytes.indexOf(0, 8);
  const token = bytes.toString('hex', end + 9);
  return {
    bucketId: bytes.toString('hex', 0, 8) as BucketId,
    name: utf8Text(plainName(bytes.subarray(8, end))),
    generation: generation(bytes.readBigUInt64BE(end + 1)),
    ...(token === '' ? {} : { restoreToken: token }),
  };
}

/** What orders the versions of one name: the generation, and the restore token where there is one. */
export function versionOrder(generation: bigint, restoreToken = ''): Uint8Array {
  return join([u64(generation), hex(restoreToken)]);
}

export function setIdOf(key: Uint8Array): string {
  return Buffer.from(key.subarray(WORDS.set.length, WORDS.set.length + 8)).toString('hex');
}

export function memberPlaceOf(key: Uint8Array, bucketId: BucketId): ObjectPlace {
  const bytes = Buffer.from(key.subarray(WORDS.setMember.length + 8));
  const folderId = bytes.subarray(0, 8).toString('hex') as FolderId;
  return { bucketId, folderId, leaf: utf8Text(bytes.subarray(8)) };
}

function utf8Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
