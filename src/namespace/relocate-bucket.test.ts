import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, lakeFixture } from '../../test/support/lake-fixture.ts';
import { RPC_CODE } from '../model/operation.ts';
import { advanceOperationsOnce } from './advance-operations.ts';
import { OPERATION_WORKERS } from './operation-workers.ts';
import type { RelocationRequest } from './rules/bucket/relocation.ts';

const HOUR_MS = 3_600_000;
const KEY = 'projects/p/locations/eu/keyRings/r/cryptoKeys/k';
const DUAL = {
  destinationLocation: 'us',
  destinationCustomPlacementConfig: { dataLocations: ['us-east1', 'us-west1'] },
};

async function relocating() {
  const fixture = await lakeFixture();
  const { deps, namespace } = fixture;
  const relocate = (request: RelocationRequest, validateOnly = false) =>
    namespace.relocateBucket({ bucket: LAKE, request, validateOnly });
  const turn = () => advanceOperationsOnce(deps, OPERATION_WORKERS, new AbortController().signal);
  const bucket = () => namespace.getBucket({ name: LAKE, preconditions: {} });
  const get = (id: string) => namespace.getOperation({ bucket: LAKE, id });
  const advance = (id: string, given = {}) =>
    namespace.advanceRelocateBucket({ address: { bucket: LAKE, id }, ...given });
  return { ...fixture, relocate, turn, bucket, get, advance };
}

test('a bucket that stays in its multi-region moves by itself', async () => {
  const { relocate, turn, bucket, get, put, readText } = await relocating();
  await put('a', 'one');
  const { id } = await relocate(DUAL);
  assert.equal((await bucket()).settings['customPlacementConfig'], undefined);
  await turn();
  assert.deepEqual((await get(id)).outcome?.kind, 'response');
  const moved = await bucket();
  assert.deepEqual([moved.location, moved.metageneration], ['US', 2n]);
  assert.deepEqual(moved.settings['customPlacementConfig'], { dataLocations: ['US-EAST1', 'US-WEST1'] });
  assert.equal(await readText('a'), 'one');
});

test('a bucket that moves elsewhere waits until it is told to, and has its key and location then', async () => {
  const { relocate, turn, bucket, get, advance, pass } = await relocating();
  const before = await bucket();
  const { id } = await relocate({ destinationLocation: 'europe-west1', destinationKmsKeyName: KEY });
  for (let round = 0; round < 3; round += 1) {
    await turn();
    pass(HOUR_MS);
  }
  assert.deepEqual(await bucket(), before);
  assert.deepEqual([(await get(id)).progressPercent, (await get(id)).shown['finalizationState']], [99, 'READY']);
  await advance(id, { ttl: '21600s' });
  await turn();
  const { location, settings } = await bucket();
  assert.deepEqual([location, settings['rpo']], ['EUROPE-WEST1', undefined]);
  assert.deepEqual(settings['encryption'], { defaultKmsKeyName: KEY });
  assert.deepEqual([(await get(id)).outcome?.kind, (await get(id)).progressPercent], ['response', 100]);
  await assert.rejects(advance(id), { code: 'invalidArgument' });
});

test('a last step whose time is over goes back to waiting', async () => {
  const { relocate, turn, bucket, get, advance, pass } = await relocating();
  const { id } = await relocate({ destinationLocation: 'EU' });
  await turn();
  await advance(id, { ttl: '21600s' });
  pass(6 * HOUR_MS + 1);
  await turn();
  const { shown, outcome } = await get(id);
  assert.deepEqual(
    [shown['finalizationState'], shown['writeDowntimeExpireTime'], outcome],
    ['READY', undefined, undefined],
  );
  assert.equal((await bucket()).location, 'US');
  await advance(id);
  await turn();
  assert.equal((await bucket()).location, 'EU');
});

test('one relocation of a bucket runs at a time, and a cancelled one leaves the bucket where it is', async () => {
  const { namespace, relocate, turn, bucket, get } = await relocating();
  const begun = await Promise.allSettled([1, 2, 3].map(() => relocate({ destinationLocation: 'EU' })));
  const [first] = begun.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  assert.equal(begun.filter(({ status }) => status === 'fulfilled').length, 1);
  await assert.rejects(relocate({ destinationLocation: 'ASIA' }), { code: 'conflict' });
  const id = first?.id ?? '';
  await namespace.cancelOperation({ bucket: LAKE, id });
  await turn();
  const { outcome } = await get(id);
  assert.equal(outcome?.kind === 'error' && outcome.code, RPC_CODE.cancelled);
  assert.deepEqual([(await bucket()).location, (await bucket()).metageneration], ['US', 1n]);
  await relocate({ destinationLocation: 'ASIA' });
});

test('what cannot be is refused at once; judging alone changes nothing', async () => {
  const { relocate, turn, bucket, advance } = await relocating();
  const refused: readonly RelocationRequest[] = [
    ...[{}, { destinationLocation: 'us' }, { destinationLocation: 'a b' }],
    { destinationLocation: 'EU', destinationKmsKeyName: 'k' },
    { destinationLocation: 'EU', destinationCustomPlacementConfig: { dataLocations: ['us-east1', 'us-west1'] } },
    { destinationLocation: 'US', destinationCustomPlacementConfig: { dataLocations: ['us-east1'] } },
  ];
  for (const request of refused) {
    await assert.rejects(relocate(request), { code: 'invalidArgument' }, JSON.stringify(request));
    await assert.rejects(relocate(request, true), { code: 'invalidArgument' });
  }
  const judged = await relocate({ destinationLocation: 'EU' }, true);
  assert.equal(judged.outcome?.kind, 'response');
  await turn();
  assert.equal((await bucket()).location, 'US');
  await assert.rejects(advance(judged.id), { code: 'invalidArgument' });
  const { id } = await relocate({ destinationLocation: 'EU' });
  const nowMs = Date.UTC(2001, 1, 1);
  const times = [{ ttl: '21599s' }, { ttl: '172801s' }, { expireTime: new Date(nowMs).toISOString() }];
  for (const given of [...times, { ttl: '21600s', expireTime: '2100-01-01T00:00:00Z' }]) {
    await assert.rejects(advance(id, given), { code: 'invalidArgument' }, JSON.stringify(given));
  }
});

test('a relocation ends with its bucket, though it waits', async () => {
  const { namespace, relocate, turn } = await relocating();
  await relocate({ destinationLocation: 'EU' });
  assert.equal(await turn(), 0);
  await namespace.deleteBucket({ name: LAKE, preconditions: {} });
  assert.deepEqual([await turn(), await turn()], [1, 0]);
});

test('turbo replication does not come along where there is none', async () => {
  const { namespace } = await relocating();
  const place = { name: 'fast', project: 'p', location: 'NAM4', storageClass: 'STANDARD' };
  await namespace.insertBucket({ ...place, settings: { rpo: 'ASYNC_TURBO' } });
  const request = { destinationLocation: 'EU' };
  const relocated = namespace.relocateBucket({ bucket: 'fast', request, validateOnly: false });
  await assert.rejects(relocated, { code: 'invalidArgument' });
});
