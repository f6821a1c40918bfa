import { decodeZ85 } from '../formats/delta-log.ts';
import type { DeltaSnapshot } from '../formats/delta-snapshot.ts';
import type { HudiSnapshot } from '../formats/hudi-snapshot.ts';
import { bareIcebergPath } from '../formats/iceberg-metadata.ts';
import type { IcebergFile, IcebergSnapshot } from '../formats/iceberg-snapshot.ts';
import type { DirectorySnapshot, TableSnapshot } from '../formats/snapshot.ts';
import { readStoredVector, readVector } from './deletion-vector.ts';
import { type Duck, sqlParquet, sqlText } from './duck.ts';
import type { LocalCopies } from './local-copies.ts';

/** How a count came about. `base files`: Hudi merge-on-read without its logs. `–`: this reader has no ORC. */
export type CountedHow = 'exact' | 'exact, deletes applied' | 'base files' | '–';

export interface RowCount {
  readonly rows: number | undefined;
  readonly how: CountedHow;
}

const NOT_COUNTABLE: RowCount = { rows: undefined, how: '–' };

/** Counts the live rows of a snapshot with DuckDB over local copies of its files. */
export async function countRows(duck: Duck, snapshot: TableSnapshot, copies: LocalCopies): Promise<RowCount> {
  switch (snapshot.format) {
    case 'delta':
      return await countDelta(duck, snapshot, copies);
    case 'iceberg':
      return await countIceberg(duck, snapshot, copies);
    case 'hudi':
      return await countHudi(duck, snapshot, copies);
    case 'directory':
      return await countDirectory(duck, snapshot, copies);
  }
}

async function countFiles(duck: Duck, copies: LocalCopies, names: readonly string[]): Promise<number> {
  if (names.length === 0) return 0;
  const paths = await Promise.all(names.map((name) => copies.path(name)));
  return await duck.number(`SELECT count(*) FROM ${sqlParquet(paths, ', union_by_name = true')}`);
}

async function countDelta(duck: Duck, snapshot: DeltaSnapshot, copies: LocalCopies): Promise<RowCount> {
  const plain = snapshot.files.filter((file) => file.vector === undefined);
  let rows = await countFiles(
    duck,
    copies,
    plain.map((file) => file.name),
  );
  for (const { name, vector } of snapshot.files) {
    if (vector === undefined) continue;
    const deleted =
      vector.file === undefined
        ? readVector(decodeZ85(vector.pathOrInlineDv).subarray(0, vector.sizeInBytes))
        : readStoredVector(await copies.bytes(vector.file), vector.offset ?? 1);
    if (deleted.size !== vector.cardinality) {
      throw new Error(`${name}: its deletion vector has ${deleted.size} rows, the log says ${vector.cardinality}`);
    }
    rows += await countWithout(duck, await copies.path(name), deleted);
  }
  return { rows, how: plain.length === snapshot.files.length ? 'exact' : 'exact, deletes applied' };
}

async function countWithout(duck: Duck, path: string, deleted: ReadonlySet<number>): Promise<number> {
  if (deleted.size === 0) return await duck.number(`SELECT count(*) FROM ${sqlParquet([path])}`);
  const list = [...deleted].join(', ');
  const table = sqlParquet([path], ', file_row_number = true');
  return await duck.number(`SELECT count(*) FROM ${table} WHERE file_row_number NOT IN (${list})`);
}

async function countIceberg(duck: Duck, snapshot: IcebergSnapshot, copies: LocalCopies): Promise<RowCount> {
  const data = snapshot.files.filter((file) => file.content === 'data');
  const deletes = snapshot.files.filter((file) => file.content !== 'data');
  const readable = (file: IcebergFile) => file.fileFormat === 'PARQUET' || file.fileFormat === 'PUFFIN';
  if (!snapshot.files.every(readable)) return NOT_COUNTABLE;
  const untouched = data.filter((file) => !deletes.some((one) => mayDelete(snapshot, one, file)));
  let rows = await countFiles(
    duck,
    copies,
    untouched.map((file) => file.name),
  );
  for (const file of data) {
    if (untouched.includes(file)) continue;
    const applicable = deletes.filter((one) => mayDelete(snapshot, one, file));
    rows += await countUndeleted({ duck, snapshot, copies }, file, applicable);
  }
  return { rows, how: deletes.length === 0 ? 'exact' : 'exact, deletes applied' };
}

