/**
 * Iceberg tables made to order, for what no sample covers, uploaded object by object and published by a model of sync.
 * The checking reader opens what is published after every publish and after every retire; one reader stays, so that a
 * version or a hint that goes back is noticed.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CheckingReader } from '../../src/apps/demo/check/checking-reader.ts';
import { SiteHttp } from '../../src/apps/demo/check/site-http.ts';
import { IcebergFormat } from '../../src/tables/iceberg/iceberg-format.ts';
import { FakeGcs } from '../support/fake-gcs.ts';
import { type GeneratedFile, IcebergGenerator, type IcebergOptions } from '../support/generate-iceberg.ts';
import { MemoryTableFiles } from '../support/memory-table-files.ts';
import { ModelSite } from '../support/model-site.ts';

const BUCKET = 'lake';
const PREFIX = 't/';

type Story = (table: IcebergGenerator) => Generator<GeneratedFile[]>;

const STORIES: Readonly<Record<string, Story>> = {
  *'an overwrite, then expiry of what it replaced'(table) {
    yield table.create();
    yield table.append(3);
    yield table.overwrite(2);
    yield table.overwrite(2);
    yield table.expire(1);
    yield table.append(1);
  },
  *'deletes, rewritten manifests, statistics'(table) {
    yield table.append(3);
    yield table.addDeletes('position');
    yield table.addDeletes('equality');
    yield table.analyze('statistics');
    yield table.rewriteManifests();
    yield table.analyze('partition-statistics');
    yield table.expire(1);
  },
  *'a rollback to an older snapshot'(table) {
    yield table.append(2);
    const [first = 0n] = table.snapshotIds;
    yield table.overwrite(2);
    yield table.rollbackTo(first);
    yield table.append(1);
  },
  *'a tag outlives the expiry of its branch'(table) {
    yield table.append(2);
    yield table.tag('audit', table.snapshotIds[0] ?? 0n);
    yield table.overwrite(1);
    yield table.expire(1);
  },
  *'a hint that goes back, ahead, away and empty'(table) {
    yield table.append(1);
    yield table.append(1);
    yield table.append(1);
    yield [table.hint(1)];
    yield table.append(1);
    yield [table.hint(9)];
    yield [table.hint(table.version)];
    yield [{ name: table.hint('').name }];
    yield table.append(1);
  },
};

const FLAVOURS: readonly Partial<IcebergOptions>[] = [
  { formatVersion: 2 },
  { formatVersion: 3, naming: 'catalog' },
  { formatVersion: 1, inlineManifests: true, gzipMetadata: true },
];

describe('generated Iceberg tables', () => {
  let gcs: FakeGcs;
  let url: string;

  before(async () => {
    gcs = new FakeGcs(BUCKET);
    url = await gcs.listen();
  });
  after(() => gcs.close());

  for (const [name, tell] of Object.entries(STORIES)) {
    for (const options of FLAVOURS) {
      if (options.naming === 'catalog' && name.includes('hint')) continue;
      if (options.inlineManifests === true && name.startsWith('deletes')) continue;

      test(`${name}: ${JSON.stringify(options)}`, async () => {
        gcs.objects.clear();
        const table = new IcebergGenerator({ bucket: BUCKET, prefix: PREFIX, ...options });
        const source = new MemoryTableFiles();
        const location = { bucket: BUCKET, prefix: PREFIX, format: 'iceberg' as const };
        const site = new ModelSite(new IcebergFormat(), location, source);
        const http = new SiteHttp(url);
        const target = { table: 't', format: 'iceberg' as const, bucket: BUCKET, prefix: PREFIX, pathAliases: [] };
        const reader = new CheckingReader(http, { ...target, truth: undefined });
        const read = async (): Promise<string | undefined> => {
          gcs.objects.clear();
          for (const [object, { stat, bytes }] of site.published) {
            gcs.objects.set(object, { bytes, generation: Number(stat.generation) });
          }
          const report = await reader.check();
          assert.deepEqual([report.broken, report.unresolved, report.unavailable], [[], undefined, undefined]);
          return report.version;
        };
        for (const upload of tell(table)) {
          for (const file of upload) {
            source.apply([file]);
            await site.sync(async () => void (await read()));
            if ((await site.retire()).length > 0) await read();
          }
          for (const live of table.liveNames) assert.ok(site.published.has(live), `${live} is not shown`);
          assert.equal(site.cursor?.ordinal, String(table.version));
        }
        await site.settle();
        await read();
        await http.close();
        const extra = [...site.published.keys()].filter((object) => !source.has(object));
        assert.deepEqual(
          extra.filter((object) => !object.endsWith('version-hint.text')),
          [],
        );
      });
    }
  }
});
