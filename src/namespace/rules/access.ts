import type { AccessList, BucketAccess, NewObjectAccess, WantedList } from '../../model/access-list.ts';
import type { Bucket } from '../../model/bucket.ts';
import { StraitError } from '../../model/errors.ts';
import type { ObjectState } from '../../model/object.ts';
import { SITE_PRINCIPAL } from '../../model/principal.ts';
import {
  checkedList,
  isPublic,
  isSameList,
  predefinedBucketAcl,
  predefinedObjectAcl,
  projectOwners,
  userEntity,
  withOwner,
} from './access-list.ts';
import { hasUniformAccess, isPublicAccessPrevented } from './bucket-settings.ts';

/**
 * The access lists of buckets and objects. A list that is as GCS makes it when nobody says anything (`projectPrivate`)
 * is not stored: it follows from the bucket's project, which never changes.
 */

export function bucketAcl(bucket: Bucket): AccessList {
  return bucket.acl ?? predefinedBucketAcl('projectPrivate', bucket.project);
}

export function defaultObjectAcl(bucket: Bucket): AccessList {
  return bucket.defaultObjectAcl ?? predefinedObjectAcl('projectPrivate', bucket.project);
}

export function ownerOf(state: Pick<ObjectState, 'owner'>): string {
  return userEntity(state.owner ?? SITE_PRINCIPAL.email);
}

export function objectAcl(bucket: Bucket, state: Pick<ObjectState, 'acl' | 'owner'>): AccessList {
  return state.acl ?? withOwner(predefinedObjectAcl('projectPrivate', bucket.project), ownerOf(state));
}

export type StoredAccess = Pick<ObjectState, 'acl' | 'owner'>;

/** Of an object that is made: the bucket's default list of now, unless the request asks for another. */
export function newObjectAccess(bucket: Bucket, wanted: NewObjectAccess): StoredAccess {
  if (says(wanted) && hasUniformAccess(bucket)) throw notWithUniformAccess('Cannot insert legacy ACL for an object');
  const email = wanted.principal?.email ?? SITE_PRINCIPAL.email;
  const owner = email === SITE_PRINCIPAL.email ? {} : { owner: email };
  const list = wantedObjectList(bucket, wanted) ?? defaultObjectAcl(bucket);
  return { ...owner, ...storedObjectAcl(bucket, owner, list) };
}

/** Of an object that is there. An update replaces what it does not name. */
export function changedObjectAccess(
  bucket: Bucket,
  state: StoredAccess,
  wanted: WantedList & { readonly isUpdate?: boolean },
): StoredAccess {
  if (hasUniformAccess(bucket)) {
    if (says(wanted)) throw notWithUniformAccess('Cannot update access control for an object');
    return accessOf(state);
  }
  const isReset = wanted.list === null || wanted.isUpdate === true;
  const list = wantedObjectList(bucket, wanted) ?? (isReset ? defaultObjectAcl(bucket) : undefined);
  return list === undefined ? accessOf(state) : withObjectAcl(bucket, state, list);
}

/** The object's access with another list. */
export function withObjectAcl(bucket: Bucket, state: StoredAccess, list: AccessList): StoredAccess {
  const { acl: _acl, ...owner } = accessOf(state);
  return { ...owner, ...storedObjectAcl(bucket, owner, list) };
}

export function accessOf({ acl, owner }: StoredAccess): StoredAccess {
  return { ...(acl === undefined ? {} : { acl }), ...(owner === undefined ? {} : { owner }) };
}

function storedObjectAcl(bucket: Bucket, owner: StoredAccess, list: AccessList): StoredAccess {
  const acl = withOwner(list, ownerOf(owner));
  return isSameList(acl, objectAcl(bucket, owner)) ? {} : { acl };
}

function wantedObjectList(bucket: Bucket, { list, predefined }: WantedList): AccessList | undefined {
  if (predefined === undefined && !Array.isArray(list)) return undefined;
  const wanted =
    predefined === undefined ? checkedList(list ?? [], 'object') : predefinedObjectAcl(predefined, bucket.project);
  assertNotPublic(bucket, wanted);
  return wanted;
}

/** The lists of a bucket, from a request that makes it, patches it or updates it. */
export function changedBucketAccess(
  bucket: Bucket,
  wanted: BucketAccess & { readonly isUpdate?: boolean },
): Pick<Bucket, 'acl' | 'defaultObjectAcl'> {
  const { acl = {}, defaultObjectAcl: objects = {} } = wanted;
  if (hasUniformAccess(bucket)) {
    if (says(acl) || says(objects)) throw notWithUniformAccess('Cannot use ACL API to update bucket policy');
    return listsOf(bucket);
  }
  const own = changedOwn(bucket, acl, wanted.isUpdate);
  const forObjects = changedDefault(bucket, objects, wanted.isUpdate);
  return storedBucketAccess(bucket, { acl: own, defaultObjectAcl: forObjects });
}

