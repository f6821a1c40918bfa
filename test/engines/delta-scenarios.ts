import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { PYTHON_READERS, whyNoPython } from '../support/client-tools.ts';
import { recordFigure } from '../support/record-figure.ts';
import { downloadTable, openTable, type ReaderAnswer } from '../support/table-readers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { BUCKET, checksumOf, factsOf, names, rowsQuery, type Scenario, type Stage, sparkFacts } from './spark-stage.ts';

const CONCURRENT_APPENDS = 6;
const INTERRUPTED_APPENDS = 8;
const KILLS_MAX = 5;
const KILL_EVERY_MS = 1_500;

function table(name: string) {
  const path = `gs://${BUCKET}/delta/${name}`;
  return { path, prefix: `delta/${name}/`, from: `delta.\`${path}\``, format: 'delta' };
}

/** What delta-rs, which shares no code with Spark, finds in the table's objects. Undefined where it is missing. */
async function readByDeltaRs({ http }: Stage, prefix: string, versions: number): Promise<ReaderAnswer | undefined> {
  if (whyNoPython(PYTHON_READERS) !== undefined) return undefined;
  await using folder = await temporaryFolder('engines-delta');
  await downloadTable(http, prefix, folder.path, BUCKET);
  const asked = Array.from({ length: versions }, (_, version) => String(version));
  return await openTable('read_delta.py', folder.path, { columns: ['id', 'v'], versions: asked });
}

async function commitsAndTravels(stage: Stage): Promise<void> {
  const { spark } = stage;
  const { path, prefix, from, format } = table('commits');
  await spark.write({ query: rowsQuery(0, 10_000), path, format, mode: 'errorifexists' });
  await spark.write({ query: rowsQuery(10_000, 20_000), path, format, mode: 'append' });
  await spark.sql(`DELETE FROM ${from} WHERE id >= 15000`);
  await spark.sql(`UPDATE ${from} SET v = 'value 15000', id = 15000 WHERE id = 14999`);
  await spark.sql(
    `MERGE INTO ${from} AS t USING (${rowsQuery(14_000, 16_000)}) AS s ON t.id = s.id
     WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`,
  );
  await spark.write({ query: rowsQuery(7, 5_000), path, format, mode: 'overwrite' });
  const counts = [10_000, 20_000, 15_000, 15_000, 16_000, 4_993];
  for (const [version, rows] of counts.entries()) {
    assert.equal(
      await spark.number(`SELECT count(*) FROM ${from} VERSION AS OF ${version}`),
      rows,
      `version ${version}`,
    );
  }
  const merged = await sparkFacts(stage, `(SELECT * FROM ${from} VERSION AS OF 4)`);
  assert.deepEqual(merged, factsOf([0, 16_000]));
  assert.deepEqual(await sparkFacts(stage, from), factsOf([7, 5_000]));
  const found = await readByDeltaRs(stage, prefix, counts.length);
  if (found === undefined) return;
  assert.deepEqual(Object.values(found.versions), counts);
  assert.deepEqual([found.newest, found.rows, found.checksum], ['5', 4_993, checksumOf([7, 5_000])]);
}

async function checkpointsAndVacuums(stage: Stage): Promise<void> {
  const { spark } = stage;
  const { path, prefix, from, format } = table('kept');
  for (let step = 0; step < 5; step += 1) {
    const query = rowsQuery(step * 100, step * 100 + 100, 1);
    await spark.write({ query, path, format, mode: 'append' });
  }
  const log = (await names(stage, `${prefix}_delta_log/`)).filter((name) => !name.endsWith('/'));
  assert.ok(log.includes('_last_checkpoint') && log.some((name) => name.endsWith('.checkpoint.parquet')), log.join());
  await spark.sql(`OPTIMIZE ${from}`);
  await spark.sql(`VACUUM ${from} RETAIN 0 HOURS`);
  const files = (await names(stage, prefix)).filter((name) => /^part-.*\.parquet$/.test(name));
  assert.equal(files.length, 1, 'only the file of the newest version is left');
  assert.deepEqual(await sparkFacts(stage, from), factsOf([0, 500]));
  const found = await readByDeltaRs(stage, prefix, 0);
  if (found !== undefined) assert.deepEqual([found.rows, found.checksum], [500, checksumOf([0, 500])]);
}

