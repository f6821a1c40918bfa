import { type Handlers, notYet } from '../api/handlers.ts';
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
  'managedFolders.getIamPolicy': notYet,
  'managedFolders.setIamPolicy': notYet,
  'managedFolders.testIamPermissions': notYet,
  'objects.getIamPolicy': getObjectPolicy,
  'objects.setIamPolicy': setObjectPolicy,
  'objects.testIamPermissions': testObjectPermissions,
} satisfies Partial<Handlers>;
