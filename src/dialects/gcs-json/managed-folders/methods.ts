import type { Handlers } from '../api/handlers.ts';
import {
  deleteManagedFolder,
  getManagedFolder,
  insertManagedFolder,
  listManagedFolders,
  updateManagedFolder,
} from './managed-folders.ts';

export const managedFolderMethods = {
  'managedFolders.delete': deleteManagedFolder,
  'managedFolders.get': getManagedFolder,
  'managedFolders.insert': insertManagedFolder,
  'managedFolders.list': listManagedFolders,
  'managedFolders.update': updateManagedFolder,
} satisfies Partial<Handlers>;
