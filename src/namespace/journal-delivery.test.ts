import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lakeFixture } from '../../test/support/lake-fixture.ts';
import type { MetadataStore } from '../stores/metadata/port.ts';
import { type Follower, JournalDelivery } from './journal-delivery.ts';
import { encodeCount } from './rows/notification-row.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const ROW = { key: new Uint8Array([1]), value: encodeCount(0n), version: 1n };

/** A store with one follower and a journal that grows as it is read. */
function endlessJournal(store: MetadataStore): MetadataStore {
  return Object.assign(Object.create(store), {
    get: async (keys: readonly Uint8Array[]) => keys.map(() => ROW),
    scan: async () => [ROW],
    commit: async () => ({ kind: 'committed', version: 1n, minted: [] }),
    async *tail(_journal: string, after: bigint, signal: AbortSignal) {
      for (let seq = after + 1n; !signal.aborted; seq += 1n) {
        yield { seq, value: new Uint8Array() };
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  });
}

test('what a follower keeps in memory does not grow with what it was told', async () => {
  const { deps } = await lakeFixture();
  const stop = new AbortController();
  const sizes: number[] = [];
  let delivered = 0;
  const follower: Follower<bigint> = {
    rowKey: ROW.key,
    cursorKey: ROW.key,
    crashPoint: 'notification.after-publish',
    batch: { messagesMax: 1, bytesMax: 1 },
    logFields: {},
    journal: async () => 'j',
    reader: () => (entry) => [entry.seq],
    bytesOf: () => 1,
    async deliver() {
      delivered += 1;
      if (delivered === 1_000 || delivered === 11_000) sizes.push(heapBytes());
      if (delivered === 11_000) stop.abort();
    },
  };
  const rows = { start: new Uint8Array(), end: new Uint8Array() };
  const kind = { name: 'test', rows, open: () => follower };
  await new JournalDelivery({ ...deps, metadata: endlessJournal(deps.metadata) }, kind).run(stop.signal);
  const [before = 0, after = 0] = sizes;
  assert.ok(after - before < 2 * 2 ** 20, `${after - before} bytes more after 10,000 deliveries`);
});
