import assert from 'node:assert/strict';
import { PYTHON_READERS, whyNoPython } from '../support/client-tools.ts';
import { openTable, type ReaderAnswer } from '../support/table-readers.ts';
import {
  BUCKET,
  checksumOf,
  factsOf,
  names,
  requests,
  rowsQuery,
  type Scenario,
  type Stage,
  sparkFacts,
} from './spark-stage.ts';

const TABLES = 'iceberg/db';

/** What PyIceberg finds in the newest version, by Google's C++ client. Undefined where it is not installed. */
async function readByPyIceberg(
  stage: Stage,
  name: string,
  versions: readonly string[] = [],
): Promise<ReaderAnswer | undefined> {
  if (whyNoPython(PYTHON_READERS) !== undefined) return undefined;
  const prefix = `${TABLES}/${name}/metadata/`;
  const numbers = (await names(stage, prefix)).flatMap((file) => {
    const found = /^v(\d+)\.metadata\.json$/.exec(file);
    return found === null ? [] : [Number(found[1])];
  });
  const question = { columns: ['id', 'v'], versions, endpoint: stage.site.url, alias: '', root: '', io: 'ArrowIO' };
  const metadata = `gs://${BUCKET}/${prefix}v${Math.max(...numbers)}.metadata.json`;
  return await openTable('read_iceberg.py', metadata, question);
}

async function commitsAndTravels(stage: Stage): Promise<void> {
  const { spark } = stage;
  const moves = await requests(stage, 'objects.move', '200');
  await spark.sql('CREATE NAMESPACE IF NOT EXISTS lake.db');
  await spark.sql('CREATE TABLE lake.db.commits (id bigint, k int, v string) USING iceberg PARTITIONED BY (k)');
  await spark.sql(`INSERT INTO lake.db.commits ${rowsQuery(0, 10_000)}`);
  await spark.sql(`INSERT INTO lake.db.commits ${rowsQuery(10_000, 20_000)}`);
  await spark.sql(`INSERT OVERWRITE lake.db.commits SELECT * FROM (${rowsQuery(0, 20_000)}) WHERE id < 15000`);
  const history = await spark.sql(
    'SELECT CAST(snapshot_id AS string) FROM lake.db.commits.snapshots ORDER BY committed_at',
  );
  const ids = history.map(([id]) => String(id));
  const counts = [10_000, 20_000, 15_000];
  assert.equal(ids.length, counts.length);
  for (const [index, rows] of counts.entries()) {
    const query = `SELECT count(*) FROM lake.db.commits VERSION AS OF ${ids[index]}`;
    assert.equal(await spark.number(query), rows, `snapshot ${index}`);
  }
  assert.deepEqual(await sparkFacts(stage, 'lake.db.commits'), factsOf([0, 15_000]));
  assert.ok((await requests(stage, 'objects.move', '200')) > moves, 'each commit renames its metadata into place');
  const found = await readByPyIceberg(stage, 'commits', ids);
  if (found === undefined) return;
  assert.deepEqual(Object.values(found.versions), counts);
  assert.deepEqual([found.newest, found.rows, found.checksum], [ids[2], 15_000, checksumOf([0, 15_000])]);
}

/** Deletes become files of their own, which the compaction takes up again. */
async function changesRows(stage: Stage): Promise<void> {
  const { spark } = stage;
  const modes = ['delete', 'update', 'merge'].map((kind) => `'write.${kind}.mode' = 'merge-on-read'`).join(', ');
  await spark.sql(
    `CREATE TABLE lake.db.changes (id bigint, k int, v string) USING iceberg
     TBLPROPERTIES ('format-version' = '2', ${modes})`,
  );
  await spark.sql(`INSERT INTO lake.db.changes ${rowsQuery(0, 10_000)}`);
  await spark.sql('DELETE FROM lake.db.changes WHERE id >= 8000 AND id % 2 = 0');
  await spark.sql("UPDATE lake.db.changes SET v = 'changed' WHERE id = 8001");
  await spark.sql(
    `MERGE INTO lake.db.changes AS t USING (${rowsQuery(8_000, 12_000)}) AS s ON t.id = s.id
     WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`,
  );
  assert.ok((await spark.number('SELECT count(*) FROM lake.db.changes.delete_files')) > 0);
  assert.deepEqual(await sparkFacts(stage, 'lake.db.changes'), factsOf([0, 12_000]));
  const before = await readByPyIceberg(stage, 'changes');
  if (before !== undefined) assert.deepEqual([before.rows, before.checksum], [12_000, checksumOf([0, 12_000])]);

  await spark.sql("CALL lake.system.rewrite_data_files(table => 'db.changes', options => map('rewrite-all', 'true'))");
  const ever = "older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1";
  await spark.sql(`CALL lake.system.expire_snapshots(table => 'db.changes', ${ever})`);
  await spark.sql('ALTER TABLE lake.db.changes ADD COLUMN note string');
  assert.deepEqual(await sparkFacts(stage, 'lake.db.changes'), factsOf([0, 12_000]));
  assert.equal(await spark.number('SELECT count(*) FROM lake.db.changes.snapshots'), 1);
  const after = await readByPyIceberg(stage, 'changes');
  if (after !== undefined) assert.deepEqual([after.rows, after.checksum], [12_000, checksumOf([0, 12_000])]);
}

export const ICEBERG_SCENARIOS: readonly Scenario[] = [
  { name: 'Iceberg: append, overwrite, time travel', play: commitsAndTravels },
  { name: 'Iceberg: delete, update, merge on read; compact, expire, add a column', play: changesRows },
];
