/**
 * The whole replay while processes die: every two seconds a random gateway or sync process, the cloud's included, gets
 * `kill -9` and is started again at once. Commits keep being published between kills, no reader ever sees a broken
 * one, and in the end both sites are proved equal to the cloud.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunningLake } from '../../src/apps/demo/lake-run.ts';
import type { SiteProcess } from '../../src/apps/demo/site-process.ts';
import { seededRandom } from '../../src/runtime/random.ts';
import { figureFor } from '../support/full-figures.ts';
import { recordFigure } from '../support/record-figure.ts';
import { SAMPLES_MISSING, sampleTables } from '../support/sample-tables.ts';
import { prepareSample, runTwoSites } from '../support/two-sites.ts';

const KILL_EVERY_MS = 2_000;
const START_MS = 20_000;
const kills = figureFor({ quick: 10, full: 50 });
/** Spread over the time the kills take, so that each finds work under way. */
const commitsPerSecond = figureFor({ quick: 3, full: 0.8 });
const QUICK_TABLES = /^(delta-dv-|delta-v2-|hudi-mor-v8-|hudi-mor-v9-|iceberg-v2-position|iceberg-v1-name|plain-orc)/;

test(`${kills} kills of random processes during a replay`, {
  skip: SAMPLES_MISSING,
  timeout: figureFor({ quick: 300_000, full: 1_200_000 }),
}, async () => {
  const random = seededRandom(23);
  const samples = sampleTables().filter(({ name }) => kills >= 50 || QUICK_TABLES.test(name));
  const tables = await Promise.all(samples.map((sample) => prepareSample(sample, { orphansPerStep: 1 })));
  const killed: string[] = [];
  const killAndRestart = async (process: SiteProcess) => {
    killed.push(process.spec.name);
    await process.kill();
    process.start();
    await process.ready(START_MS);
  };
  const beside = async ({ processes, signal }: RunningLake) => {
    const all = [processes.cloud, ...processes.sites];
    let nextMs = performance.now() + KILL_EVERY_MS;
    while (killed.length < kills && !signal.aborted) {
      await new Promise((wake) => setTimeout(wake, Math.max(0, nextMs - performance.now())));
      nextMs = performance.now() + KILL_EVERY_MS;
      const victim = all[Math.floor(random.unit() * all.length)];
      if (victim !== undefined && !signal.aborted) await killAndRestart(victim);
    }
  };
  const report = await runTwoSites({ tables, commitsPerSecond, beside, convergeMs: 120_000 });
  recordFigure({ name: 'replay kills', value: killed.length });
  recordFigure({ name: 'replay kills: seconds', value: Math.round(report.seconds), unit: 's' });
  const sites = report.tables.flatMap((table) => table.sites);
  recordFigure({
    name: 'replay kills: broken snapshots',
    value: sites.reduce((total, site) => total + site.broken, 0),
  });
  recordFigure({
    name: 'replay kills: snapshots opened',
    value: sites.reduce((total, site) => total + site.opened, 0),
  });
  assert.deepEqual(report.problems, []);
  assert.ok(killed.length === kills, `only ${killed.length} kills fell into the replay`);
});