/**
 * Position deletes touch data of the same or an older sequence number, equality deletes only of an older one; both
 * within their partition, except that equality deletes of an unpartitioned spec are global.
 */
function mayDelete(snapshot: IcebergSnapshot, one: IcebergFile, data: IcebergFile): boolean {
  const isGlobal = one.content === 'equalityDeletes' && snapshot.metadata.unpartitionedSpecs.has(one.specId);
  if (one.partition !== data.partition && !isGlobal) return false;
  if (one.content === 'equalityDeletes') return data.sequence < one.sequence;
  if (data.sequence > one.sequence) return false;
  const { referencedDataFile } = one;
  return referencedDataFile === undefined || bareIcebergPath(referencedDataFile) === bareIcebergPath(data.path);
}

interface IcebergCount {
  readonly duck: Duck;
  readonly snapshot: IcebergSnapshot;
  readonly copies: LocalCopies;
}

async function countUndeleted(
  { duck, snapshot, copies }: IcebergCount,
  data: IcebergFile,
  deletes: readonly IcebergFile[],
): Promise<number> {
  const conditions: string[] = [];
  for (const one of deletes) {
    if (one.fileFormat === 'PUFFIN') {
      const rows = readStoredVector(await copies.bytes(one.name), one.contentOffset ?? 0);
      if (rows.size > 0) conditions.push(`file_row_number NOT IN (${[...rows].join(', ')})`);
      continue;
    }
    const source = sqlParquet([await copies.path(one.name)]);
    if (one.content === 'positionDeletes') {
      const bare = `regexp_replace(file_path, '^([A-Za-z][A-Za-z0-9+.-]*://[^/]*|file:)', '')`;
      const positions = `SELECT pos FROM ${source} WHERE ${bare} = ${sqlText(bareIcebergPath(data.path))}`;
      conditions.push(`file_row_number NOT IN (${positions})`);
      continue;
    }
    const columns = one.equalityIds.map((id) => snapshot.metadata.columns.get(id));
    const equal = columns.map((column) => {
      if (column === undefined) throw new Error(`${one.name}: equality column is not in the schema`);
      const quoted = `"${column.replaceAll('"', '""')}"`;
      return `deleted.${quoted} IS NOT DISTINCT FROM data.${quoted}`;
    });
    conditions.push(`NOT EXISTS (SELECT 1 FROM ${source} AS deleted WHERE ${equal.join(' AND ')})`);
  }
  const table = sqlParquet([await copies.path(data.name)], ', file_row_number = true');
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return await duck.number(`SELECT count(*) FROM ${table} AS data${where}`);
}

async function countHudi(duck: Duck, snapshot: HudiSnapshot, copies: LocalCopies): Promise<RowCount> {
  const bases = snapshot.slices.flatMap((slice) => (slice.base === undefined ? [] : [slice.base.name]));
  const rows = await countFiles(duck, copies, bases);
  return { rows, how: snapshot.mergeOnRead ? 'base files' : 'exact' };
}

/** Parquet by content, not by extension: writers call their files `.parq` or nothing at all. */
async function countDirectory(duck: Duck, snapshot: DirectorySnapshot, copies: LocalCopies): Promise<RowCount> {
  const data = snapshot.files.filter((name) => !/(?:^|\/)[_.]/.test(name));
  for (const name of data) {
    const bytes = await copies.bytes(name);
    if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== 'PAR1') return NOT_COUNTABLE;
  }
  return { rows: await countFiles(duck, copies, data), how: 'exact' };
}
