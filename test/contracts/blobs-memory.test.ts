import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { MemoryBlobStore } from '../../src/stores/blobs/memory/memory-blob-store.ts';
import { blobStoreContract } from './blob-store.ts';

const deps = { clock: systemClock, random: systemRandom };

blobStoreContract('memory', async () => {
  const store = new MemoryBlobStore(deps);
  return {
    open: async () => store,
    openFull: async (capacityBytes) => new MemoryBlobStore(deps, { capacityBytes }),
    rounds: 50,
    keepsAllInMemory: true,
    close: async () => {},
  };
});
