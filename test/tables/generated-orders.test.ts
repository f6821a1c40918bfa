/** The demo's generated table: 200 commits that the walk, and an engine we did not write, read as they were meant. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { DEMO_TABLE, generateOrders } from '../../src/apps/demo/generate/generate-delta.ts';
import { DeltaFormat } from '../../src/tables/delta/delta-format.ts';
import type { TableCursor, TableLocation } from '../../src/tables/port.ts';
import { MemoryTableFiles } from '../support/memory-table-files.ts';
import { collect, missingOf, walkStep } from '../support/walk-table.ts';

const location: TableLocation = { bucket: 'lake', prefix: 'shop/orders/', format: 'delta' };

test('each commit is one version with the files and rows it says', async () => {
  const files = new MemoryTableFiles();
  const format = new DeltaFormat();
  const folder = await mkdtemp(join(tmpdir(), 'strait-orders-'));
  const duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  try {
    let cursor: TableCursor | undefined;
    const operations = new Set<string>();
    for (const commit of generateOrders(DEMO_TABLE)) {
      operations.add(commit.operation);
      files.apply(commit.files.map((file) => ({ ...file, name: location.prefix + file.name })));
      const { versions, problem, warnings } = await format.look(location, files, cursor);
      assert.deepEqual([problem, warnings, versions.length], [undefined, [], 1]);
      const [to] = versions;
      assert.ok(to);
      assert.equal(to.cursor.label, String(commit.version));
      assert.deepEqual(await missingOf(files, await walkStep({ format, location, files }, cursor, to)), []);
      cursor = to.cursor;
      const live = (await collect(format.live(location, files, cursor))).filter(({ name }) =>
        name.endsWith('.parquet'),
      );
      const data = live.map(({ name }) => name).filter((name) => !format.isControl(location, name));
      assert.equal(data.length, commit.liveFiles);
      if (commit.version % 60 !== 59 && commit.version !== DEMO_TABLE.commits - 1) continue;
      const paths = data.map((name) => join(folder, name));
      for (const [index, path] of paths.entries()) {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, files.bytesOf(data[index] ?? ''));
      }
      const list = paths.map((path) => `'${path}'`).join(', ');
      const sql = `SELECT count(*), count(DISTINCT id) FROM read_parquet([${list}], hive_partitioning = false)`;
      const [counts] = (await duck.runAndReadAll(sql)).getRowsJS();
      assert.deepEqual(counts?.map(Number), [commit.rows, commit.rows], 'no row is lost or doubled');
    }
    assert.equal(cursor?.label, '199');
    assert.deepEqual([...operations].sort(), ['DELETE', 'OPTIMIZE', 'WRITE']);
  } finally {
    duck.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
});

test('the same seed gives the same bytes', () => {
  const few = { ...DEMO_TABLE, commits: 15 };
  assert.deepEqual([...generateOrders(few)], [...generateOrders(few)]);
});
