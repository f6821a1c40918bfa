import type { Bucket } from '../model/bucket.ts';
import type { Cache } from '../model/cache.ts';
import type { Channel } from '../model/channel.ts';
import type { Folder } from '../model/folder.ts';
import type { HmacKey } from '../model/hmac-key.ts';
import type { BucketName } from '../model/ids.ts';
import type { ManagedFolder } from '../model/managed-folder.ts';
import type { NotificationConfig } from '../model/notification.ts';
import type { NamedObject } from '../model/object.ts';
import type { Operation } from '../model/operation.ts';
import * as accessLists from './access-lists.ts';
import type { BucketPage, ListBucketsInput } from './bucket-pages.ts';
import * as buckets from './buckets.ts';
import * as bulk from './bulk-restore-objects.ts';
import * as caches from './caches.ts';
import * as changing from './change-object.ts';
import * as channels from './channels/channels.ts';
import * as composing from './compose-object.ts';
import * as copying from './copy-object.ts';
import type { NamespaceDeps } from './deps.ts';
import * as deletingFolders from './folders/delete-folder-recursive.ts';
import * as folders from './folders/folders.ts';
import * as hmacKeys from './hmac-keys.ts';
import * as inserting from './insert-object.ts';
import * as listing from './list-objects.ts';
import * as managedFolders from './managed-folders.ts';
import * as notifying from './notifications/configs.ts';
import * as access from './object-access.ts';
import * as operating from './operations.ts';
import * as policies from './policies.ts';
import * as reading from './read-object.ts';
import * as relocating from './relocate-bucket.ts';
import * as paying from './requester-pays.ts';
import * as restoring from './restore-object.ts';
import * as rewriting from './rewrite-object.ts';
import * as softDeletedBuckets from './soft-deleted-buckets.ts';
import * as uploading from './uploads.ts';

type Use<Input, Output> = (input: Input) => Promise<Output>;
type InputOf<Run extends (...args: never[]) => unknown> = Parameters<Run>[1];

/**
 * The use cases of the namespace with their parts bound: what dialects are given. Each does what the function of the
 * same name says; wrappers (a stand-in cloud's manners, forwarding to an owner) have this shape too.
 */
