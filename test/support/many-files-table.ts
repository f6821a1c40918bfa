/** Delta tables of a million live files, written by DuckDB to a folder: an encoder we did not write. */
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

export interface ManyFilesOptions {
  readonly liveFiles: number;
  /** `classic`: one Parquet checkpoint; `sidecars`: a JSON checkpoint with ten of them. */
  readonly form: 'classic' | 'sidecars';
  readonly rowGroupRows: number;
  /** Commits above the checkpoint. Each removes and adds this many files. */
  readonly commits: number;
  readonly changesPerCommit: number;
}

const CHECKPOINT_VERSION = 10;
const DATA_BYTES = 8;

/** Relative name of the table's `index`-th data file; all have eight bytes, and the log says so. */
export function manyFilesName(index: number): string {
  return `day=${index % 365}/part-${String(index).padStart(8, '0')}-6d9c2f1e-8a07-4c1b.c000.snappy.parquet`;
}

export function manyFilesBytes(index: number): Uint8Array {
  return Buffer.from(String(index).padStart(DATA_BYTES, '0').slice(-DATA_BYTES));
}

/** Writes the log below `folder`. The newest version has `liveFiles` files: the last ones ever added. */
export async function writeManyFilesLog(folder: string, options: ManyFilesOptions): Promise<void> {
  const log = join(folder, '_delta_log');
  await rm(log, { recursive: true, force: true });
  await mkdir(join(log, '_sidecars'), { recursive: true });
  const duck = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  const copy = async (name: string, sql: string) => {
    const layout = `FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${options.rowGroupRows}`;
    await duck.run(`COPY (${sql}) TO '${join(log, name)}' (${layout})`);
  };
  const table = [
    {
      protocol: {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ['v2Checkpoint'],
        writerFeatures: ['v2Checkpoint'],
      },
    },
    { metaData: { id: 'many', format: { provider: 'parquet' }, schemaString: '{}', partitionColumns: ['day'] } },
  ];
  const start = `${String(CHECKPOINT_VERSION).padStart(20, '0')}`;
  if (options.form === 'classic') {
    await copy(`${start}.checkpoint.parquet`, `${tableRow()} UNION ALL BY NAME ${addRows(0, options.liveFiles)}`);
  } else {
    const share = Math.ceil(options.liveFiles / 10);
    const sidecars: object[] = [];
    for (let first = 0; first < options.liveFiles; first += share) {
      const path = `00000000-0000-4000-8000-${String(first).padStart(12, '0')}.parquet`;
      await copy(join('_sidecars', path), addRows(first, Math.min(first + share, options.liveFiles)));
      sidecars.push({ sidecar: { path, sizeInBytes: 0, modificationTime: 0 } });
    }
    const top = [{ checkpointMetadata: { version: CHECKPOINT_VERSION } }, ...table, ...sidecars];
    await writeLines(join(log, `${start}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json`), top);
  }
  duck.closeSync();
  await writeLines(join(log, `${start}.json`), [{ commitInfo: { operation: 'WRITE' } }]);
  for (let commit = 0; commit < options.commits; commit += 1) {
    const name = `${String(CHECKPOINT_VERSION + 1 + commit).padStart(20, '0')}.json`;
    await writeLines(join(log, name), changes(commit, options));
  }
}

function* changes(commit: number, { changesPerCommit, liveFiles }: ManyFilesOptions): Generator<object> {
  for (let change = 0; change < changesPerCommit; change += 1) {
    const index = commit * changesPerCommit + change;
    const path = manyFilesName(index);
    yield { remove: { path, deletionTimestamp: 1, dataChange: true, partitionValues: { day: String(index % 365) } } };
    yield { add: { path: manyFilesName(liveFiles + index), size: DATA_BYTES, dataChange: true, partitionValues: {} } };
  }
}

async function writeLines(path: string, actions: Iterable<object>): Promise<void> {
  const file = await open(path, 'w');
  let lines: string[] = [];
  for (const action of actions) {
    lines.push(JSON.stringify(action));
    if (lines.length < 10_000) continue;
    await file.write(`${lines.join('\n')}\n`);
    lines = [];
  }
  if (lines.length > 0) await file.write(`${lines.join('\n')}\n`);
  await file.close();
}

function tableRow(): string {
  return `SELECT {'minReaderVersion': 3, 'minWriterVersion': 7, 'readerFeatures': ['v2Checkpoint'],
    'writerFeatures': ['v2Checkpoint']} AS protocol`;
}

/** As `manyFilesName` names them, with statistics as large as real ones. */
function addRows(first: number, end: number): string {
  return `SELECT {
    'path': printf('day=%d/part-%08d-6d9c2f1e-8a07-4c1b.c000.snappy.parquet', i % 365, i),
    'partitionValues': MAP {'day': (i % 365)::VARCHAR},
    'size': ${DATA_BYTES}::BIGINT,
    'modificationTime': 1700000000000::BIGINT,
    'dataChange': false,
    'stats': printf('{"numRecords":%d,"minValues":{"id":%d,"name":"%s"},"maxValues":{"id":%d,"name":"%s"}}',
      i % 1000, i, md5(i::VARCHAR), i + 1000, md5((i + 1)::VARCHAR)),
    'deletionVector': NULL::STRUCT(storageType VARCHAR, pathOrInlineDv VARCHAR, "offset" INTEGER)
  } AS add FROM range(${first}::BIGINT, ${end}::BIGINT) t(i)`;
}
