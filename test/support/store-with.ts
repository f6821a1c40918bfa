import type { MetadataStore } from '../../src/stores/metadata/port.ts';

/** The store with some of its methods in other hands: to count what is asked of it, or to get in between. */
export function storeWith(store: MetadataStore, methods: Partial<MetadataStore>): MetadataStore {
  return {
    get: (keys) => store.get(keys),
    scan: (range, options) => store.scan(range, options),
    snapshot: (read) => store.snapshot(read),
    commit: (transaction) => store.commit(transaction),
    tail: (journal, after, signal) => store.tail(journal, after, signal),
    head: (journal) => store.head(journal),
    close: () => store.close(),
    ...methods,
  };
}
