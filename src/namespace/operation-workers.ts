import type { OperationWorkers } from './advance-operations.ts';
import { bulkRestoreWorker } from './bulk-restore-objects.ts';
import { CACHE_WORKERS } from './caches.ts';
import { deleteFolderWorker } from './folders/delete-folder-recursive.ts';
import { relocateWorker } from './relocate-bucket.ts';

/** Who drives which operations on. Kinds that are whole when they begin need nobody. */
export const OPERATION_WORKERS: OperationWorkers = {
  ...CACHE_WORKERS,
  bulkRestoreObjects: bulkRestoreWorker,
  relocateBucket: relocateWorker,
  deleteFolderRecursive: deleteFolderWorker,
};
