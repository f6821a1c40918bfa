import assert from 'node:assert/strict';
import { until } from '../support/serve-site.ts';
import {
  assertNothingLeft,
  BUCKET,
  duckFacts,
  factsOf,
  names,
  requests,
  rowsQuery,
  type Scenario,
  type Stage,
  sparkFacts,
} from './spark-stage.ts';

const MIB = 1024 * 1024;
const ROWS = 100_000;
/** The connector's own default: a larger file goes up in several requests. */
const UPLOAD_CHUNK_BYTES = 24 * MIB;

function table(name: string) {
  const path = `gs://${BUCKET}/parquet/${name}`;
  return { path, prefix: `parquet/${name}/`, from: `parquet.\`${path}\``, format: 'parquet' };
}

async function writesAndReads(stage: Stage): Promise<void> {
  const { path, prefix, from, format } = table('plain');
  const write = (mode: 'errorifexists' | 'append' | 'overwrite', first: number, last: number) =>
    stage.spark.write({ query: rowsQuery(first, last, 4), path, format, mode });
  await write('errorifexists', 0, ROWS);
  assert.deepEqual(await sparkFacts(stage, from), factsOf([0, ROWS]));
  await assert.rejects(write('errorifexists', 0, 1), /already exists/i);
  await write('append', ROWS, ROWS + 1_000);
  assert.deepEqual(await sparkFacts(stage, from), factsOf([0, ROWS + 1_000]));
  assert.deepEqual(await duckFacts(stage, prefix), factsOf([0, ROWS + 1_000]));
  await write('overwrite', 5, 5_000);
  assert.deepEqual(await sparkFacts(stage, from), factsOf([5, 5_000]));
  assert.deepEqual(await duckFacts(stage, prefix), factsOf([5, 5_000]));
  assert.ok((await names(stage, prefix)).includes('_SUCCESS'));
  await assertNothingLeft(stage, prefix);
  assert.ok((await requests(stage, 'buckets.getStorageLayout', '200')) > 0, 'the connector asks what the bucket is');
}

async function overwritesPartitions(stage: Stage): Promise<void> {
  const { path, prefix, from, format } = table('partitioned');
  await stage.spark.write({ query: rowsQuery(0, ROWS), path, format, mode: 'overwrite', partitionBy: ['k'] });
  const pruned = await stage.spark.sql(`SELECT count(*), min(id), max(id) FROM ${from} WHERE k = 3`);
  assert.deepEqual(pruned, [[14_286, 3, 99_998]]);
  const dynamic = { partitionOverwriteMode: 'dynamic' };
  const query = `SELECT * FROM (${rowsQuery(0, ROWS)}) WHERE k = 3 AND id < 1000`;
  await stage.spark.write({ query, path, format, mode: 'overwrite', partitionBy: ['k'], options: dynamic });
  const counts = await stage.spark.sql(`SELECT k, count(*) FROM ${from} GROUP BY k ORDER BY k`);
  assert.deepEqual(
    counts.map(([, count]) => count),
    [14_286, 14_286, 14_286, 143, 14_286, 14_285, 14_285],
  );
  assert.deepEqual(await duckFacts(stage, prefix), await sparkFacts(stage, from));
  await assertNothingLeft(stage, prefix);
}

/** Version 1 renames when the job commits, version 2 when each task does. */
async function commitsByRename(stage: Stage, version: '1' | '2'): Promise<void> {
  const { path, prefix, from, format } = table(`committed-${version}`);
  const moves = await requests(stage, 'objects.move', '200');
  const failures = await stage.spark.failures();
  const options = { 'mapreduce.fileoutputcommitter.algorithm.version': version };
  const query = rowsQuery(0, ROWS, 2, 'fails_once(id)');
  await stage.spark.write({ query, path, format, mode: 'errorifexists', options });
  assert.equal(await stage.spark.failures(), failures + 1);
  assert.deepEqual(await sparkFacts(stage, from), factsOf([0, ROWS]));
  assert.deepEqual(await duckFacts(stage, prefix), factsOf([0, ROWS]));
  const parts = (await names(stage, prefix)).filter((name) => name.endsWith('.parquet'));
  assert.equal(parts.length, 2, `one file for each task that committed: ${parts.join(', ')}`);
  await assertNothingLeft(stage, prefix);
  assert.ok((await requests(stage, 'objects.move', '200')) >= moves + parts.length, 'renames are moves');
}

