import assert from 'node:assert/strict';
import test from 'node:test';
import type { AsyncBuffer } from 'hyparquet';
import { checkpointBytes } from '../../../test/support/delta-parquet.ts';
import { seededRandom } from '../../runtime/random.ts';
import { ParquetColumns, type ParquetValue } from './parquet-columns.ts';

/** The same rows in many layouts: pages of a few rows, row groups of a few pages, all in one. */
const LAYOUTS = [
  { rowGroupRows: 100_000, pageBytes: 1024 * 1024 },
  { rowGroupRows: 100_000, pageBytes: 256 },
  { rowGroupRows: 7, pageBytes: 40 },
  { rowGroupRows: 500, pageBytes: 1024 },
];
const PATHS = ['add.path', 'add.size', 'add.deletionVector.offset', 'protocol.readerFeatures.list.element'] as const;

function makeRows(count: number) {
  const random = seededRandom(count);
  return Array.from({ length: count }, (_, index) => {
    if (index % 5 === 3) {
      const readerFeatures = Array.from(
        { length: Math.floor(random.unit() * 4) },
        (_each, at) => `feature-${index}-${at}`,
      );
      return { protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures } };
    }
    if (index % 7 === 0) return { remove: { path: `gone-${index}` } };
    const deletionVector = index % 2 === 0 ? { storageType: 'i', pathOrInlineDv: 'x', offset: index } : undefined;
    return {
      add: { path: `part-${random.unit()}-é${index}`, size: index * 2 ** 33, dataChange: true, deletionVector },
    };
  });
}

function buffer(bytes: Uint8Array, reads: number[] = []): AsyncBuffer {
  return {
    byteLength: bytes.length,
    slice(start, end) {
      reads.push((end ?? bytes.length) - start);
      return Promise.resolve(new Uint8Array(bytes.subarray(start, end)).buffer);
    },
  };
}

async function scan(bytes: Uint8Array, paths: readonly string[]): Promise<ParquetValue[][]> {
  const parquet = await ParquetColumns.open(buffer(bytes));
  const rows: ParquetValue[][] = [];
  for await (const { rowCount, columns } of parquet.scan(paths)) {
    for (let row = 0; row < rowCount; row += 1) rows.push(columns.map((column) => column[row] ?? null));
  }
  assert.equal(rows.length, parquet.rowCount);
  return rows;
}

for (const layout of LAYOUTS) {
  test(`rows come back: row groups of ${layout.rowGroupRows}, pages of ${layout.pageBytes} bytes`, async () => {
    for (const count of [0, 1, 6, 200, layout.rowGroupRows < 100 ? 150 : 1200]) {
      const rows = makeRows(count);
      const bytes = checkpointBytes(rows, layout);
      const expected = rows.map(({ add, protocol }) => [
        add?.path ?? null,
        add === undefined ? null : BigInt(add.size),
        add?.deletionVector?.offset ?? null,
        protocol?.readerFeatures ?? [],
      ]);
      const read = await scan(bytes, PATHS);
      // A list that is not there and an empty one are the same to who looks for its elements.
      assert.deepEqual(
        read.map(([path, size, offset, features]) => [path, size, offset, features ?? []]),
        expected,
      );
    }
  });
}

test('a column the file does not have is null; leaves are found by what lies above them', async () => {
  const bytes = checkpointBytes(makeRows(10), { actions: ['add', 'protocol'] });
  const parquet = await ParquetColumns.open(buffer(bytes));
  assert.equal(parquet.has('sidecar.path'), false);
  assert.equal(parquet.leafBelow('protocol.readerFeatures'), 'protocol.readerFeatures.list.element');
  assert.deepEqual(
    (await scan(bytes, ['sidecar.path'])).flat(),
    Array.from({ length: 10 }, () => null),
  );
});

test('only the chosen columns are fetched, in blocks', async () => {
  const random = seededRandom(4);
  const stats = () => String(random.unit()).repeat(20);
  const rows = makeRows(5000).map((row) => ('add' in row ? { add: { ...row.add, stats: stats() } } : row));
  const bytes = checkpointBytes(rows, { codec: 'UNCOMPRESSED' });
  const reads: number[] = [];
  const parquet = await ParquetColumns.open(buffer(bytes, reads));
  for await (const _ of parquet.scan(['add.path']));
  const fetched = reads.reduce((sum, length) => sum + length, 0);
  assert.ok(bytes.length > 1_000_000 && fetched < 500_000, `${fetched} of ${bytes.length} bytes`);
});

test('a file that is cut, or is not Parquet, is refused at once', async () => {
  const bytes = checkpointBytes(makeRows(100));
  for (const bad of [
    bytes.subarray(0, bytes.length - 1),
    bytes.subarray(0, 11),
    Buffer.from('no'),
    new Uint8Array(0),
  ]) {
    await assert.rejects(() => ParquetColumns.open(buffer(bad)));
  }
});

test('damaged pages are an error, never fewer rows', async () => {
  const bytes = checkpointBytes(makeRows(500), { pageBytes: 512, codec: 'UNCOMPRESSED' });
  const random = seededRandom(5);
  let refused = 0;
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const damaged = new Uint8Array(bytes);
    const at = 4 + Math.floor(random.unit() * 4000);
    damaged.fill(0xff, at, at + 40);
    try {
      assert.equal((await scan(damaged, PATHS)).length, 500);
    } catch (error) {
      assert.ok(error instanceof Error && error.name !== 'AssertionError');
      refused += 1;
    }
  }
  assert.ok(refused > 0);
});
