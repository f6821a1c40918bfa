import { type Handlers, notYet } from '../api/handlers.ts';
import { listManagedFolders } from './list-managed-folders.ts';

export const managedFolderMethods = {
  'managedFolders.delete': notYet,
  'managedFolders.get': notYet,
  'managedFolders.insert': notYet,
  'managedFolders.list': listManagedFolders,
  'managedFolders.update': notYet,
} satisfies Partial<Handlers>;
