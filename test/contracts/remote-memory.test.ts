import { MemoryRemote } from '../../src/remotes/memory/memory-remote.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { seededRandom } from '../../src/runtime/random.ts';
import { remoteContract } from './remote.ts';

remoteContract('memory', async () => {
  const remote = new MemoryRemote({ clock: systemClock, random: seededRandom(1) });
  return {
    remote,
    createBucket: async (name) => remote.createBucket(name),
    put: async (bucket, name, bytes, attributes) => void remote.put(bucket, name, bytes, attributes),
    patch: async (bucket, name, attributes) => void remote.patch(bucket, name, attributes),
    delete: async (bucket, name) => remote.delete(bucket, name),
    close: () => remote.close(),
  };
});
