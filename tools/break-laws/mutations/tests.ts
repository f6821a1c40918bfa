/** The tests that ARCHITECTURE.md names, and what they say. */
import type { Trial } from '../mutation.ts';

export const NAMESPACE_MODEL = 'src/namespace/namespace-model.test.ts';
export const OBJECTS = 'src/namespace/objects.test.ts';
export const VERSIONS = 'src/namespace/versions.test.ts';
export const VERSIONS_MODEL = 'src/namespace/versions-model.test.ts';
export const FOLDERS_MODEL = 'src/namespace/folders/folders-model.test.ts';
export const KILL_FOLDERS = 'test/faults/kill-folders.test.ts';
export const KEPT_OBJECTS = 'src/namespace/kept-objects.test.ts';
export const KEPT_OBJECTS_MODEL = 'src/namespace/kept-objects-model.test.ts';
export const OBJECT_RETENTION = 'src/namespace/rules/object-retention.test.ts';
export const KILL_WRITERS = 'test/faults/kill-writers.test.ts';
export const FLUSH_ORDER = 'test/faults/blob-flush-order.test.ts';
export const POWER_LOSS = 'test/faults/blob-power-loss.test.ts';
export const LMDB_FLUSH = 'test/faults/metadata-lmdb-flush.test.ts';
export const BLOB_STORE = 'test/contracts/blob-store.ts';
export const BLOB_ENCRYPTION = 'test/contracts/blob-encryption.ts';
export const ENCRYPTION = 'test/acceptance/encryption.test.ts';
export const AT_REST = 'test/faults/encryption-at-rest.test.ts';
export const COPY_RACES = 'test/contracts/copy-races.test.ts';
export const COMMITS = 'test/contracts/metadata-store-commits.ts';
export const JOURNALS = 'test/contracts/metadata-store-journals.ts';
export const PROCESSES = 'test/contracts/metadata-store-processes.ts';
export const SYNC = 'test/simulation/sync.test.ts';
export const SYNC_RACES = 'test/simulation/sync-races.test.ts';
export const TABLES = 'test/simulation/tables.test.ts';
export const DELTA_LOOK = 'src/tables/delta/delta-look.test.ts';
export const ICEBERG_FORMAT = 'src/tables/iceberg/iceberg-format.test.ts';
export const TWO_SITES = 'test/replay/two-sites.test.ts';
export const BUCKETS = 'src/namespace/buckets.test.ts';
export const SOFT_DELETED_BUCKETS = 'src/namespace/soft-deleted-buckets.test.ts';
export const COMMAND = 'test/acceptance/command.test.ts';
export const SITE_READS = 'test/acceptance/site-reads.test.ts';
export const SITE_WRITES = 'test/acceptance/site-writes.test.ts';
export const HTTP_SERVER = 'test/http/http-server.test.ts';
export const LARGE_TABLES = 'test/scale/large-tables.test.ts';
export const SERVICE_SETTINGS = 'src/apps/service-settings.test.ts';

/** Contracts run over an adapter. */
export const FILES = 'test/contracts/blobs-files.test.ts';
export const LMDB = 'test/contracts/metadata-lmdb.test.ts';
export const POSTGRES = 'test/contracts/metadata-postgres.test.ts';

/** What simulations say when time goes by and the world never gets where it should. */
export const NEVER = /^Error: not reached in/;

export const killedAtEveryPoint = (red: RegExp): Trial => ({ test: KILL_WRITERS, only: 'at every crash point', red });
export const historiesAgree = (red: RegExp): Trial => ({ test: NAMESPACE_MODEL, only: 'random histories', red });
