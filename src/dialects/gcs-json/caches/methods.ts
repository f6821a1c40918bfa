import type { Handlers } from '../api/handlers.ts';
import {
  disableCache,
  disableRapidCache,
  getCache,
  insertCache,
  listCaches,
  pauseCache,
  resumeCache,
  updateCache,
} from './caches.ts';

export const cacheMethods = {
  'anywhereCaches.disable': disableCache,
  'anywhereCaches.get': getCache,
  'anywhereCaches.insert': insertCache,
  'anywhereCaches.list': listCaches,
  'anywhereCaches.pause': pauseCache,
  'anywhereCaches.resume': resumeCache,
  'anywhereCaches.update': updateCache,
  'rapidCaches.disable': disableRapidCache,
  'rapidCaches.get': getCache,
  'rapidCaches.insert': insertCache,
  'rapidCaches.list': listCaches,
  'rapidCaches.update': updateCache,
} satisfies Partial<Handlers>;
