import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { LMDB_DEFAULTS, openLmdbMetadataStore } from '../../src/stores/metadata/lmdb/lmdb-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { metadataStoreContract } from './metadata-store.ts';

metadataStoreContract('lmdb', {
  rounds: 3_000,
  place: async () => {
    const folder = await temporaryFolder('metadata');
    return {
      open: async () =>
        openLmdbMetadataStore(
          { ...LMDB_DEFAULTS, folder: folder.path },
          { clock: systemClock, crashPoints: noCrashPoints },
        ),
      reopens: true,
      remove: async () => folder[Symbol.asyncDispose](),
    };
  },
});