async function survivesKill(stage: Stage): Promise<void> {
  const { path, prefix, from, format } = table('killed');
  await stage.spark.write({ query: rowsQuery(0, 1_000), path, format, mode: 'overwrite' });
  const doomed = await stage.another();
  try {
    const query = rowsQuery(1_000, 21_000, 4, 'slowly(id)');
    const lost = assert.rejects(doomed.write({ query, path, format, mode: 'append' }));
    await until('the job has begun', { withinMs: 60_000 }, async () =>
      (await names(stage, prefix)).some((name) => name.includes('_temporary/')),
    );
    doomed.kill();
    await lost;
  } finally {
    await doomed.close();
  }
  assert.deepEqual(await sparkFacts(stage, from), factsOf([0, 1_000]));
  await stage.spark.write({ query: rowsQuery(1_000, 2_000), path, format, mode: 'append' });
  assert.deepEqual(await sparkFacts(stage, from), factsOf([0, 2_000]));
  assert.deepEqual(await duckFacts(stage, prefix), factsOf([0, 2_000]));
}

async function writesLargeFiles(stage: Stage): Promise<void> {
  const { path, prefix, from, format } = table('large');
  const query =
    "SELECT id, CAST(id % 7 AS INT) AS k, concat(sha2(concat('a', id), 256), sha2(concat('b', id), 256)) AS v " +
    'FROM range(0, 500000, 1, 1)';
  await stage.spark.write({ query, path, format, mode: 'overwrite', options: { compression: 'none' } });
  const files = ((await stage.http.list(BUCKET, prefix)) ?? []).filter(({ name }) => name.endsWith('.parquet'));
  assert.equal(files.length, 1);
  assert.ok((files[0]?.size ?? 0) > 2 * UPLOAD_CHUNK_BYTES, `${files[0]?.size} bytes`);
  const facts = factsOf([0, 500_000]);
  assert.deepEqual(await sparkFacts(stage, from), facts);
  assert.deepEqual(await duckFacts(stage, prefix), facts);
  const missing = `SELECT count(*) FROM (${query} EXCEPT ALL SELECT id, k, v FROM ${from})`;
  assert.equal(await stage.spark.number(missing), 0);
}

async function writesOtherFormats(stage: Stage): Promise<void> {
  const { spark } = stage;
  for (const [format, options] of [
    ['orc', {}],
    ['json', { compression: 'gzip' }],
    ['csv', {}],
  ] as const) {
    const path = `gs://${BUCKET}/files/${format}`;
    await spark.write({ query: rowsQuery(0, 10_000), path, format, mode: 'overwrite', options });
    await spark.sql(`CREATE TABLE ${format}_files (id bigint, k int, v string) USING ${format} LOCATION '${path}'`);
    assert.deepEqual(await sparkFacts(stage, `${format}_files`), factsOf([0, 10_000]), format);
  }
}

export const PARQUET_SCENARIOS: readonly Scenario[] = [
  { name: 'Parquet: write, append, overwrite, read', play: writesAndReads },
  { name: 'Parquet: partitions, overwritten one by one', play: overwritesPartitions },
  {
    name: 'Parquet: commit by rename, version 1, with a task that fails',
    play: (stage) => commitsByRename(stage, '1'),
  },
  {
    name: 'Parquet: commit by rename, version 2, with a task that fails',
    play: (stage) => commitsByRename(stage, '2'),
  },
  { name: 'Parquet: nothing is seen of a job that was killed', play: survivesKill },
  { name: 'Parquet: a file of several upload requests', play: writesLargeFiles },
  { name: 'ORC, JSON with gzip, CSV', play: writesOtherFormats },
];
