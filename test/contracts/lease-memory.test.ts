import { seededRandom } from '../../src/runtime/random.ts';
import { MemoryLeaseStore } from '../../src/stores/leases/memory/memory-lease-store.ts';
import { leaseStoreContract } from './lease-store.ts';

leaseStoreContract({
  name: 'memory',
  open: async (clock, eventsMax) => new MemoryLeaseStore({ clock, random: seededRandom(1) }, { eventsMax }),
});
