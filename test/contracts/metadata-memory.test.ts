import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { MemoryMetadataStore } from '../../src/stores/metadata/memory/memory-store.ts';
import { metadataStoreContract } from './metadata-store.ts';

metadataStoreContract('memory', {
  rounds: 5_000,
  place: async () => ({
    open: async () => new MemoryMetadataStore({ clock: systemClock, crashPoints: noCrashPoints }),
    reopens: false,
    remove: async () => {},
  }),
});
