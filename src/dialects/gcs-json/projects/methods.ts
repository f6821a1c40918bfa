import { type Handlers, notYet } from '../api/handlers.ts';

export const projectMethods = {
  'projects.hmacKeys.create': notYet,
  'projects.hmacKeys.delete': notYet,
  'projects.hmacKeys.get': notYet,
  'projects.hmacKeys.list': notYet,
  'projects.hmacKeys.update': notYet,
  'projects.serviceAccount.get': notYet,
} satisfies Partial<Handlers>;
