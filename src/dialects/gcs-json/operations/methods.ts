import type { Handlers } from '../api/handlers.ts';
import { advanceRelocateBucket, cancelOperation, getOperation, listOperations } from './operations.ts';

export const operationMethods = {
  'operations.advanceRelocateBucket': advanceRelocateBucket,
  'operations.cancel': cancelOperation,
  'operations.get': getOperation,
  'operations.list': listOperations,
} satisfies Partial<Handlers>;
