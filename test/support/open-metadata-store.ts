import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { type CrashPoints, noCrashPoints } from '../../src/runtime/crash-points.ts';
import { LMDB_DEFAULTS, openLmdbMetadataStore } from '../../src/stores/metadata/lmdb/lmdb-store.ts';
import type { MetadataStore } from '../../src/stores/metadata/port.ts';
import { openPostgresMetadataStore, POSTGRES_DEFAULTS } from '../../src/stores/metadata/postgres/postgres-store.ts';

export interface TestDeps {
  readonly clock?: Clock;
  readonly crashPoints?: CrashPoints;
}

/** Opens a durable store by the two words a child process is given: the adapter, and a folder or `URL#SCHEMA`. */
export async function openMetadataStore(
  adapter: string,
  location: string,
  deps: TestDeps = {},
): Promise<MetadataStore> {
  const full = { clock: deps.clock ?? systemClock, crashPoints: deps.crashPoints ?? noCrashPoints };
  if (adapter === 'lmdb') {
    const mapBytes = Number(process.env['STRAIT_TEST_MAP_BYTES'] ?? LMDB_DEFAULTS.mapBytes);
    return openLmdbMetadataStore({ ...LMDB_DEFAULTS, mapBytes, folder: location }, full);
  }
  if (adapter === 'postgres') {
    const [url = '', schema = ''] = location.split('#');
    return openPostgresMetadataStore({ ...POSTGRES_DEFAULTS, url, schema }, full);
  }
  throw new Error(`no such adapter: ${adapter}`);
}
