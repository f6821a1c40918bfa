/** The comparison itself: it sees nothing where nothing differs, and a gateway that is deaf to one thing at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Mutation, mutatingFilter } from '../support/claim-filters.ts';
import { figureFor } from '../support/full-figures.ts';
import { startMemoryGateway } from '../support/memory-gateway.ts';
import { compareSequence } from './compare.ts';
import { sequence } from './generate-steps.ts';
import { explains, fits, isAbout, type KnownEntry, PEERS } from './known-difference.ts';
import { KNOWN_DIFFERENCES } from './known-differences.ts';

const SEED = 1;

/** What differs first between a gateway and one with a fault; what `known` explains left out. */
async function differencesOf(known: readonly KnownEntry[], sequences: number, fault?: Mutation) {
  const sound = await startMemoryGateway();
  const faulty = await startMemoryGateway(fault === undefined ? {} : { filter: mutatingFilter(fault) });
  const places: string[] = [];
  try {
    const pair = { peer: PEERS[1], straitUrl: faulty.url, peerUrl: sound.url, known };
    for (const [index, steps] of fc.sample(sequence, { seed: SEED, numRuns: sequences }).entries()) {
      const outcome = await compareSequence(pair, `self-${index}-x`, steps);
      places.push(...outcome.unexplained.map(({ step, at }) => `${step.method} ${at}`));
      if (places.length > 0) break;
    }
  } finally {
    await Promise.all([sound.close(), faulty.close()]);
  }
  return places;
}

test('a gateway differs from itself in nothing', async () => {
  assert.deepEqual(await differencesOf([], figureFor({ quick: 60, full: 500 })), []);
});

const COMMON_FAULTS: readonly Mutation[] = [
  { method: 'objects.insert', kind: 'field', name: 'metadata', how: 'drop' },
  { method: 'buckets.patch', kind: 'field', name: 'labels', how: 'drop' },
  { method: 'objects.insert', kind: 'parameter', name: 'ifGenerationMatch', how: 'drop' },
];
/** It takes hundreds of sequences to meet these. */
const RARE_FAULTS: readonly Mutation[] = [
  { method: 'objects.list', kind: 'parameter', name: 'startOffset', how: 'drop' },
  { method: 'objects.get', kind: 'parameter', name: 'generation', how: 'drop' },
  { method: 'objects.compose', kind: 'field', name: 'sourceObjects.generation', how: 'drop' },
];

for (const fault of figureFor({ quick: COMMON_FAULTS, full: [...COMMON_FAULTS, ...RARE_FAULTS] })) {
  test(`a gateway that does not hear ${fault.name} of ${fault.method} is noticed, whatever is known`, async () => {
    const known = KNOWN_DIFFERENCES.filter(({ peer }) => peer === PEERS[1]);
    const found = await differencesOf(known, 1_000, fault);
    assert.notEqual(found.length, 0, 'the entries hide it');
  });
}

test('patterns stand for all of a text', () => {
  assert.ok(fits('objects.*', 'objects.get') && !fits('objects.*', 'buckets.get'));
  assert.ok(fits('200|204', '204') && !fits('200|204', '2004') && !fits('200|204', '1204'));
  assert.ok(fits('body.*acl[]', 'body.items[].acl[]') && !fits('a.b', 'axb'));
  assert.ok(fits('', '') && !fits('', 'absent'));
});

test('an entry explains its own answers alone', () => {
  const entry = {
    kind: 'difference',
    id: 'x',
    peer: 'fake-gcs-server',
    wrong: 'peer',
    methods: ['objects.get'],
    given: ['range*'],
    at: ['body.items[].size'],
    strait: '1',
    what: '',
    source: '',
  } as const;
  assert.ok(isAbout(entry, 'fake-gcs-server', { method: 'objects.get', traits: ['media', 'range x'] }));
  assert.ok(!isAbout(entry, 'storage-testbench', { method: 'objects.get', traits: ['range x'] }));
  assert.ok(!isAbout(entry, 'fake-gcs-server', { method: 'objects.get', traits: ['media'] }));
  assert.ok(explains(entry, { at: 'body.items[12].size', strait: '1', peer: '2' }));
  assert.ok(!explains(entry, { at: 'body.items[12].size', strait: '3', peer: '2' }));
});

test('entries have names of their own', () => {
  const ids = KNOWN_DIFFERENCES.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});
