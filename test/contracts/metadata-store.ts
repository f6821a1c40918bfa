/**
 * The contract of `src/stores/metadata/port.ts` as a suite. Each adapter has a runner file that gives it a place to
 * keep a store; whatever an adapter cannot do (another process, a reopen) the place says, with its reason.
 */
import { after, before, describe } from 'node:test';
import { testCommits } from './metadata-store-commits.ts';
import { testJournals } from './metadata-store-journals.ts';
import { testModel } from './metadata-store-model.ts';
import { testProcesses } from './metadata-store-processes.ts';
import { testReads } from './metadata-store-reads.ts';
import type { ContractSettings, Subject } from './metadata-subject.ts';

export function metadataStoreContract(settings: ContractSettings): void {
  const subject: Subject = {
    settings,
    async place(context) {
      const place = await settings.place();
      context.after(() => place.remove());
      return place;
    },
    async store(context) {
      const place = await settings.place();
      const store = await place.open();
      context.after(async () => {
        await store.close();
        await place.remove();
      });
      return store;
    },
  };
  describe(`metadata store: ${settings.name}`, { skip: settings.skip ?? false }, () => {
    before(async () => settings.start?.());
    after(async () => settings.stop?.());
    testReads(subject);
    testCommits(subject);
    testJournals(subject);
    testModel(subject);
    testProcesses(subject);
  });
}
