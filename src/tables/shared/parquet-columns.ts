import type { AsyncBuffer, ColumnMetaData, FileMetaData, RowGroup, SchemaTree } from 'hyparquet';
import { parquetMetadataAsync, parquetSchema } from 'hyparquet';
import { getPhysicalColumns } from 'hyparquet/src/schema.js';
import { LeafCursor } from './parquet-leaf.ts';

/** What a leaf column may hold; a repeated leaf gives arrays. */
export type ParquetValue = string | number | bigint | boolean | null | readonly ParquetValue[];

export interface ColumnBatch {
  readonly rowCount: number;
  /** One array of `rowCount` values for each path asked for, in that order. */
  readonly columns: readonly (readonly ParquetValue[])[];
}

const BATCH_ROWS = 4096;
const FOOTER_BYTES = 64 * 1024;

/**
 * Reads chosen leaf columns of a Parquet file, page by page. Memory is one page of each chosen column and one batch,
 * whatever the size of row groups and file: table logs put a million files into one row group. Errors that are not
 * the file's (a store that cannot be reached) pass through; anything else thrown means the file is not sound Parquet.
 */
export class ParquetColumns {
  readonly #file: AsyncBuffer;
  readonly #metadata: FileMetaData;
  readonly #schema: SchemaTree;
  readonly #leaves: ReadonlySet<string>;

  private constructor(file: AsyncBuffer, metadata: FileMetaData) {
    this.#file = file;
    this.#metadata = metadata;
    this.#schema = parquetSchema(metadata);
    this.#leaves = new Set(getPhysicalColumns(this.#schema));
  }

  /** Reads the footer. */
  static async open(file: AsyncBuffer): Promise<ParquetColumns> {
    if (file.byteLength < 12) throw new Error(`${file.byteLength} bytes are too few for a Parquet file`);
    return new ParquetColumns(file, await parquetMetadataAsync(file, { initialFetchSize: FOOTER_BYTES }));
  }

  get rowCount(): number {
    return Number(this.#metadata.num_rows);
  }

  has(path: string): boolean {
    return this.#leaves.has(path);
  }

  /** The one leaf below `path`, whatever the writer called the levels of a list (`list.element`, `bag.array`…). */
  leafBelow(path: string): string | undefined {
    return this.#leaves.values().find((leaf) => leaf.startsWith(`${path}.`));
  }

  /** The given leaf columns of every row, in file order. A leaf that is not in the file is null in every row. */
  async *scan(paths: readonly string[]): AsyncGenerator<ColumnBatch> {
    for (const group of this.#metadata.row_groups) {
      const cursors = paths.map((path) => this.#cursor(group, path));
      let left = Number(group.num_rows);
      while (left > 0) {
        let rowCount = Math.min(BATCH_ROWS, left);
        for (const cursor of cursors) if (cursor) rowCount = Math.min(rowCount, await cursor.available());
        if (rowCount === 0) throw new Error(`a column ends ${left} rows before its row group`);
        const columns = cursors.map((cursor) => cursor?.take(rowCount) ?? new Array<null>(rowCount).fill(null));
        yield { rowCount, columns };
        left -= rowCount;
      }
    }
  }

  #cursor(group: RowGroup, path: string): LeafCursor | undefined {
    if (!this.#leaves.has(path)) return undefined;
    const chunk = group.columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === path);
    if (chunk?.meta_data === undefined || chunk.file_path) throw new Error(`column ${path} has no chunk in this file`);
    return isAllNull(chunk.meta_data) ? undefined : new LeafCursor(this.#file, chunk.meta_data, this.#schema);
  }
}

/** Statistics say that no row of the chunk has a value: most rows of a Delta checkpoint have one action of six. */
function isAllNull(column: ColumnMetaData): boolean {
  return column.statistics?.null_count !== undefined && column.statistics.null_count === column.num_values;
}
