import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { asFields, type Fields } from './values.ts';

/** Every row of a small Parquet file as objects, only the named columns (all when omitted). */
export async function readParquetRows(bytes: Uint8Array, columns?: readonly string[]): Promise<readonly Fields[]> {
  const copy = bytes.slice();
  const rows = await parquetReadObjects({
    file: copy.buffer,
    compressors,
    ...(columns === undefined ? {} : { columns: [...columns] }),
  });
  return rows.map((row) => asFields(row, 'Parquet row'));
}