/** Two processes race for the same versions: who comes second must notice, and come again as the next. */
async function losesNoCommit(stage: Stage): Promise<void> {
  const { path, prefix, from, format } = table('raced');
  await stage.spark.write({ query: rowsQuery(0, 100, 1), path, format, mode: 'errorifexists' });
  const other = await stage.another();
  try {
    const appends = [stage.spark, other].map(async (spark, writer) => {
      for (let step = 0; step < CONCURRENT_APPENDS; step += 1) {
        const first = 100 + (step * 2 + writer) * 100;
        await spark.write({ query: rowsQuery(first, first + 100, 1), path, format, mode: 'append' });
      }
    });
    await Promise.all(appends);
  } finally {
    await other.close();
  }
  const commits = 2 * CONCURRENT_APPENDS;
  const facts = factsOf([0, 100 + commits * 100]);
  assert.deepEqual(await sparkFacts(stage, from), facts);
  const log = (await names(stage, `${prefix}_delta_log/`)).filter((name) => /^\d{20}\.json$/.test(name));
  assert.deepEqual(
    log.map((name) => Number(name.slice(0, 20))),
    Array.from({ length: commits + 1 }, (_, version) => version),
  );
  const found = await readByDeltaRs(stage, prefix, 0);
  if (found !== undefined) assert.deepEqual([found.newest, found.rows], [String(commits), facts[0]]);
}

/** An append that Spark was told is done is there, and every append is there whole or not at all. */
async function survivesGatewayKills(stage: Stage): Promise<void> {
  const { path, from, format } = table('interrupted');
  await stage.spark.write({ query: rowsQuery(0, 100, 1), path, format, mode: 'errorifexists' });
  const acknowledged = [0];
  const appends = async () => {
    for (let step = 1; step <= INTERRUPTED_APPENDS; step += 1) {
      const query = rowsQuery(step * 100, step * 100 + 100, 1);
      const outcome = stage.spark.write({ query, path, format, mode: 'append' });
      await outcome.then(
        () => acknowledged.push(step),
        () => undefined,
      );
    }
    return 'done';
  };
  const running = appends();
  let kills = 0;
  while ((await Promise.race([running, wait(KILL_EVERY_MS)])) !== 'done' && kills < KILLS_MAX) {
    await stage.site.kill();
    kills += 1;
    await stage.site.restart();
  }
  await running;
  assert.ok(kills > 0, 'the gateway was killed while Spark wrote');
  const found = await stage.spark.sql(`SELECT CAST(floor(id / 100) AS int), count(*) FROM ${from} GROUP BY 1`);
  const rows = new Map(found.map(([step, count]) => [Number(step), Number(count)]));
  // A commit whose answer died with the gateway may be made twice, as at any store that forgets whom it answered.
  const torn = [...rows].filter(([, count]) => count % 100 !== 0);
  assert.deepEqual(torn, []);
  assert.deepEqual(
    acknowledged.filter((step) => !rows.has(step)),
    [],
  );
  const name = `engines: Delta appends acknowledged through ${kills} kills, Spark ${stage.line.version}`;
  recordFigure({ name, value: `${acknowledged.length - 1} of ${INTERRUPTED_APPENDS}` });
}

export const DELTA_SCENARIOS: readonly Scenario[] = [
  { name: 'Delta: append, delete, update, merge, overwrite, time travel', play: commitsAndTravels },
  { name: 'Delta: checkpoint, optimize, vacuum', play: checkpointsAndVacuums },
  { name: 'Delta: two sessions append, no commit is lost', play: losesNoCommit },
  { name: 'Delta: the gateway is killed again and again, no append is lost or torn', play: survivesGatewayKills },
];
