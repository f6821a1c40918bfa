import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobId } from '../../src/model/ids.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { FileBlobStore } from '../../src/stores/blobs/files/file-blob-store.ts';
import type { FileLayer } from '../../src/stores/blobs/files/file-layer.ts';
import { NodeFileLayer } from '../../src/stores/blobs/files/node-file-layer.ts';
import { fullAfter } from '../support/full-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { blobStoreContract } from './blob-store.ts';

const open = (folder: string, layer: FileLayer = new NodeFileLayer()) =>
  FileBlobStore.open(
    { clock: systemClock, random: systemRandom, crashPoints: noCrashPoints, layer },
    { folder, checkpointBytes: 100_000 },
  );

blobStoreContract('files', async () => {
  const folder = await temporaryFolder('blobs');
  const pathOf = (id: BlobId) => join(folder.path, 'store', 'blobs', id.slice(0, 2), id);
  return {
    open: () => open(join(folder.path, 'store')),
    openFull: (capacityBytes) => open(join(folder.path, 'full'), fullAfter(new NodeFileLayer(), capacityBytes)),
    stored: { read: (id) => readFile(pathOf(id)), replace: (id, bytes) => writeFile(pathOf(id), bytes) },
    folder: folder.path,
    rounds: 50,
    close: async () => await folder[Symbol.asyncDispose](),
  };
});
