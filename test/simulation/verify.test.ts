/** The audit between two remotes in memory: what is wrong is found, whatever else differs for a good reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryRemote } from '../../src/remotes/memory/memory-remote.ts';
import { seededRandom } from '../../src/runtime/random.ts';
import { verifySite } from '../../src/sync/verify.ts';
import { eagerClock } from '../support/eager-clock.ts';

test('names that retire do not crowd out a name that is missing', async () => {
  const clock = eagerClock();
  const [cloud, site] = [1, 2].map((seed) => new MemoryRemote({ clock, random: seededRandom(seed) }));
  assert.ok(cloud !== undefined && site !== undefined);
  for (const remote of [cloud, site]) remote.createBucket('lake');
  const retiring = 1_500;
  for (let index = 0; index < retiring; index += 1) site.put('lake', `old/${index}`, 'x');
  cloud.put('lake', 'z', 'lost here');
  const status = async () => ({ caughtUp: true, retiring, tables: [], unresolved: [] });
  const options = { buckets: ['lake'], readsBytes: false };
  const report = await verifySite({ site, cloud, clock, formats: [], status }, options, new AbortController().signal);
  assert.equal(report.equal, false);
  assert.equal(report.retiring, retiring);
  assert.deepEqual(
    report.differences.map(({ kind, name }) => ({ kind, name })),
    [{ kind: 'missing', name: 'z' }],
  );
});
