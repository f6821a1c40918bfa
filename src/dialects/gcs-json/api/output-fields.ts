import type { SchemaName } from './document.ts';

/**
 * Fields the server alone tells: clients may send them, as they do when they send back what they read, and are not
 * heard. The discovery document does not mark them; the reference page of each resource and the `OUTPUT_ONLY` marks of
 * google/storage/v2/storage.proto do. `a.b` is a field of `a`, and of each member when `a` is a list.
 */
export const OUTPUT_FIELDS: { readonly [Name in SchemaName]?: readonly string[] } = {
  AnywhereCache: [
    ...['anywhereCacheId', 'bucket', 'createTime', 'id', 'kind', 'pendingUpdate', 'selfLink', 'state', 'updateTime'],
  ],
  Bucket: [
    ...['etag', 'generation', 'hardDeleteTime', 'id', 'kind', 'locationType', 'metageneration', 'owner'],
    ...['projectNumber', 'satisfiesPZI', 'satisfiesPZS', 'selfLink', 'softDeleteTime', 'timeCreated', 'updated'],
    ...['autoclass.terminalStorageClassUpdateTime', 'autoclass.toggleTime'],
    'encryption.customerManagedEncryptionEnforcementConfig.effectiveTime',
    'encryption.customerSuppliedEncryptionEnforcementConfig.effectiveTime',
    'encryption.googleManagedEncryptionEnforcementConfig.effectiveTime',
    ...['iamConfiguration.bucketPolicyOnly.lockedTime', 'iamConfiguration.uniformBucketLevelAccess.lockedTime'],
    ...['objectRetention', 'retentionPolicy.effectiveTime', 'retentionPolicy.isLocked'],
    'softDeletePolicy.effectiveTime',
  ],
  BucketAccessControl: ['bucket', 'domain', 'email', 'entityId', 'etag', 'id', 'kind', 'projectTeam', 'selfLink'],
  Channel: ['kind', 'resourceUri'],
  ComposeRequest: ['kind'],
  Folder: [...['bucket', 'createTime', 'id', 'kind', 'metageneration', 'pendingRenameInfo', 'selfLink', 'updateTime']],
  HmacKeyMetadata: [
    ...['accessId', 'id', 'kind', 'projectId', 'selfLink', 'serviceAccountEmail', 'timeCreated', 'updated'],
  ],
  ManagedFolder: ['bucket', 'createTime', 'id', 'kind', 'metageneration', 'selfLink', 'updateTime'],
  Notification: ['etag', 'id', 'kind', 'selfLink'],
  Object: [
    ...['bucket', 'componentCount', 'customerEncryption', 'etag', 'generation', 'hardDeleteTime', 'id', 'kind'],
    ...['mediaLink', 'metageneration', 'owner', 'restoreToken', 'retentionExpirationTime', 'selfLink', 'size'],
    ...['softDeleteTime', 'timeCreated', 'timeDeleted', 'timeFinalized', 'timeStorageClassUpdated', 'updated'],
  ],
  ObjectAccessControl: [
    ...['bucket', 'domain', 'email', 'entityId', 'etag', 'generation', 'id', 'kind', 'object', 'projectTeam'],
    'selfLink',
  ],
  ObjectCustomContextPayload: ['createTime', 'extendedDataTypeUrl', 'updateTime'],
  Policy: ['kind', 'resourceId'],
  RapidCache: [
    ...['bucket', 'createTime', 'id', 'kind', 'pendingUpdate', 'rapidCacheId', 'selfLink', 'state', 'updateTime'],
  ],
};
