import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CheckingReader } from '../../src/apps/demo/check/checking-reader.ts';
import { SiteHttp } from '../../src/apps/demo/check/site-http.ts';
import { planReplay } from '../../src/apps/demo/replay/plan-table.ts';
import { countRows, type RowCount } from '../../src/apps/demo/rows/count-rows.ts';
import { Duck } from '../../src/apps/demo/rows/duck.ts';
import { siteCopies } from '../../src/apps/demo/rows/local-copies.ts';
import { FakeGcs } from '../support/fake-gcs.ts';
import {
  readSample,
  SAMPLES_MISSING,
  type SampleTable,
  type SampleVersion,
  sampleAliases,
  sampleTables,
} from '../support/sample-tables.ts';

const BUCKET = 'lake';
const PREFIX = 't/';

/** What the manifest says a reader without engines can count at this version; undefined where it says nothing. */
function expectedRows(table: SampleTable, version: SampleVersion): number | undefined {
  if (table.format === 'hudi') return version.baseRows;
  return (table.format === 'delta' ? version.rows : version.rowsRecounted) ?? undefined;
}

/** The manifest's versions by the label of the step that makes them. Iceberg's are found by snapshot. */
function versionFor(table: SampleTable, label: string, snapshotId: string | undefined): SampleVersion | undefined {
  return table.history?.find((version) => {
    if (table.format === 'delta') return String(version.version) === label;
    return table.format === 'hudi' ? version.file === label : version.snapshotId === snapshotId;
  });
}

describe('rows at every commit', { skip: SAMPLES_MISSING }, () => {
  let cloud: FakeGcs;
  let site: SiteHttp;
  let duck: Duck;
  let folder: string;

  before(async () => {
    cloud = new FakeGcs(BUCKET);
    site = new SiteHttp(await cloud.listen());
    duck = await Duck.open();
    folder = await mkdtemp(join(tmpdir(), 'strait-rows-'));
  });
  after(async () => {
    duck.close();
    await site.close();
    await cloud.close();
    await rm(folder, { recursive: true });
  });

  for (const table of sampleTables()) {
    test(table.name, async () => {
      cloud.objects.clear();
      const pathAliases = sampleAliases(table);
      const root = `gs://${BUCKET}/${PREFIX}`;
      const plan = await planReplay(table.name, await readSample(table.name), { pathAliases, root });
      const target = { table: table.name, format: plan.format, bucket: BUCKET, prefix: PREFIX, pathAliases };
      const reader = new CheckingReader(site, { ...target, truth: undefined });
      const copies = siteCopies(site, target, join(folder, table.name));
      let last: RowCount | undefined;
      let compared = 0;
      for (const uploads of [plan.before, ...plan.steps.map((step) => step.uploads)]) {
        for (const { name, content } of uploads) cloud.put(`${PREFIX}${name}`, content);
        const { snapshot, version = '' } = await reader.check();
        if (snapshot === undefined) continue;
        last = await countRows(duck, snapshot, copies);
        const snapshotId = snapshot.format === 'iceberg' ? snapshot.metadata.currentSnapshotId : undefined;
        const known = versionFor(table, version, snapshotId);
        const expected = known === undefined ? undefined : expectedRows(table, known);
        if (expected === undefined || last.rows === undefined) continue;
        assert.equal(last.rows, expected, `version ${version}`);
        compared += 1;
      }
      const orc = table.name === 'plain-orc-hive-partitioned' || table.name === 'iceberg-v1-mixed-file-formats';
      if (orc) assert.deepEqual(last, { rows: undefined, how: '–' });
      else assert.equal(last?.rows, table.latest.readOptimisedRows ?? table.latest.rows);
      if (table.history !== null && table.name !== 'delta-vacuumed') assert.ok(compared > 0, 'no version was compared');
      assert.equal(last?.how, HOW[table.name] ?? 'exact');
    });
  }
});

const HOW: Readonly<Record<string, RowCount['how']>> = {
  'delta-cdf-cdc-and-dvs': 'exact, deletes applied',
  'delta-dv-partitioned-checkpoint': 'exact, deletes applied',
  'iceberg-v2-equality-deletes-partitioned': 'exact, deletes applied',
  'iceberg-v2-position-deletes': 'exact, deletes applied',
  'iceberg-v3-deletion-vectors': 'exact, deletes applied',
  'iceberg-v1-mixed-file-formats': '–',
  'plain-orc-hive-partitioned': '–',
  'hudi-mor-v6-rollback': 'base files',
  'hudi-mor-v6-trips-8i3d': 'base files',
  'hudi-mor-v8-trips-8i3u1d': 'base files',
  'hudi-mor-v9-txns-nonpart': 'base files',
};
