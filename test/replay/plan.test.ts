import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allUploads, type PlannedStep, type PlanOptions, type ReplayPlan } from '../../src/apps/demo/replay/plan.ts';
import { planReplay } from '../../src/apps/demo/replay/plan-table.ts';
import { truthOf } from '../../src/apps/demo/replay/truth.ts';
import { readSample, SAMPLES_MISSING, sampleAliases, sampleTable, sampleTables } from '../support/sample-tables.ts';

const skip = SAMPLES_MISSING;

const STEPS: Readonly<Record<string, number>> = {
  'delta-cdf-cdc-and-dvs': 26,
  'delta-dv-partitioned-checkpoint': 16,
  'delta-v2-checkpoint-json-sidecars': 7,
  'delta-multipart-checkpoint': 3,
  'delta-covid19-nyt': 1,
  'delta-columnmapping-partitioned': 1,
  'delta-special-chars-partition': 1,
  'delta-vacuumed': 1,
  'hudi-cow-v6-overwritetable': 3,
  'hudi-cow-v8-complexkey-hive': 2,
  'hudi-mor-v6-trips-8i3d': 2,
  'hudi-mor-v6-rollback': 3,
  'hudi-mor-v9-txns-nonpart': 12,
  'hudi-mor-v8-trips-8i3u1d': 8,
  'hudi-cow-v9-txns-simple-meta': 14,
  'iceberg-v1-mixed-file-formats': 8,
  'iceberg-v1-name-mapping': 7,
  'iceberg-v2-equality-deletes-partitioned': 6,
  'iceberg-v2-lineitem': 2,
  'iceberg-v2-partition-evolution': 4,
  'iceberg-v2-position-deletes': 7,
  'iceberg-v3-deletion-vectors': 3,
  'iceberg-v2-bigquery': 1,
  'plain-parquet-userdata': 1,
  'plain-orc-hive-partitioned': 1,
  'plain-parquet-hive-partitioned': 1,
};

async function planSample(name: string, options: Partial<PlanOptions> = {}): Promise<ReplayPlan> {
  const pathAliases = sampleAliases(sampleTable(name));
  return await planReplay(name, await readSample(name), { pathAliases, ...options });
}

function namesOf(step: PlannedStep | undefined): readonly string[] {
  return (step?.uploads ?? []).map((upload) => upload.name);
}

function orderIn(names: readonly string[], pattern: RegExp): number {
  const index = names.findIndex((name) => pattern.test(name));
  assert.ok(index >= 0, `${pattern} is not among ${names.join(', ')}`);
  return index;
}

test('every sample is known here', { skip }, () => {
  assert.deepEqual(
    sampleTables()
      .map((table) => table.name)
      .toSorted(),
    Object.keys(STEPS).toSorted(),
  );
});

for (const [name, steps] of Object.entries(STEPS)) {
  test(`${name}: ${steps} steps, each file uploaded once`, { skip }, async () => {
    const files = await readSample(name);
    const plan = await planSample(name);
    assert.equal(plan.steps.length, steps);
    const counts = new Map<string, number>();
    for (const { name: file } of allUploads(plan)) counts.set(file, (counts.get(file) ?? 0) + 1);
    const mutable = /hoodie\.properties$|version-hint\.text$/;
    for (const [file, content] of files) {
      const count = counts.get(file) ?? 0;
      if (mutable.test(file)) assert.ok(count >= 1, file);
      else assert.equal(count, 1, file);
      const last = allUploads(plan).findLast((upload) => upload.name === file);
      const derivedHint = file.endsWith('version-hint.text') && content.byteLength === 0;
      if (!derivedHint) assert.deepEqual(Buffer.from(last?.content ?? []), Buffer.from(content), file);
    }
    for (const file of counts.keys()) assert.ok(files.has(file) || file.endsWith('version-hint.text'), file);
  });

  test(`${name}: each step opens as its version, with as many live files as independent readers found`, {
    skip,
  }, async () => {
    const sample = sampleTable(name);
    const pathAliases = sampleAliases(sample);
    const plan = await planSample(name);
    const truth = await truthOf(plan, { root: 'gs://lake/table/', pathAliases });
    assert.equal(truth.versions.size, steps);
    for (const version of sample.history ?? []) {
      const files = [...(truth.versions.get(String(version.version))?.files ?? [])];
      if (version.liveFiles === undefined || files.length === 0) continue;
      const data = files.filter((file) => file.endsWith('.parquet') && !file.startsWith('_change_data/'));
      assert.equal(data.length, version.liveFiles, `version ${version.version}`);
    }
    const last = [...(truth.versions.get(plan.steps.at(-1)?.label ?? '')?.files ?? [])];
    if (sample.liveBaseFiles !== undefined) {
      assert.equal(last.filter((file) => file.endsWith('.parquet')).length, sample.liveBaseFiles);
    }
    if (sample.format === 'iceberg') {
      const { dataFiles = 0, deleteFiles = 0 } = sample.history?.at(-1) ?? {};
      // Two deletion vectors share one Puffin file.
      assert.equal(last.length, name === 'iceberg-v3-deletion-vectors' ? dataFiles + 1 : dataFiles + deleteFiles);
    }
  });
}

