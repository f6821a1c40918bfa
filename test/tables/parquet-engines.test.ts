/** Columns of Parquet files written by an engine we did not write: every codec, plain and delta encodings. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { ParquetColumns, type ParquetValue } from '../../src/tables/shared/parquet-columns.ts';

const ROWS = 30_000;
const ACTIONS = `SELECT
  CASE WHEN i % 3 > 0 THEN {'path': printf('part-%d-é', i % 9000), 'size': i * 8589934592,
    'vector': CASE WHEN i % 5 = 0 THEN {'offset': i::INTEGER} END} END AS add,
  CASE WHEN i % 3 = 0 THEN {'features': [x FOR x IN ['a', NULL, 'c'] IF i % 2 = 0]} END AS protocol
  FROM range(${ROWS}::BIGINT) t(i)`;
const PATHS = ['add.path', 'add.size', 'add.vector.offset', 'protocol.features.list.element'];

let folder = '';
let duck: DuckDBConnection;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strait-parquet-'));
  duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});
after(async () => {
  duck.closeSync();
  await rm(folder, { recursive: true, force: true });
});

function expectedRow(index: number): ParquetValue[] {
  if (index % 3 === 0) return [null, null, null, index % 2 === 0 ? ['a', 'c'] : []];
  const offset = index % 5 === 0 ? index : null;
  return [`part-${index % 9000}-é`, BigInt(index) * 8_589_934_592n, offset, []];
}

for (const version of ['V1', 'V2']) {
  for (const codec of ['uncompressed', 'snappy', 'gzip', 'zstd', 'lz4_raw', 'brotli']) {
    test(`DuckDB ${version} ${codec}`, async () => {
      const path = join(folder, `${version}-${codec}.parquet`);
      const layout = `FORMAT parquet, PARQUET_VERSION ${version}, COMPRESSION ${codec}, ROW_GROUP_SIZE 11000`;
      await duck.run(`COPY (${ACTIONS}) TO '${path}' (${layout})`);
      const bytes = await readFile(path);
      const parquet = await ParquetColumns.open({
        byteLength: bytes.length,
        slice: (start, end) => Promise.resolve(new Uint8Array(bytes.subarray(start, end)).buffer),
      });
      let index = 0;
      for await (const { rowCount, columns } of parquet.scan(PATHS)) {
        for (let row = 0; row < rowCount; row += 1) {
          const [name, size, offset, features] = columns.map((column) => column[row] ?? null);
          assert.deepEqual([name, size, offset, features ?? []], expectedRow(index), `row ${index}`);
          index += 1;
        }
      }
      assert.equal(index, ROWS);
    });
  }
}
