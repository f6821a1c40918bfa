import type { Handlers } from '../api/handlers.ts';
import { bucketControls, defaultObjectControls, objectControls } from './access-controls.ts';

export const aclMethods = {
  'bucketAccessControls.delete': bucketControls.delete,
  'bucketAccessControls.get': bucketControls.get,
  'bucketAccessControls.insert': bucketControls.insert,
  'bucketAccessControls.list': bucketControls.list,
  'bucketAccessControls.patch': bucketControls.patch,
  'bucketAccessControls.update': bucketControls.update,
  'defaultObjectAccessControls.delete': defaultObjectControls.delete,
  'defaultObjectAccessControls.get': defaultObjectControls.get,
  'defaultObjectAccessControls.insert': defaultObjectControls.insert,
  'defaultObjectAccessControls.list': defaultObjectControls.list,
  'defaultObjectAccessControls.patch': defaultObjectControls.patch,
  'defaultObjectAccessControls.update': defaultObjectControls.update,
  'objectAccessControls.delete': objectControls.delete,
  'objectAccessControls.get': objectControls.get,
  'objectAccessControls.insert': objectControls.insert,
  'objectAccessControls.list': objectControls.list,
  'objectAccessControls.patch': objectControls.patch,
  'objectAccessControls.update': objectControls.update,
} satisfies Partial<Handlers>;
