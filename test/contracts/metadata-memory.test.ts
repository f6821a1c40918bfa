import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { MemoryMetadataStore } from '../../src/stores/metadata/memory/memory-store.ts';
import { metadataStoreContract } from './metadata-store.ts';

metadataStoreContract({
  name: 'memory',
  rounds: 5_000,
  place: async () => ({
    open: async (clock = systemClock) => new MemoryMetadataStore({ clock, crashPoints: noCrashPoints }),
    reopens: false,
    remove: async () => {},
  }),
});
