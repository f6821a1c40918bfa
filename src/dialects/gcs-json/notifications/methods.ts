import { type Handlers, notYet } from '../api/handlers.ts';

export const notificationMethods = {
  'notifications.delete': notYet,
  'notifications.get': notYet,
  'notifications.insert': notYet,
  'notifications.list': notYet,
} satisfies Partial<Handlers>;