export interface Namespace {
  readonly insertBucket: Use<buckets.InsertBucketInput, Bucket>;
  readonly getBucket: Use<InputOf<typeof buckets.getBucket>, Bucket>;
  readonly ownerElsewhere: Use<BucketName, string | undefined>;
  readonly isRequesterPays: Use<BucketName, boolean>;
  readonly getSoftDeletedBucket: Use<InputOf<typeof buckets.getSoftDeletedBucket>, Bucket>;
  readonly listBuckets: Use<ListBucketsInput, BucketPage>;
  readonly listSoftDeletedBuckets: Use<ListBucketsInput, BucketPage>;
  readonly restoreBucket: Use<softDeletedBuckets.SoftDeletedAddress, Bucket>;
  readonly changeBucket: Use<InputOf<typeof buckets.changeBucket>, Bucket>;
  readonly lockRetentionPolicy: Use<InputOf<typeof buckets.lockRetentionPolicy>, Bucket>;
  readonly deleteBucket: Use<InputOf<typeof buckets.deleteBucket>, void>;
  readonly getBucketList: Use<InputOf<typeof accessLists.getBucketList>, accessLists.BucketList>;
  readonly changeBucketList: Use<InputOf<typeof accessLists.changeBucketList>, accessLists.BucketList>;
  readonly getObjectList: Use<reading.ObjectAddress, accessLists.ObjectList>;
  readonly changeObjectList: Use<InputOf<typeof accessLists.changeObjectList>, accessLists.ObjectList>;
  readonly getBucketPolicy: Use<InputOf<typeof policies.getBucketPolicy>, policies.BucketPolicy>;
  readonly setBucketPolicy: Use<InputOf<typeof policies.setBucketPolicy>, policies.BucketPolicy>;
  readonly testBucketPermissions: Use<InputOf<typeof policies.testBucketPermissions>, readonly string[]>;
  readonly getObjectPolicy: Use<reading.ObjectAddress, policies.ObjectPolicy>;
  readonly setObjectPolicy: Use<InputOf<typeof policies.setObjectPolicy>, policies.ObjectPolicy>;
  readonly testObjectPermissions: Use<InputOf<typeof policies.testObjectPermissions>, readonly string[]>;
  readonly insertManagedFolder: Use<InputOf<typeof managedFolders.insertManagedFolder>, ManagedFolder>;
  readonly getManagedFolder: Use<InputOf<typeof managedFolders.getManagedFolder>, ManagedFolder>;
  readonly listManagedFolders: Use<InputOf<typeof managedFolders.listManagedFolders>, managedFolders.ManagedFolderPage>;
  readonly changeManagedFolder: Use<InputOf<typeof managedFolders.changeManagedFolder>, ManagedFolder>;
  readonly deleteManagedFolder: Use<InputOf<typeof managedFolders.deleteManagedFolder>, void>;
  readonly getManagedFolderPolicy: Use<
    InputOf<typeof managedFolders.getManagedFolderPolicy>,
    managedFolders.ManagedFolderPolicy
  >;
  readonly setManagedFolderPolicy: Use<
    InputOf<typeof managedFolders.setManagedFolderPolicy>,
    managedFolders.ManagedFolderPolicy
  >;
  readonly testManagedFolderPermissions: Use<
    InputOf<typeof managedFolders.testManagedFolderPermissions>,
    readonly string[]
  >;
  readonly insertFolder: Use<InputOf<typeof folders.insertFolder>, Folder>;
  readonly getFolder: Use<InputOf<typeof folders.getFolder>, Folder>;
  readonly listFolders: Use<folders.ListFoldersInput, folders.FolderPage>;
  readonly deleteFolder: Use<InputOf<typeof folders.deleteFolder>, void>;
  readonly renameFolder: Use<folders.RenameFolderInput, Operation>;
  readonly deleteFolderRecursive: Use<InputOf<typeof deletingFolders.deleteFolderRecursive>, Operation>;
  readonly insertObject: Use<InputOf<typeof inserting.insertObject>, NamedObject>;
  readonly getObject: Use<InputOf<typeof reading.getObject>, NamedObject>;
  readonly getSoftDeletedObject: Use<InputOf<typeof reading.getSoftDeletedObject>, NamedObject>;
  readonly bulkRestoreObjects: Use<InputOf<typeof bulk.bulkRestoreObjects>, Operation>;
  readonly restoreObject: Use<restoring.RestoreInput, NamedObject>;
  readonly openObject: (input: InputOf<typeof reading.openObject>) => AsyncIterable<Uint8Array>;
  readonly listObjects: Use<listing.ListInput, listing.ListResult>;
  readonly changeObject: Use<InputOf<typeof changing.changeObject>, NamedObject>;
  readonly deleteObject: Use<InputOf<typeof changing.deleteObject>, void>;
  readonly copyObject: Use<copying.CopyInput, NamedObject>;
  readonly rewriteObject: Use<rewriting.RewriteInput, rewriting.RewriteProgress>;
  readonly moveObject: Use<copying.CopyInput, NamedObject>;
  readonly composeObject: Use<composing.ComposeInput, NamedObject>;
  readonly insertCache: Use<InputOf<typeof caches.insertCache>, Operation>;
  readonly getCache: Use<caches.CacheAddress, Cache>;
  readonly listCaches: Use<InputOf<typeof caches.listCaches>, caches.CachePage>;
  readonly updateCache: Use<InputOf<typeof caches.updateCache>, Operation>;
  readonly pauseCache: Use<caches.CacheAddress, Cache>;
  readonly resumeCache: Use<caches.CacheAddress, Cache>;
  readonly disableCache: Use<caches.CacheAddress, Cache>;
  readonly disableRapidCache: Use<caches.CacheAddress, Operation>;
  readonly relocateBucket: Use<relocating.RelocateInput, Operation>;
  readonly advanceRelocateBucket: Use<relocating.AdvanceInput, Operation>;
  readonly getOperation: Use<operating.OperationAddress, Operation>;
  readonly listOperations: Use<operating.ListOperationsInput, operating.OperationPage>;
  readonly cancelOperation: Use<operating.OperationAddress, void>;
  readonly createHmacKey: Use<
    InputOf<typeof hmacKeys.createHmacKey>,
    { readonly key: HmacKey; readonly secret: string }
  >;
  readonly getHmacKey: Use<hmacKeys.HmacKeyAddress, HmacKey>;
  readonly listHmacKeys: Use<hmacKeys.ListHmacKeysInput, hmacKeys.HmacKeyPage>;
  readonly updateHmacKey: Use<InputOf<typeof hmacKeys.updateHmacKey>, HmacKey>;
  readonly deleteHmacKey: Use<hmacKeys.HmacKeyAddress, void>;
  readonly insertNotification: Use<InputOf<typeof notifying.insertNotification>, NotificationConfig>;
  readonly getNotification: Use<InputOf<typeof notifying.getNotification>, NotificationConfig>;
  readonly listNotifications: Use<InputOf<typeof notifying.listNotifications>, readonly NotificationConfig[]>;
  readonly deleteNotification: Use<InputOf<typeof notifying.deleteNotification>, void>;
  readonly watchObjects: Use<channels.WatchInput, Channel>;
  readonly stopChannel: Use<InputOf<typeof channels.stopChannel>, void>;
  readonly startUpload: Use<inserting.InsertTarget, { readonly uploadId: string }>;
  readonly uploadStatus: Use<string, uploading.UploadProgress>;
  readonly appendUpload: Use<uploading.UploadChunk, uploading.UploadProgress>;
  readonly cancelUpload: Use<string, void>;
}

