import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CheckingReader, type CheckReport } from '../../src/apps/demo/check/checking-reader.ts';
import { SiteHttp } from '../../src/apps/demo/check/site-http.ts';
import type { ReplayPlan } from '../../src/apps/demo/replay/plan.ts';
import { planReplay } from '../../src/apps/demo/replay/plan-table.ts';
import { type TableTruth, truthOf } from '../../src/apps/demo/replay/truth.ts';
import { FakeGcs } from '../support/fake-gcs.ts';
import { readSample, SAMPLES_MISSING, sampleAliases, sampleTable, sampleTables } from '../support/sample-tables.ts';

const BUCKET = 'lake';
const PREFIX = 'table/';
const root = `gs://${BUCKET}/${PREFIX}`;

describe('the checking reader', { skip: SAMPLES_MISSING }, () => {
  let cloud: FakeGcs;
  let site: SiteHttp;

  before(async () => {
    cloud = new FakeGcs(BUCKET);
    site = new SiteHttp(await cloud.listen());
  });
  after(async () => {
    await site.close();
    await cloud.close();
  });

  interface Subject {
    readonly plan: ReplayPlan;
    readonly truth: TableTruth;
    readonly reader: CheckingReader;
    check(): Promise<CheckReport>;
    remove(pattern: RegExp): string;
  }

  async function subject(name: string, withTruth = true): Promise<Subject> {
    cloud.objects.clear();
    cloud.unavailable.clear();
    const pathAliases = sampleAliases(sampleTable(name));
    const plan = await planReplay(name, await readSample(name), { pathAliases, root, orphansPerStep: 1 });
    const truth = await truthOf(plan, { root, pathAliases });
    const target = { table: name, format: plan.format, bucket: BUCKET, prefix: PREFIX, pathAliases };
    const reader = new CheckingReader(site, { ...target, truth: withTruth ? truth : undefined });
    return {
      plan,
      truth,
      reader,
      check: () => reader.check(),
      remove(pattern) {
        const name = [...cloud.objects.keys()].find((object) => pattern.test(object));
        assert.ok(name !== undefined, `nothing matches ${pattern}`);
        cloud.objects.delete(name);
        return name.slice(PREFIX.length);
      },
    };
  }

  function putAll(uploads: ReplayPlan['before']): void {
    for (const { name, content } of uploads) cloud.put(`${PREFIX}${name}`, content);
  }

  function putTable(plan: ReplayPlan): void {
    for (const uploads of [plan.before, ...plan.steps.map((step) => step.uploads), plan.after]) putAll(uploads);
  }

  for (const { name } of sampleTables()) {
    test(`${name}: clean after every step of its replay`, async () => {
      const { plan, check, reader } = await subject(name);
      putAll(plan.before);
      const empty = await check();
      assert.deepEqual([empty.version, empty.broken], [undefined, []]);
      for (const step of plan.steps) {
        putAll(step.uploads);
        const report = await check();
        assert.deepEqual(report.broken, []);
        assert.equal(report.version, step.label);
        assert.ok(report.walked);
      }
      putAll(plan.after);
      assert.deepEqual((await check()).broken, []);
      for (const { label } of plan.steps) {
        const older = await reader.checkOlder(label);
        assert.deepEqual([older.version, older.broken], [label, []]);
      }
    });
  }

  const classes: readonly { readonly what: string; readonly table: string; readonly file: RegExp }[] = [
    { what: 'data file', table: 'delta-multipart-checkpoint', file: /part-00005-.*parquet$/ },
    { what: 'deletion vector', table: 'delta-dv-partitioned-checkpoint', file: /deletion_vector_.*bin$/ },
    { what: 'sidecar', table: 'delta-v2-checkpoint-json-sidecars', file: /_sidecars\/0*6\..*parquet$/ },
    { what: 'checkpoint part', table: 'delta-multipart-checkpoint', file: /checkpoint\.0000000002\.0000000003/ },
    { what: 'manifest', table: 'iceberg-v2-equality-deletes-partitioned', file: /metadata\/[0-9a-f-]+-m0\.avro$/ },
    {
      what: 'metadata-table log',
      table: 'hudi-mor-v8-trips-8i3u1d',
      file: /\/files\/\.files-0000-0_20251220210130911/,
    },
    {
      what: 'partition metadata',
      table: 'hudi-mor-v8-trips-8i3u1d',
      file: /city=chennai\/\.hoodie_partition_metadata$/,
    },
  ];
  for (const withTruth of [true, false]) {
    for (const { what, table, file } of classes) {
      test(`a missing ${what} is broken, ${withTruth ? 'with' : 'without'} the source's history at hand`, async () => {
        const { plan, truth, check, remove } = await subject(table, withTruth);
        putTable(plan);
        assert.deepEqual((await check()).broken, []);
        const live = truth.versions.get(plan.steps.at(-1)?.label ?? '');
        const isVector = what === 'deletion vector';
        const vector = [...(live?.files ?? [])].find((name) => name.endsWith('.bin'));
        const removed = remove(isVector ? new RegExp(`${vector?.replaceAll('.', '\\.')}$`) : file);
        const report = await check();
        assert.ok(report.broken.length > 0, `nothing broken without ${removed}`);
        assert.equal(report.unavailable, undefined);
      });
    }
  }

  test("a start-marker log that no write stat names is missed by the source's history", async () => {
    const { plan, check, remove } = await subject('hudi-mor-v8-trips-8i3u1d');
    putTable(plan);
    const removed = remove(/record_index\/\.record-index-0008-0_00000000000000002\.log\.1_0-0-0$/);
    assert.deepEqual((await check()).broken, [`${removed}: 404`]);
  });

  test('a hole in the log is broken', async () => {
    const { plan, check, remove } = await subject('delta-cdf-cdc-and-dvs');
    putTable(plan);
    remove(/0007\.json$/);
    assert.match((await check()).broken[0] ?? '', /0007\.json: the log has a hole here/);
  });

  test('a version that goes back is broken', async () => {
    const { plan, check, remove } = await subject('delta-cdf-cdc-and-dvs');
    putTable(plan);
    await check();
    remove(/0025\.json$/);
    assert.match((await check()).broken[0] ?? '', /version 24 is older than 25/);
  });

  test('a hint that goes back, or names an absent version, is broken', async () => {
    const { plan, check, remove } = await subject('iceberg-v2-position-deletes');
    putTable(plan);
    assert.deepEqual((await check()).broken, []);
    cloud.put(`${PREFIX}metadata/version-hint.text`, Buffer.from('6'));
    assert.deepEqual((await check()).broken, ['the hint went back from 7 to 6']);
    cloud.put(`${PREFIX}metadata/version-hint.text`, Buffer.from('9'));
    assert.match((await check()).broken[0] ?? '', /names version 9/);
    cloud.put(`${PREFIX}metadata/version-hint.text`, Buffer.from(''));
    assert.deepEqual((await check()).broken, []);
    remove(/_last_checkpoint|v7\.metadata\.json/);
    assert.match((await check()).broken[0] ?? '', /older than/);
  });

  test('a checkpoint hint without its checkpoint is broken', async () => {
    const { plan, check, remove } = await subject('delta-dv-partitioned-checkpoint');
    putTable(plan);
    remove(/0010\.checkpoint\.parquet$/);
    assert.match((await check()).broken[0] ?? '', /_last_checkpoint: names checkpoint 10/);
  });

  test('other bytes under a live name are broken, though size and header agree', async () => {
    const { plan, check, truth } = await subject('delta-covid19-nyt');
    putTable(plan);
    const [name = ''] = truth.versions.get('0')?.files ?? [];
    const bytes = Buffer.from(cloud.objects.get(`${PREFIX}${name}`)?.bytes ?? []);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    cloud.put(`${PREFIX}${name}`, bytes);
    assert.match((await check()).broken[0] ?? '', /are not the source's/);
  });

  test('a cut file is broken even without the source at hand', async () => {
    const { plan, check, truth } = await subject('delta-covid19-nyt', false);
    putTable(plan);
    const [name = ''] = truth.versions.get('0')?.files ?? [];
    const bytes = cloud.objects.get(`${PREFIX}${name}`)?.bytes ?? new Uint8Array();
    cloud.put(`${PREFIX}${name}`, bytes.subarray(0, bytes.byteLength - 1));
    assert.match((await check()).broken[0] ?? '', /the log says/);
  });

  test('a live set unlike the source at that version is broken', async () => {
    const { plan, check } = await subject('delta-multipart-checkpoint');
    putTable(plan);
    const { bytes = new Uint8Array() } = cloud.objects.get(`${PREFIX}_delta_log/00000000000000000001.json`) ?? {};
    cloud.put(`${PREFIX}_delta_log/00000000000000000002.json`, bytes);
    assert.ok((await check()).broken.some((one) => one.includes('live at the source in 2, not here')));
  });

  test('a control file that does not parse is broken', async () => {
    const { plan, check } = await subject('hudi-mor-v9-txns-nonpart');
    putTable(plan);
    const last = `${PREFIX}.hoodie/timeline/${plan.steps.at(-1)?.label}`;
    const { bytes = new Uint8Array() } = cloud.objects.get(last) ?? {};
    cloud.put(last, bytes.subarray(0, bytes.byteLength - 5));
    assert.match((await check()).broken[0] ?? '', /does not parse/);
  });

  test('503 is unavailable, not broken', async () => {
    const { plan, check, truth } = await subject('delta-covid19-nyt');
    putTable(plan);
    const [name = ''] = truth.versions.get('0')?.files ?? [];
    cloud.unavailable.add(`${PREFIX}${name}`);
    const report = await check();
    assert.deepEqual(report.broken, []);
    assert.match(report.unavailable ?? '', /answered 503/);
    cloud.unavailable.clear();
    assert.equal((await check()).version, '0');
  });

  test('a table that vanishes is broken', async () => {
    const { plan, check } = await subject('iceberg-v2-lineitem');
    putTable(plan);
    await check();
    cloud.objects.clear();
    assert.match((await check()).broken[0] ?? '', /no version is readable/);
  });

  test('repeated walks download nothing again, until told to forget', async () => {
    const { plan, check, reader } = await subject('hudi-cow-v6-overwritetable');
    putTable(plan);
    const first = await check();
    const before = cloud.downloads;
    const second = await reader.check();
    assert.deepEqual([second.broken, second.walked, second.files], [[], true, first.files]);
    assert.equal(cloud.downloads, before);
    reader.forget();
    await check();
    assert.ok(cloud.downloads - before > 2);
  });

  test('unresolved paths are said to be so, not broken', async () => {
    const name = 'iceberg-v2-lineitem';
    const { plan } = await subject(name);
    putTable(plan);
    const target = {
      table: name,
      format: plan.format,
      bucket: BUCKET,
      prefix: PREFIX,
      pathAliases: [],
      truth: undefined,
    };
    const report = await new CheckingReader(site, target).check();
    assert.deepEqual(report.broken, []);
    assert.match(report.unresolved ?? '', /lineitem_iceberg\//);
  });
});
