import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** DuckDB in this process, over local Parquet files: no extension is loaded, nothing is fetched. */
export class Duck {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(): Promise<Duck> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: '512MB',
      threads: '2',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    return new Duck(instance, await instance.connect());
  }

  /** The first column of the first row, as a number. */
  async number(sql: string): Promise<number> {
    const result = await this.#connection.runAndReadAll(sql);
    return Number(result.getRowsJS()[0]?.[0]);
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/** A SQL string literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** `read_parquet` over files; `options` begins with a comma. */
export function sqlParquet(paths: readonly string[], options = ''): string {
  return `read_parquet([${paths.map(sqlText).join(', ')}]${options})`;
}
