import { type Handlers, notYet } from '../api/handlers.ts';

export const operationMethods = {
  'operations.advanceRelocateBucket': notYet,
  'operations.cancel': notYet,
  'operations.get': notYet,
  'operations.list': notYet,
} satisfies Partial<Handlers>;
