import { type Handlers, notYet } from '../api/handlers.ts';

export const iamMethods = {
  'buckets.getIamPolicy': notYet,
  'buckets.setIamPolicy': notYet,
  'buckets.testIamPermissions': notYet,
  'managedFolders.getIamPolicy': notYet,
  'managedFolders.setIamPolicy': notYet,
  'managedFolders.testIamPermissions': notYet,
  'objects.getIamPolicy': notYet,
  'objects.setIamPolicy': notYet,
  'objects.testIamPermissions': notYet,
} satisfies Partial<Handlers>;
