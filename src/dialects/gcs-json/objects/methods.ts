import type { Handlers } from '../api/handlers.ts';
import { deleteObject, patchObject, updateObject } from './change-object.ts';
import { composeObject, copyObject, moveObject, rewriteObject } from './copy-object.ts';
import { getObject } from './get-object.ts';
import { insertElsewhere } from './insert-object.ts';
import { listObjects } from './list-objects.ts';
import { bulkRestoreObjects, restoreObject } from './restore-object.ts';

export const objectMethods = {
  'objects.bulkRestore': bulkRestoreObjects,
  'objects.compose': composeObject,
  'objects.copy': copyObject,
  'objects.delete': deleteObject,
  'objects.get': getObject,
  'objects.insert': insertElsewhere,
  'objects.list': listObjects,
  'objects.move': moveObject,
  'objects.patch': patchObject,
  'objects.restore': restoreObject,
  'objects.rewrite': rewriteObject,
  'objects.update': updateObject,
} satisfies Partial<Handlers>;
