import { type Handlers, notYet } from '../api/handlers.ts';
import { cancelOperation, getOperation, listOperations } from './operations.ts';

export const operationMethods = {
  'operations.advanceRelocateBucket': notYet,
  'operations.cancel': cancelOperation,
  'operations.get': getOperation,
  'operations.list': listOperations,
} satisfies Partial<Handlers>;
