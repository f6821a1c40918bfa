import { type Handlers, notYet } from '../api/handlers.ts';

export const aclMethods = {
  'bucketAccessControls.delete': notYet,
  'bucketAccessControls.get': notYet,
  'bucketAccessControls.insert': notYet,
  'bucketAccessControls.list': notYet,
  'bucketAccessControls.patch': notYet,
  'bucketAccessControls.update': notYet,
  'defaultObjectAccessControls.delete': notYet,
  'defaultObjectAccessControls.get': notYet,
  'defaultObjectAccessControls.insert': notYet,
  'defaultObjectAccessControls.list': notYet,
  'defaultObjectAccessControls.patch': notYet,
  'defaultObjectAccessControls.update': notYet,
  'objectAccessControls.delete': notYet,
  'objectAccessControls.get': notYet,
  'objectAccessControls.insert': notYet,
  'objectAccessControls.list': notYet,
  'objectAccessControls.patch': notYet,
  'objectAccessControls.update': notYet,
} satisfies Partial<Handlers>;
