import { type Handlers, notYet } from '../api/handlers.ts';

export const cacheMethods = {
  'anywhereCaches.disable': notYet,
  'anywhereCaches.get': notYet,
  'anywhereCaches.insert': notYet,
  'anywhereCaches.list': notYet,
  'anywhereCaches.pause': notYet,
  'anywhereCaches.resume': notYet,
  'anywhereCaches.update': notYet,
  'rapidCaches.disable': notYet,
  'rapidCaches.get': notYet,
  'rapidCaches.insert': notYet,
  'rapidCaches.list': notYet,
  'rapidCaches.update': notYet,
} satisfies Partial<Handlers>;
