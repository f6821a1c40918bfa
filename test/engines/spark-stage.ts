/** What the scenarios for Spark play on: a gateway on disk, a session, and readers that are not Spark. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SiteHttp } from '../../src/apps/demo/check/site-http.ts';
import { Duck, sqlParquet } from '../../src/apps/demo/rows/duck.ts';
import type { SparkLine } from '../support/engine-tools.ts';
import { freePort } from '../support/free-port.ts';
import { ServedSite } from '../support/serve-site.ts';
import { type SparkRow, SparkSession } from '../support/spark-session.ts';
import { downloadTable } from '../support/table-readers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const BUCKET = 'spark-lake';

const LAKE = {
  'spark.sql.extensions':
    'io.delta.sql.DeltaSparkSessionExtension,org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions',
  'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
  'spark.databricks.delta.snapshotPartitions': '2',
  'spark.databricks.delta.properties.defaults.checkpointInterval': '3',
  'spark.databricks.delta.retentionDurationCheck.enabled': 'false',
  'spark.sql.catalog.lake': 'org.apache.iceberg.spark.SparkCatalog',
  'spark.sql.catalog.lake.type': 'hadoop',
  'spark.sql.catalog.lake.warehouse': `gs://${BUCKET}/iceberg`,
};

export interface Stage {
  readonly line: SparkLine;
  readonly site: ServedSite;
  readonly http: SiteHttp;
  readonly spark: SparkSession;
  /** Another session of the same kind, to be closed by who asked. */
  another(): Promise<SparkSession>;
}

export interface Scenario {
  readonly name: string;
  readonly play: (stage: Stage) => Promise<void>;
}

/** Until the test ends. */
export async function setStage(t: TestContext, line: SparkLine): Promise<Stage> {
  // Spark is told the address once: a gateway that is killed must come back where it was.
  const site = await ServedSite.start(t, { listen: `127.0.0.1:${await freePort()}` });
  await site.createBucket(BUCKET);
  const http = new SiteHttp(site.url);
  t.after(() => http.close());
  const another = () => SparkSession.start(line, { url: site.url, conf: LAKE });
  const spark = await another();
  t.after(() => spark.close());
  return { line, site, http, spark, another };
}

/** Requests of one operation that the gateway has answered so. */
export async function requests({ site }: Stage, operation: string, code: string): Promise<number> {
  return await site.counter('strait_http_requests_total', `code="${code}",operation="${operation}"`);
}

/** Names of objects under a prefix, without it. */
export async function names({ http }: Stage, prefix: string): Promise<readonly string[]> {
  const objects = (await http.list(BUCKET, prefix)) ?? [];
  return objects.map(({ name }) => name.slice(prefix.length));
}

/** A query for rows `id`, `k`, `v` with ids of a range, in so many tasks. */
export function rowsQuery(from: number, to: number, tasks = 2, id = 'id'): string {
  const columns = `${id} AS id, CAST(id % 7 AS INT) AS k, concat('value ', id) AS v`;
  return `SELECT ${columns} FROM range(${from}, ${to}, 1, ${tasks})`;
}

/** What is asked of rows by every reader: how many, how many different, and the sums of the two numbers. */
const FACTS = 'count(*), count(DISTINCT v), sum(id), sum(k)';
export type Facts = readonly [rows: number, values: number, ids: number, keys: number];

/** The facts of `rowsQuery` over ranges of ids, one after the other. */
export function factsOf(...ranges: readonly (readonly [from: number, to: number])[]): Facts {
  const ids = ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, index) => from + index));
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  return [ids.length, new Set(ids).size, sum(ids), sum(ids.map((id) => id % 7))];
}

export async function sparkFacts({ spark }: Stage, from: string): Promise<Facts> {
  const [row = []] = await spark.sql(`SELECT ${FACTS} FROM ${from}`);
  return asFacts(row);
}

function asFacts(row: SparkRow): Facts {
  const [rows = 0, values = 0, ids = 0, keys = 0] = row.map(Number);
  return [rows, values, ids, keys];
}

/** Of the Parquet files under a prefix, downloaded and read by DuckDB. */
export async function duckFacts({ http }: Stage, prefix: string): Promise<Facts> {
  await using folder = await temporaryFolder('engines-parquet');
  await downloadTable(http, prefix, folder.path, BUCKET);
  const files = globSync('**/*.parquet', { cwd: folder.path }).map((name) => join(folder.path, name));
  const duck = await Duck.open();
  try {
    const numbers: number[] = [];
    for (const fact of FACTS.split(/, /)) {
      numbers.push(await duck.number(`SELECT ${fact} FROM ${sqlParquet(files, ', hive_partitioning = true')}`));
    }
    return asFacts(numbers);
  } finally {
    duck.close();
  }
}

/** The checksum that the readers in Python compute over columns `id` and `v`. */
export function checksumOf(...ranges: readonly (readonly [from: number, to: number])[]): string {
  const lines = ranges.flatMap(([from, to]) =>
    Array.from({ length: to - from }, (_, index) => `${from + index}\x1fvalue ${from + index}`),
  );
  const hash = createHash('sha256');
  for (const line of lines.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))) {
    hash.update(`${line}\n`);
  }
  return hash.digest('hex');
}

/** No job left a trace: folders of attempts, or staged partitions. */
export async function assertNothingLeft(stage: Stage, prefix: string): Promise<void> {
  const left = (await names(stage, prefix)).filter((name) => /_temporary|\.spark-staging/.test(name));
  assert.deepEqual(left, []);
}
