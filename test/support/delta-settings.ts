import type { DeltaSettings } from '../../src/tables/delta/delta-format.ts';

/** So few keys that walks over small tables go in passes too. */
export const KEYS_FEW: DeltaSettings = { keysMax: 3, cacheEntriesMax: 4 };
