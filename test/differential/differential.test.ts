/**
 * The same sequences of requests for Strait and for two implementations that others wrote: every answer that differs is
 * explained by an entry, and every entry is needed. Every run says the same sequences, so that what turns it red is a
 * change of ours; `STRAIT_DIFFERENTIAL_SEED` tries others, and `STRAIT_TEST_FULL=1` thousands.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { figureFor, isFullRun } from '../support/full-figures.ts';
import { startMemoryGateway } from '../support/memory-gateway.ts';
import { recordFigure } from '../support/record-figure.ts';
import { compareSequence, describe, type Pair } from './compare.ts';
import { sequence } from './generate-steps.ts';
import { PEERS, type PeerName } from './known-difference.ts';
import { KNOWN_DIFFERENCES } from './known-differences.ts';
import { startPeer, whyNoPeer } from './peers.ts';

const sequences = figureFor({ quick: 100, full: 5_000 });
const otherSeed = process.env['STRAIT_DIFFERENTIAL_SEED'];
const seed = Number(otherSeed ?? 1);
const MINUTES = 60_000;

for (const peer of PEERS) {
  test(`${sequences} sequences, answered as ${peer} does or better`, {
    skip: whyNoPeer(peer),
    timeout: 60 * MINUTES,
  }, async () => {
    const server = await startPeer(peer);
    const gateway = await startMemoryGateway();
    try {
      await compareAll({ peer, straitUrl: gateway.url, peerUrl: server.url, known: KNOWN_DIFFERENCES });
    } finally {
      await gateway.close();
      await server.stop();
    }
  });
}

async function compareAll(pair: Pair): Promise<void> {
  const used = new Set<string>();
  let runs = 0;
  let requests = 0;
  const property = fc.asyncProperty(sequence, async (steps) => {
    runs += 1;
    const outcome = await compareSequence(pair, `d${seed}-${runs}-x`, steps);
    requests += outcome.compared;
    for (const id of outcome.used) used.add(id);
    if (outcome.unexplained.length > 0) assert.fail(describe(steps, outcome.unexplained));
  });
  await fc.assert(property, { seed, numRuns: sequences });
  recordFigure({ name: `differential: sequences compared with ${pair.peer}`, value: runs });
  recordFigure({ name: `differential: requests compared with ${pair.peer}`, value: requests });
  if (isFullRun && otherSeed === undefined) assertAllUsed(pair.peer, used);
}

/** Only many sequences meet the rarest difference. */
function assertAllUsed(peer: PeerName, used: ReadonlySet<string>): void {
  const own = KNOWN_DIFFERENCES.filter((entry) => entry.peer === peer);
  const idle = own.filter(({ id }) => !used.has(id)).map(({ id }) => id);
  assert.deepEqual(idle, [], `of ${peer} these differences are known, but nothing differs so any more`);
}