test('Delta: data before the version, checkpoint after it, the hint after the checkpoint it names', {
  skip,
}, async () => {
  const plan = await planSample('delta-v2-checkpoint-json-sidecars');
  const names = namesOf(plan.steps[6]);
  const json = orderIn(names, /0006\.json$/);
  assert.ok(orderIn(names, /\.parquet$/) < json);
  assert.ok(json < orderIn(names, /0006\.crc$/));
  assert.ok(orderIn(names, /0006\.crc$/) < orderIn(names, /_sidecars\//));
  assert.ok(names.findLastIndex((one) => one.includes('_sidecars/')) < orderIn(names, /0006\.checkpoint\.[^/]*json$/));
  assert.equal(names.at(-1), '_delta_log/_last_checkpoint');
});

test('Delta: a deletion vector named by two versions goes up with the first', { skip }, async () => {
  const plan = await planSample('delta-cdf-cdc-and-dvs');
  const vectors = plan.steps.flatMap(namesOf).filter((name) => name.endsWith('.bin'));
  assert.equal(new Set(vectors).size, vectors.length);
  assert.ok(
    plan.after.some((upload) => upload.name.endsWith('.bin')),
    'the vector no version names goes last',
  );
});

test('Hudi: metadata table before data instants, never paired by id', { skip }, async () => {
  const plan = await planSample('hudi-cow-v9-txns-simple-meta');
  assert.deepEqual(
    plan.before.map((upload) => upload.name),
    ['.hoodie/hoodie.properties'],
  );
  const first = namesOf(plan.steps[0]);
  const completed = orderIn(first, /metadata\/\.hoodie\/timeline\/20260307162434124_20260307162438611\.deltacommit$/);
  assert.ok(completed < orderIn(first, /^region=[a-z]+\/.*\.parquet$/));
  assert.ok(
    orderIn(first, /^\.hoodie\/timeline\/\d+\.commit\.requested$/) <
      orderIn(first, /^\.hoodie\/timeline\/\d+\.inflight$/),
  );
  assert.match(first.at(-1) ?? '', /^\.hoodie\/timeline\/20260307162434124_20260307162438653\.commit$/);
  const pairedById = plan.steps.findIndex((step) => step.label.startsWith('20260307162457540_'));
  const lateInstant = /metadata\/\.hoodie\/timeline\/20260307162457540_20260307162458923\.deltacommit$/;
  assert.ok(!namesOf(plan.steps[pairedById]).some((name) => lateInstant.test(name)));
  assert.ok(namesOf(plan.steps[pairedById + 1]).some((name) => lateInstant.test(name)));
  assert.ok(namesOf(plan.steps[pairedById]).includes('.hoodie/.index_defs/index.json'));
});

test('Hudi: the properties name a metadata partition once it has files', { skip }, async () => {
  const plan = await planSample('hudi-mor-v8-trips-8i3u1d');
  const contents = allUploads(plan).filter((upload) => upload.name === '.hoodie/hoodie.properties');
  const partitions = contents.map(
    (upload) => /^hoodie\.table\.metadata\.partitions=(.*)$/m.exec(Buffer.from(upload.content).toString())?.[1],
  );
  assert.deepEqual(partitions, [
    '',
    'column_stats,files,partition_stats,record_index',
    'column_stats,files,partition_stats,record_index,secondary_index_rider_idx',
  ]);
});

test('Hudi: a rolled-back log comes before the rollback, its command block with it', { skip }, async () => {
  const plan = await planSample('hudi-mor-v6-rollback');
  const logs = plan.steps.map((step) => namesOf(step).flatMap((name) => /\.log\.(\d)_/.exec(name)?.[1] ?? []));
  assert.deepEqual(logs, [[], ['1', '2'], ['3']]);
  assert.match(namesOf(plan.steps[1]).at(-1) ?? '', /\.rollback$/);
});

test('Iceberg: the hint is the last of each step and names its version', { skip }, async () => {
  const plan = await planSample('iceberg-v1-name-mapping');
  const hints = plan.steps.map((step) => step.uploads.at(-1));
  assert.deepEqual(
    hints.map((hint) => Buffer.from(hint?.content ?? []).toString()),
    ['1', '2', '3', '4', '5', '6', '7'],
  );
  for (const ordinary of ['metadata/v3.1.metadata.json', 'metadata/v4.1.metadata.json']) {
    assert.ok(
      plan.after.some((upload) => upload.name === ordinary),
      ordinary,
    );
  }
});

test('Iceberg: as sampled, a table without a usable hint gets none', { skip }, async () => {
  const plan = await planSample('iceberg-v3-deletion-vectors', { icebergHints: 'sample' });
  assert.ok(!plan.steps.flatMap(namesOf).includes('metadata/version-hint.text'));
  assert.equal(plan.after.find((upload) => upload.name === 'metadata/version-hint.text')?.content.byteLength, 0);
});

test('the order of data is seeded: the same seed the same plan, another seed another', { skip }, async () => {
  const name = 'delta-covid19-nyt';
  const one = namesOf((await planSample(name, { seed: 7, orphansPerStep: 2 })).steps[0]);
  assert.deepEqual(namesOf((await planSample(name, { seed: 7, orphansPerStep: 2 })).steps[0]), one);
  assert.notDeepEqual(namesOf((await planSample(name, { seed: 8, orphansPerStep: 2 })).steps[0]), one);
  assert.equal(one.filter((file) => file.includes('orphan')).length, 2);
  assert.match(one.at(-2) ?? '', /00000000000000000000\.json$/);
});
