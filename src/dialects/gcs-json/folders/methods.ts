import type { Handlers } from '../api/handlers.ts';
import { deleteFolder, deleteFolderRecursive, getFolder, insertFolder, listFolders, renameFolder } from './folders.ts';

export const folderMethods = {
  'folders.delete': deleteFolder,
  'folders.deleteRecursive': deleteFolderRecursive,
  'folders.get': getFolder,
  'folders.insert': insertFolder,
  'folders.list': listFolders,
  'folders.rename': renameFolder,
} satisfies Partial<Handlers>;