/** In a list that a client gives, project owners keep their role. */
function changedOwn(bucket: Bucket, { list, predefined }: WantedList, isUpdate = false): AccessList {
  if (predefined !== undefined) return unlessPublic(bucket, predefinedBucketAcl(predefined, bucket.project));
  if (Array.isArray(list))
    return unlessPublic(bucket, withOwner(checkedList(list, 'bucket'), projectOwners(bucket.project)));
  return list === null || isUpdate ? predefinedBucketAcl('projectPrivate', bucket.project) : bucketAcl(bucket);
}

function changedDefault(bucket: Bucket, wanted: WantedList, isUpdate = false): AccessList {
  const list = wantedObjectList(bucket, wanted);
  if (list !== undefined) return list;
  const isReset = wanted.list === null || isUpdate;
  return isReset ? predefinedObjectAcl('projectPrivate', bucket.project) : defaultObjectAcl(bucket);
}

/** The bucket with other lists, and the next metageneration. */
export function withBucketLists(
  bucket: Bucket,
  lists: { readonly acl: AccessList; readonly defaultObjectAcl: AccessList },
  nowMs: number,
): Bucket {
  const { etag: _etag, acl: _acl, defaultObjectAcl: _default, ...kept } = bucket;
  return {
    ...kept,
    ...storedBucketAccess(bucket, lists),
    metageneration: bucket.metageneration + 1n,
    updatedMs: nowMs,
  };
}

export function withBucketAcl(bucket: Bucket, acl: AccessList, nowMs: number): Bucket {
  return withBucketLists(bucket, { acl, defaultObjectAcl: defaultObjectAcl(bucket) }, nowMs);
}

/** What is stored of a bucket's lists. */
export function storedBucketAccess(
  bucket: Bucket,
  lists: { readonly acl: AccessList; readonly defaultObjectAcl: AccessList },
): Pick<Bucket, 'acl' | 'defaultObjectAcl'> {
  const { project } = bucket;
  const { acl } = lists;
  const isPlain = isSameList(acl, predefinedBucketAcl('projectPrivate', project));
  const isPlainDefault = isSameList(lists.defaultObjectAcl, predefinedObjectAcl('projectPrivate', project));
  return {
    ...(isPlain ? {} : { acl }),
    ...(isPlainDefault ? {} : { defaultObjectAcl: lists.defaultObjectAcl }),
  };
}

function listsOf(bucket: Bucket): Pick<Bucket, 'acl' | 'defaultObjectAcl'> {
  return storedBucketAccess(bucket, { acl: bucketAcl(bucket), defaultObjectAcl: defaultObjectAcl(bucket) });
}

/** An empty list says nothing: clients send one beside the name of a predefined list, or to clear. */
function says({ list, predefined }: WantedList): boolean {
  return predefined !== undefined || (Array.isArray(list) && list.length > 0);
}

function unlessPublic(bucket: Bucket, list: AccessList): AccessList {
  assertNotPublic(bucket, list);
  return list;
}

export function assertNotPublic(bucket: Bucket, list: AccessList): void {
  if (isPublicAccessPrevented(bucket) && list.some(isPublic)) throw publicAccessPrevented();
}

/** By its own list, or by the policy of its bucket. Policies of managed folders are not looked at. */
export function isPubliclyReadable(bucket: Bucket, { acl = [] }: Pick<ObjectState, 'acl'>): boolean {
  if (isPublicAccessPrevented(bucket)) return false;
  return (
    bucket.publicObjects === true || (!hasUniformAccess(bucket) && acl.some(({ entity }) => entity === 'allUsers'))
  );
}

/** As GCS words it. */
export function publicAccessPrevented(): StraitError<'publicAccessPrevented'> {
  const message =
    'The member bindings allUsers and allAuthenticatedUsers are not allowed ' +
    'since public access prevention is enforced.';
  return new StraitError('publicAccessPrevented', message, {});
}

/** As GCS words it, with `subject` for what was tried. */
export function notWithUniformAccess(
  subject: string,
  why = 'when uniform bucket-level access is enabled',
): StraitError<'invalidArgument'> {
  const message = `${subject} ${why}. Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access`;
  return new StraitError('invalidArgument', message, {});
}
