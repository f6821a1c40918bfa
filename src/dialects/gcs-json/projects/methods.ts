import { type Handlers, notYet } from '../api/handlers.ts';
import { createHmacKey, deleteHmacKey, getHmacKey, listHmacKeys, updateHmacKey } from './hmac-keys.ts';

export const projectMethods = {
  'projects.hmacKeys.create': createHmacKey,
  'projects.hmacKeys.delete': deleteHmacKey,
  'projects.hmacKeys.get': getHmacKey,
  'projects.hmacKeys.list': listHmacKeys,
  'projects.hmacKeys.update': updateHmacKey,
  'projects.serviceAccount.get': notYet,
} satisfies Partial<Handlers>;