export function bindNamespace(deps: NamespaceDeps): Namespace {
  return {
    ...bindFolders(deps),
    insertBucket: (input) => buckets.insertBucket(deps, input),
    getBucket: (input) => buckets.getBucket(deps, input),
    getSoftDeletedBucket: (input) => buckets.getSoftDeletedBucket(deps, input),
    ownerElsewhere: (bucket) => access.ownerElsewhere(deps, bucket),
    isRequesterPays: (bucket) => paying.isRequesterPays(deps, bucket),
    listBuckets: (input) => buckets.listBuckets(deps, input),
    listSoftDeletedBuckets: (input) => softDeletedBuckets.listSoftDeletedBuckets(deps, input),
    restoreBucket: (address) => softDeletedBuckets.restoreBucket(deps, address),
    changeBucket: (input) => buckets.changeBucket(deps, input),
    lockRetentionPolicy: (input) => buckets.lockRetentionPolicy(deps, input),
    deleteBucket: (input) => buckets.deleteBucket(deps, input),
    getBucketList: (input) => accessLists.getBucketList(deps, input),
    changeBucketList: (input) => accessLists.changeBucketList(deps, input),
    getObjectList: (address) => accessLists.getObjectList(deps, address),
    changeObjectList: (input) => accessLists.changeObjectList(deps, input),
    getBucketPolicy: (input) => policies.getBucketPolicy(deps, input),
    setBucketPolicy: (input) => policies.setBucketPolicy(deps, input),
    testBucketPermissions: (input) => policies.testBucketPermissions(deps, input),
    getObjectPolicy: (address) => policies.getObjectPolicy(deps, address),
    setObjectPolicy: (input) => policies.setObjectPolicy(deps, input),
    testObjectPermissions: (input) => policies.testObjectPermissions(deps, input),
    insertObject: (input) => inserting.insertObject(deps, input),
    getObject: (input) => reading.getObject(deps, input),
    getSoftDeletedObject: (input) => reading.getSoftDeletedObject(deps, input),
    bulkRestoreObjects: (input) => bulk.bulkRestoreObjects(deps, input),
    restoreObject: (input) => restoring.restoreObject(deps, input),
    openObject: (input) => reading.openObject(deps, input),
    listObjects: (input) => listing.listObjects(deps, input),
    changeObject: (input) => changing.changeObject(deps, input),
    deleteObject: (input) => changing.deleteObject(deps, input),
    copyObject: (input) => copying.copyObject(deps, input),
    rewriteObject: (input) => rewriting.rewriteObject(deps, input),
    moveObject: (input) => copying.moveObject(deps, input),
    composeObject: (input) => composing.composeObject(deps, input),
    insertCache: (input) => caches.insertCache(deps, input),
    getCache: (address) => caches.getCache(deps, address),
    listCaches: (input) => caches.listCaches(deps, input),
    updateCache: (input) => caches.updateCache(deps, input),
    pauseCache: (address) => caches.pauseCache(deps, address),
    resumeCache: (address) => caches.resumeCache(deps, address),
    disableCache: (address) => caches.disableCache(deps, address),
    disableRapidCache: (address) => caches.disableRapidCache(deps, address),
    relocateBucket: (input) => relocating.relocateBucket(deps, input),
    advanceRelocateBucket: (input) => relocating.advanceRelocateBucket(deps, input),
    getOperation: (address) => operating.getOperation(deps, address),
    listOperations: (input) => operating.listOperations(deps, input),
    cancelOperation: (address) => operating.cancelOperation(deps, address),
    createHmacKey: (input) => hmacKeys.createHmacKey(deps, input),
    getHmacKey: (address) => hmacKeys.getHmacKey(deps, address),
    listHmacKeys: (input) => hmacKeys.listHmacKeys(deps, input),
    updateHmacKey: (input) => hmacKeys.updateHmacKey(deps, input),
    deleteHmacKey: (address) => hmacKeys.deleteHmacKey(deps, address),
    insertNotification: (input) => notifying.insertNotification(deps, input),
    getNotification: (input) => notifying.getNotification(deps, input),
    listNotifications: (input) => notifying.listNotifications(deps, input),
    deleteNotification: (input) => notifying.deleteNotification(deps, input),
    watchObjects: (input) => channels.watchObjects(deps, input),
    stopChannel: (input) => channels.stopChannel(deps, input),
    startUpload: (input) => uploading.startUpload(deps, input),
    uploadStatus: (input) => uploading.uploadStatus(deps, input),
    appendUpload: (input) => uploading.appendUpload(deps, input),
    cancelUpload: (input) => uploading.cancelUpload(deps, input),
  };
}

function bindFolders(deps: NamespaceDeps) {
  return {
    insertFolder: (input) => folders.insertFolder(deps, input),
    getFolder: (input) => folders.getFolder(deps, input),
    listFolders: (input) => folders.listFolders(deps, input),
    deleteFolder: (input) => folders.deleteFolder(deps, input),
    renameFolder: (input) => folders.renameFolder(deps, input),
    deleteFolderRecursive: (input) => deletingFolders.deleteFolderRecursive(deps, input),
    insertManagedFolder: (input) => managedFolders.insertManagedFolder(deps, input),
    getManagedFolder: (input) => managedFolders.getManagedFolder(deps, input),
    listManagedFolders: (input) => managedFolders.listManagedFolders(deps, input),
    changeManagedFolder: (input) => managedFolders.changeManagedFolder(deps, input),
    deleteManagedFolder: (input) => managedFolders.deleteManagedFolder(deps, input),
    getManagedFolderPolicy: (input) => managedFolders.getManagedFolderPolicy(deps, input),
    setManagedFolderPolicy: (input) => managedFolders.setManagedFolderPolicy(deps, input),
    testManagedFolderPermissions: (input) => managedFolders.testManagedFolderPermissions(deps, input),
  } satisfies Partial<Namespace>;
}
