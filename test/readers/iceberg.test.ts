/** Iceberg tables that came to a site by sync, opened by PyIceberg with its own GCS support, straight from the site. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DEMO_BUCKET, DEMO_TABLES_FOLDER, prepareDemoTables, readDemoTables } from '../../src/apps/demo/demo-tables.ts';
import { recordFigure } from '../support/record-figure.ts';
import { type SampleTable, sampleAliases, sampleTables } from '../support/sample-tables.ts';
import { type SyncedSite, startSyncedSite } from '../support/synced-site.ts';
import { openTable, READERS_MISSING, type ReaderAnswer } from '../support/table-readers.ts';
import { prepareSample } from '../support/two-sites.ts';

/** What PyIceberg itself cannot do, over the original files just as over a site's. */
const LIMITS: Readonly<Record<string, { readonly reason: string; readonly rows: number | RegExp }>> = {
  'iceberg-v2-equality-deletes-partitioned': {
    reason: 'it reads no equality deletes',
    rows: /PyIceberg does not yet support equality deletes/,
  },
  'iceberg-v2-position-deletes': {
    reason: 'deletes name files by hdfs://…, manifests by /…, and it compares the text: deleted rows stay',
    rows: 10,
  },
  'iceberg-v2-bigquery': {
    reason: "it cannot parse the map types in BigQuery's manifests",
    rows: /TypeError: list ind/,
  },
};

/** True when PyIceberg read as many rows as there are; a figure or failure of its known limit passes too. */
function isExact(found: number | string | undefined, rows: number, limit: number | RegExp | undefined): boolean {
  if (found === rows) return true;
  if (limit instanceof RegExp) assert.match(String(found), limit);
  else assert.equal(found, limit ?? rows);
  return false;
}

/** `gs://…` of the metadata file with the highest version that the site lists. */
async function newestMetadata({ site }: SyncedSite, table: string): Promise<string> {
  const names = ((await site.list(DEMO_BUCKET, `${table}/metadata/`)) ?? []).map((object) => object.name);
  const versions = names.flatMap((name) => {
    const found = /\/v?(\d+)(?:-[^/]*)?(?:\.gz)?\.metadata\.json$/.exec(name);
    return found === null ? [] : [{ name, version: Number(found[1]) }];
  });
  const newest = versions.toSorted((one, other) => other.version - one.version)[0];
  assert.ok(newest !== undefined, `${table} has no metadata file at the site`);
  return `gs://${DEMO_BUCKET}/${newest.name}`;
}

interface Opening {
  readonly io: 'ArrowIO' | 'GcsfsIO';
  readonly columns?: readonly string[];
  readonly versions?: readonly string[];
  readonly alias?: string;
}

async function open(synced: SyncedSite, table: string, opening: Opening): Promise<ReaderAnswer> {
  const question = { columns: [], versions: [], alias: '', ...opening };
  const at = { endpoint: synced.url, root: `gs://${DEMO_BUCKET}/${table}/` };
  return await openTable('read_iceberg.py', await newestMetadata(synced, table), { ...question, ...at });
}

async function checkSample(synced: SyncedSite, table: SampleTable): Promise<number> {
  const { latest, name } = table;
  const history = table.history ?? [];
  const versions = history.map(({ snapshotId = '' }) => snapshotId);
  const alias = sampleAliases(table)[0] ?? '';
  const answer = await open(synced, name, { io: 'ArrowIO', columns: latest.checksumColumns, versions, alias });
  const limit = LIMITS[name]?.rows;
  assert.equal(answer.newest, latest.snapshotId);
  const exact = history.filter(({ snapshotId = '', rowsRecounted = -1 }) =>
    isExact(answer.versions[snapshotId], rowsRecounted, limit),
  );
  const isRead = isExact(answer.rows, latest.rows, limit);
  assert.equal(isRead, limit === undefined, `${name}: PyIceberg's limit is gone; take it out of LIMITS`);
  if (isRead) assert.equal(answer.checksum, latest.checksum);
  return exact.length;
}

describe('PyIceberg opens what a site shows', { skip: READERS_MISSING }, () => {
  const samples = sampleTables().filter(({ format }) => format === 'iceberg');
  /** Written by PyIceberg, with true gs:// paths: no alias, no mapping. */
  const bundled = ['iceberg-rides', 'iceberg-sensors'];
  let synced: SyncedSite;
  let opened = 0;
  before(async () => {
    const own = (await prepareDemoTables()).filter(({ table }) => bundled.includes(table.name));
    assert.equal(own.length, bundled.length, `${bundled.join(' and ')} are not in ${DEMO_TABLES_FOLDER}`);
    const others = await Promise.all(samples.map((table) => prepareSample(table, { orphansPerStep: 1 })));
    synced = await startSyncedSite([...own, ...others]);
  });
  after(async () => {
    await synced?.[Symbol.asyncDispose]();
    recordFigure({ name: 'readers: versions opened by PyIceberg', value: opened });
  });

  for (const table of samples) {
    const limit = LIMITS[table.name];
    const title = limit === undefined ? table.name : `${table.name}, as far as PyIceberg goes: ${limit.reason}`;
    test(title, { timeout: 120_000 }, async () => {
      opened += await checkSample(synced, table);
    });
  }

  for (const name of bundled) {
    for (const io of ['ArrowIO', 'GcsfsIO'] as const) {
      test(`${name} by ${io}`, { timeout: 120_000 }, async () => {
        const { rows } = readDemoTables().find((table) => table.name === name) ?? {};
        assert.equal((await open(synced, name, { io })).rows, rows);
        opened += 1;
      });
    }
  }
});
