import type { Handlers } from '../api/handlers.ts';
import { createHmacKey, deleteHmacKey, getHmacKey, listHmacKeys, updateHmacKey } from './hmac-keys.ts';
import { getServiceAccount } from './service-account.ts';

export const projectMethods = {
  'projects.hmacKeys.create': createHmacKey,
  'projects.hmacKeys.delete': deleteHmacKey,
  'projects.hmacKeys.get': getHmacKey,
  'projects.hmacKeys.list': listHmacKeys,
  'projects.hmacKeys.update': updateHmacKey,
  'projects.serviceAccount.get': getServiceAccount,
} satisfies Partial<Handlers>;
