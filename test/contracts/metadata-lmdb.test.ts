import { openMetadataStore } from '../support/open-metadata-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { metadataStoreContract } from './metadata-store.ts';

metadataStoreContract({
  name: 'lmdb',
  rounds: 3_000,
  place: async () => {
    const folder = await temporaryFolder('metadata');
    return {
      open: (clock) => openMetadataStore('lmdb', folder.path, clock && { clock }),
      reopens: true,
      childArgs: ['lmdb', folder.path],
      remove: async () => folder[Symbol.asyncDispose](),
    };
  },
});
