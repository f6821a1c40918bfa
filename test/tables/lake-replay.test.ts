/**
 * The real Hudi and Iceberg tables, uploaded object by object to a source and published by a model of sync; the
 * checking reader, which shares no code with `src/tables`, opens what is published after every publish.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CheckingReader } from '../../src/apps/demo/check/checking-reader.ts';
import { SiteHttp } from '../../src/apps/demo/check/site-http.ts';
import { allUploads, type PlannedUpload, type ReplayPlan } from '../../src/apps/demo/replay/plan.ts';
import { planReplay } from '../../src/apps/demo/replay/plan-table.ts';
import { truthOf } from '../../src/apps/demo/replay/truth.ts';
import { seededRandom } from '../../src/runtime/random.ts';
import { HudiFormat } from '../../src/tables/hudi/hudi-format.ts';
import { IcebergFormat } from '../../src/tables/iceberg/iceberg-format.ts';
import type { TableLocation } from '../../src/tables/port.ts';
import { FakeGcs } from '../support/fake-gcs.ts';
import { figureFor } from '../support/full-figures.ts';
import { MemoryTableFiles } from '../support/memory-table-files.ts';
import { ModelSite } from '../support/model-site.ts';
import { readSample, SAMPLES_MISSING, sampleAliases, sampleTable, sampleTables } from '../support/sample-tables.ts';

const BUCKET = 'lake';
const PREFIX = 'table/';
const root = `gs://${BUCKET}/${PREFIX}`;
/** Rounds of sync while a table is uploaded in any order. */
const ROUNDS = 30;
const SEEDS = figureFor({ quick: [1], full: [1, 2, 3, 4, 5] });
const names = sampleTables()
  .filter(({ format }) => format === 'hudi' || format === 'iceberg')
  .map(({ name }) => name);

describe('a replay published by a model of sync', { skip: SAMPLES_MISSING }, () => {
  let gcs: FakeGcs;
  let url: string;

  before(async () => {
    gcs = new FakeGcs(BUCKET);
    url = await gcs.listen();
  });
  after(() => gcs.close());

  interface Subject {
    readonly plan: ReplayPlan;
    readonly site: ModelSite;
    upload(upload: PlannedUpload): void;
    /** Publishes and reads; the labels of the commits published. */
    sync(withTruth: boolean): Promise<string[]>;
    /** What a reader finds: the version's label, when nothing is broken. */
    read(withTruth: boolean): Promise<string | undefined>;
  }

  async function subject(name: string, orphansPerStep: number): Promise<Subject> {
    gcs.objects.clear();
    const pathAliases = sampleAliases(sampleTable(name));
    const plan = await planReplay(name, await readSample(name), { pathAliases, root, orphansPerStep });
    const truth = await truthOf(plan, { root, pathAliases });
    const format = plan.format === 'hudi' ? new HudiFormat() : new IcebergFormat();
    const location: TableLocation = { bucket: BUCKET, prefix: PREFIX, format: format.name, pathAliases };
    const source = new MemoryTableFiles();
    const site = new ModelSite(format, location, source);
    const target = { table: name, format: plan.format, bucket: BUCKET, prefix: PREFIX, pathAliases };
    const read = async (withTruth: boolean): Promise<string | undefined> => {
      gcs.objects.clear();
      for (const [object, { stat, bytes }] of site.published) {
        gcs.objects.set(object, { bytes, generation: Number(stat.generation) });
      }
      const http = new SiteHttp(url);
      const reader = new CheckingReader(http, { ...target, truth: withTruth ? truth : undefined });
      const report = await reader.check().finally(() => http.close());
      assert.deepEqual([report.broken, report.unresolved, report.unavailable], [[], undefined, undefined]);
      return report.version;
    };
    return {
      plan,
      site,
      read,
      upload: (upload) => void source.put(PREFIX + upload.name, upload.content),
      async sync(withTruth) {
        const steps = await site.sync(async () => void (await read(withTruth)));
        const commits = steps.filter(({ version }) => version.kind === 'commit');
        return commits.map(({ version }) => leaf(version.visibility));
      },
    };
  }

  for (const name of names) {
    test(`${name}: every commit by itself when uploaded in order`, async () => {
      const { plan, site, upload, sync, read } = await subject(name, 2);
      for (const each of plan.before) upload(each);
      assert.deepEqual(await sync(true), []);
      for (const step of plan.steps) {
        const published: string[] = [];
        for (const each of step.uploads) {
          upload(each);
          const labels = await sync(true);
          if (labels.length > 0) assert.equal(await read(true), labels.at(-1));
          published.push(...labels);
        }
        assert.deepEqual(published, [step.label]);
      }
      for (const each of plan.after) {
        upload(each);
        assert.deepEqual(await sync(true), []);
      }
      assert.deepEqual(await site.settle(), []);
      assert.equal(await read(true), plan.steps.at(-1)?.label);
    });

    for (const seed of SEEDS) {
      test(`${name}: ends right when uploaded in any order (seed ${seed})`, async () => {
        const { plan, site, upload, sync, read } = await subject(name, 0);
        // A Hudi commit does not say which came before it: what is published early may lack one that is still to come.
        const uploads = shuffled(finalUploads(plan), seed);
        const every = Math.ceil(uploads.length / ROUNDS);
        for (const [index, each] of uploads.entries()) {
          upload(each);
          if (index % every === 0) await sync(plan.format === 'iceberg');
        }
        await sync(plan.format === 'iceberg');
        assert.deepEqual(await site.settle(), []);
        assert.equal(await read(true), plan.steps.at(-1)?.label);
      });
    }
  }
});

/** Each name once, with its last content: `gcloud storage cp -r` of the finished table. */
function finalUploads(plan: ReplayPlan): readonly PlannedUpload[] {
  return [...new Map(allUploads(plan).map((upload) => [upload.name, upload])).values()];
}

function shuffled<T>(list: readonly T[], seed: number): readonly T[] {
  const random = seededRandom(seed);
  return list
    .map((each) => [random.unit(), each] as const)
    .sort(([a], [b]) => a - b)
    .map(([, each]) => each);
}

function leaf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
