/**
 * Hudi tables made to order, for what no sample covers, uploaded object by object and published by a model of sync. The
 * checking reader opens what is published after every publish and after every retire.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CheckingReader } from '../../src/apps/demo/check/checking-reader.ts';
import { SiteHttp } from '../../src/apps/demo/check/site-http.ts';
import { HudiFormat } from '../../src/tables/hudi/hudi-format.ts';
import type { TableLocation } from '../../src/tables/port.ts';
import { FakeGcs } from '../support/fake-gcs.ts';
import { HudiGenerator, type HudiOptions } from '../support/generate-hudi.ts';
import type { GeneratedFile } from '../support/generate-iceberg.ts';
import { MemoryTableFiles } from '../support/memory-table-files.ts';
import { ModelSite } from '../support/model-site.ts';

const BUCKET = 'lake';
const PREFIX = 't/';
const location: TableLocation = { bucket: BUCKET, prefix: PREFIX, format: 'hudi' };

type Story = (table: HudiGenerator) => Generator<GeneratedFile[]>;

const STORIES: Readonly<Record<string, { readonly only?: Partial<HudiOptions>; readonly tell: Story }>> = {
  'a cleaner takes superseded slices': {
    *tell(table) {
      yield table.insert(2);
      yield table.update();
      yield table.update();
      yield table.clean();
      yield table.insert();
      yield table.clean();
    },
  },
  'an overwrite replaces every group, the cleaner takes them': {
    *tell(table) {
      yield table.insert(2);
      yield table.overwrite();
      yield table.update();
      yield table.clean();
    },
  },
  'a failed write is rolled back': {
    *tell(table) {
      yield table.insert();
      yield table.failedWrite();
      yield table.rollback();
      yield table.update();
    },
  },
  'a restore takes commits away': {
    *tell(table) {
      yield table.insert();
      yield table.update();
      const ts = table.lastTs;
      yield table.insert();
      yield table.update();
      yield table.restore(ts);
      yield table.update();
    },
  },
  'old instants are archived': {
    *tell(table) {
      yield table.insert();
      for (let n = 0; n < 4; n += 1) yield table.update();
      yield table.archive(2);
      yield table.update();
      yield table.archive(2);
      yield table.clean();
    },
  },
  'settings change without a commit': {
    *tell(table) {
      yield table.insert();
      yield table.setProperty();
      yield table.update();
    },
  },
  'a compaction is planned, logs lie over it, then it runs': {
    only: { type: 'MERGE_ON_READ', layout: 1 },
    *tell(table) {
      yield table.insert();
      yield table.update();
      yield table.scheduleCompaction();
      yield table.update();
      yield table.compact();
      yield table.clean();
    },
  },
  'an upgrade writes the timeline anew': {
    only: { layout: 1, type: 'COPY_ON_WRITE', hasMetadataTable: false },
    *tell(table) {
      yield table.insert();
      yield table.update();
      yield table.upgrade();
      yield table.update();
    },
  },
};

const FLAVOURS: readonly Omit<HudiOptions, 'prefix'>[] = [1, 2].flatMap((layout) =>
  (['COPY_ON_WRITE', 'MERGE_ON_READ'] as const).flatMap((type) =>
    [false, true].map((hasMetadataTable) => ({ layout: layout as 1 | 2, type, hasMetadataTable })),
  ),
);

describe('generated Hudi tables', () => {
  let gcs: FakeGcs;
  let url: string;

  before(async () => {
    gcs = new FakeGcs(BUCKET);
    url = await gcs.listen();
  });
  after(() => gcs.close());

  async function read(site: ModelSite): Promise<string | undefined> {
    gcs.objects.clear();
    for (const [name, { stat, bytes }] of site.published) {
      gcs.objects.set(name, { bytes, generation: Number(stat.generation) });
    }
    const http = new SiteHttp(url);
    const target = { table: 't', format: 'hudi' as const, bucket: BUCKET, prefix: PREFIX, pathAliases: [] };
    const reader = new CheckingReader(http, { ...target, truth: undefined });
    const report = await reader.check().finally(() => http.close());
    assert.deepEqual([report.broken, report.unavailable], [[], undefined]);
    return report.version;
  }

  async function reads(site: ModelSite): Promise<void> {
    await read(site);
  }

  function setUp(options: Omit<HudiOptions, 'prefix'>) {
    const table = new HudiGenerator({ ...options, prefix: PREFIX });
    const source = new MemoryTableFiles();
    return { table, source, site: new ModelSite(new HudiFormat(), location, source) };
  }

  for (const [name, { only, tell }] of Object.entries(STORIES)) {
    for (const options of FLAVOURS) {
      const fits = Object.entries(only ?? {}).every(([key, value]) => options[key as keyof typeof options] === value);
      if (!fits) continue;
      const flavour = `layout ${options.layout}, ${options.type}${options.hasMetadataTable ? ', metadata table' : ''}`;

      test(`${name} (${flavour}): object by object`, async () => {
        const { table, source, site } = setUp(options);
        source.apply(table.create());
        for (const upload of tell(table)) {
          for (const file of upload) {
            source.apply([file]);
            await site.sync(() => reads(site));
            if ((await site.retire()).length > 0) await read(site);
          }
          for (const live of table.liveNames) assert.ok(site.published.has(live), `${live} is not shown`);
        }
        await endsRight(site, source);
      });

      test(`${name} (${flavour}): behind by everything`, async () => {
        const { table, source, site } = setUp(options);
        source.apply(table.create());
        for (const upload of tell(table)) source.apply(upload);
        assert.ok((await site.sync(() => reads(site))).length > 0);
        for (const live of table.liveNames) assert.ok(site.published.has(live), `${live} is not shown`);
        await endsRight(site, source);
      });

      test(`${name} (${flavour}): behind by two operations`, async () => {
        const { table, source, site } = setUp(options);
        source.apply(table.create());
        let round = 0;
        for (const upload of tell(table)) {
          source.apply(upload);
          round += 1;
          if (round % 2 === 1) continue;
          await site.sync(() => reads(site));
          if ((await site.retire()).length > 0) await read(site);
        }
        await endsRight(site, source);
      });
    }
  }

  /** The site ends as an image of the source, and a reader agrees. */
  async function endsRight(site: ModelSite, source: MemoryTableFiles): Promise<void> {
    await site.sync(() => reads(site));
    assert.deepEqual(await site.settle(), []);
    await site.retire();
    assert.notEqual(await read(site), undefined);
    assert.deepEqual(
      [...site.published.keys()].filter((name) => !source.has(name)),
      [],
    );
  }
});
