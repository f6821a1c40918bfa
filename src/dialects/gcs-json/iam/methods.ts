import type { Handlers } from '../api/handlers.ts';
import {
  getManagedFolderPolicy,
  setManagedFolderPolicy,
  testManagedFolderPermissions,
} from './managed-folder-policies.ts';
import {
  getBucketPolicy,
  getObjectPolicy,
  setBucketPolicy,
  setObjectPolicy,
  testBucketPermissions,
  testObjectPermissions,
} from './policies.ts';

export const iamMethods = {
  'buckets.getIamPolicy': getBucketPolicy,
  'buckets.setIamPolicy': setBucketPolicy,
  'buckets.testIamPermissions': testBucketPermissions,
  'managedFolders.getIamPolicy': getManagedFolderPolicy,
  'managedFolders.setIamPolicy': setManagedFolderPolicy,
  'managedFolders.testIamPermissions': testManagedFolderPermissions,
  'objects.getIamPolicy': getObjectPolicy,
  'objects.setIamPolicy': setObjectPolicy,
  'objects.testIamPermissions': testObjectPermissions,
} satisfies Partial<Handlers>;
