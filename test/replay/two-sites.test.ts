import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderReport } from '../../src/apps/demo/demo-report.ts';
import type { LakeRunReport } from '../../src/apps/demo/lake-run.ts';
import { figureFor } from '../support/full-figures.ts';
import { recordFigure } from '../support/record-figure.ts';
import { SAMPLES_MISSING, sampleTables } from '../support/sample-tables.ts';
import { prepareSample, runTwoSites, SERVE_MISSING } from '../support/two-sites.ts';

const skip = SAMPLES_MISSING || SERVE_MISSING;

function record(prefix: string, report: LakeRunReport): void {
  const sites = report.tables.flatMap((table) => table.sites);
  const sum = (pick: (site: (typeof sites)[number]) => number) => sites.reduce((total, site) => total + pick(site), 0);
  recordFigure({ name: `${prefix}: broken snapshots`, value: sum((site) => site.broken) });
  recordFigure({ name: `${prefix}: snapshots opened`, value: sum((site) => site.opened) });
  const p99 = Math.max(...sites.map((site) => site.lagMs?.p99 ?? 0));
  recordFigure({ name: `${prefix}: lag p99, worst table`, value: Math.round(p99), unit: 'ms' });
  recordFigure({ name: `${prefix}: seconds`, value: report.seconds, unit: 's' });
}

test('commits a second apart appear one by one at two sites, and each is opened there', {
  skip,
  timeout: 120_000,
}, async () => {
  const [table] = sampleTables().filter(({ name }) => name === 'delta-dv-partitioned-checkpoint');
  assert.ok(table !== undefined);
  const report = await runTwoSites({ tables: [await prepareSample(table)], commitsPerSecond: 1 });
  record('one Delta table, a commit a second', report);
  assert.deepEqual(report.problems, []);
  for (const { site, versions, lagMs } of report.tables[0]?.sites ?? []) {
    recordFigure({ name: `versions opened at ${site} of 16`, value: versions });
    recordFigure({ name: `versions published at ${site} of 16`, value: lagMs?.count ?? 0 });
    const published = lagMs?.count ?? 0;
    assert.ok(published >= 0.8 * 16, `${published} of 16 versions were published by themselves at ${site}`);
    assert.ok(versions >= published, `${versions} of ${published} published versions were opened at ${site}`);
    assert.ok((lagMs?.p99 ?? 0) <= figureFor({ quick: 10_000, full: 2_000 }), `lag p99 ${lagMs?.p99} ms at ${site}`);
  }
});

test('all sample tables arrive at two sites: nothing broken, rows as counted elsewhere', {
  skip,
  timeout: 300_000,
}, async () => {
  const tables = await Promise.all(sampleTables().map((table) => prepareSample(table, { orphansPerStep: 1 })));
  const report = await runTwoSites({ tables, commitsPerSecond: 10 });
  record('all tables', report);
  console.log(renderReport(report));
  assert.deepEqual(report.problems, []);
});
