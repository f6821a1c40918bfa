import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '../../test/support/manual-clock.ts';
import { StraitError } from '../model/errors.ts';
import type { ResourceAnswer } from '../remotes/port.ts';
import { createOwnerReads } from './owner-reads.ts';

const { signal } = new AbortController();
const question = { path: ['b', 'lake', 'iam'], query: [] };
const answer: ResourceAnswer = { status: 200, resource: { kind: 'storage#policy' } };

function ownerThat(getResource: () => Promise<ResourceAnswer>) {
  const clock = manualClock();
  const remote = { getResource, listPage: () => Promise.reject(new Error('not asked here')) };
  return { clock, owner: createOwnerReads({ remote, clock }, 'https://cloud.example') };
}

test('an owner that does not answer is unavailable, and away for a while', async () => {
  let isThere = false;
  const { clock, owner } = ownerThat(async () => {
    if (!isThere) throw new StraitError('unavailable', 'GET failed (6 tries)', {});
    return answer;
  });
  assert.equal(owner.listings.isAway(), false);
  await assert.rejects(owner.ask(question, signal), {
    code: 'unavailable',
    message: /https:\/\/cloud\.example, and it/,
  });
  assert.equal(owner.listings.isAway(), true);
  await clock.advance(5_000);
  assert.equal(owner.listings.isAway(), false);
  await assert.rejects(owner.ask(question, signal));
  isThere = true;
  assert.deepEqual(await owner.ask(question, signal), answer);
  assert.equal(owner.listings.isAway(), false, 'an answer says that it is back');
});

test('one that refuses the credentials of this site is unavailable, and answers all the same', async () => {
  const { owner } = ownerThat(async () => {
    throw new StraitError('permissionDenied', 'GET answered 401', {});
  });
  await assert.rejects(owner.ask(question, signal), { code: 'unavailable', message: /--cloud-credentials/ });
  assert.equal(owner.listings.isAway(), false);
});

test('a refusal is an answer', async () => {
  const refusal = { status: 403, resource: { error: { code: 403 } } };
  const { owner } = ownerThat(async () => refusal);
  assert.deepEqual(await owner.ask(question, signal), refusal);
});
