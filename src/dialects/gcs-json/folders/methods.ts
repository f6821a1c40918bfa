import { type Handlers, notYet } from '../api/handlers.ts';

export const folderMethods = {
  'folders.delete': notYet,
  'folders.deleteRecursive': notYet,
  'folders.get': notYet,
  'folders.insert': notYet,
  'folders.list': notYet,
  'folders.rename': notYet,
} satisfies Partial<Handlers>;
