import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { memoByBytes } from './memo.ts';
import { asFields, type Fields } from './values.ts';

/** Every row of a small Parquet file as objects. */
export const readParquetRows = memoByBytes(async (bytes): Promise<readonly Fields[]> => {
  const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer, compressors });
  return rows.map((row) => asFields(row, 'Parquet row'));
});
