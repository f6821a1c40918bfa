/** Small Delta tables made to measure: every shape of log that the sample tables lack. */
import {
  type CheckpointForm,
  type DataFile,
  DeltaTableWriter,
  type GeneratedFile,
  ORDERS_SCHEMA,
} from '../../src/apps/demo/generate/delta-table-writer.ts';
import { seededRandom } from '../../src/runtime/random.ts';

export interface DeltaScenarioOptions {
  readonly prefix?: string;
  readonly seed?: number;
  readonly readerFeatures?: readonly string[];
}

/**
 * A table whose data files are a few bytes each. Every method gives files in upload order, ready for
 * `MemoryTableFiles.apply`; deletes have no bytes.
 */
export class DeltaScenario {
  readonly prefix: string;
  readonly writer: DeltaTableWriter;
  #count = 0;
  #lastCheckpoint: { readonly version: number; readonly files: readonly GeneratedFile[] } | undefined;

  constructor(options: DeltaScenarioOptions = {}) {
    this.prefix = options.prefix ?? 'lake/orders/';
    this.writer = new DeltaTableWriter({
      random: seededRandom(options.seed ?? 1),
      startMs: 1_700_000_000_000,
      partitionColumns: [],
      schemaString: ORDERS_SCHEMA,
      readerFeatures: options.readerFeatures ?? [],
    });
  }

  get version(): number {
    return this.writer.version;
  }

  /** Full names of the live data files. */
  get live(): ReadonlySet<string> {
    return new Set([...this.writer.live.keys()].map((path) => this.prefix + path));
  }

  append(files = 1): GeneratedFile[] {
    return this.#commit('WRITE', this.#make(files), []);
  }

  /** All live files go, these come. */
  overwrite(files = 1): GeneratedFile[] {
    return this.#commit('WRITE', this.#make(files), [...this.writer.live.keys()]);
  }

  /** The oldest `files` become one. */
  optimise(files = 2): GeneratedFile[] {
    return this.#commit('OPTIMIZE', this.#make(1), [...this.writer.live.keys()].slice(0, files));
  }

  remove(files = 1): GeneratedFile[] {
    return this.#commit('DELETE', { files: [], data: [] }, [...this.writer.live.keys()].slice(0, files));
  }

  /** The log names these files again, without writing them: RESTORE. */
  restore(paths: readonly string[]): GeneratedFile[] {
    const adds = paths.map((path) => ({ path, size: dataBytes(path).length, rows: 1, partitionValues: {} }));
    return this.#commit('RESTORE', { files: adds, data: [] }, [...this.writer.live.keys()]);
  }

  checkpoint(form: CheckpointForm = 'classic', parts = 3): GeneratedFile[] {
    const files = this.writer.checkpoint(form, parts);
    this.#lastCheckpoint = { version: this.writer.version, files };
    return this.#named(files);
  }

  /** The hint for the last checkpoint made; `version` makes it name another one's number. */
  hint(version?: number): GeneratedFile[] {
    const last = this.#lastCheckpoint;
    if (last === undefined) throw new Error('no checkpoint was made');
    return this.#named([this.writer.hint(version ?? last.version, last.files)]);
  }

  checksum(): GeneratedFile[] {
    return this.#named([this.writer.checksum()]);
  }

  vacuum(through = this.writer.version): GeneratedFile[] {
    return this.#named(this.writer.vacuum(through));
  }

  cleanLog(below: number): GeneratedFile[] {
    return this.#named(this.writer.cleanLog(below));
  }

  log(leaf: string): string {
    return `${this.prefix}_delta_log/${leaf}`;
  }

  entry(version: number): string {
    return this.log(`${String(version).padStart(20, '0')}.json`);
  }

  #commit(
    operation: string,
    made: { readonly files: readonly DataFile[]; readonly data: readonly GeneratedFile[] },
    removes: readonly string[],
  ): GeneratedFile[] {
    const entry = this.writer.commit({ operation, adds: made.files, removes });
    return this.#named([...made.data, entry]);
  }

  #make(count: number): { readonly files: readonly DataFile[]; readonly data: readonly GeneratedFile[] } {
    const data = Array.from({ length: count }, () => {
      this.#count += 1;
      const name = `part-${String(this.#count).padStart(6, '0')}.parquet`;
      return { name, bytes: dataBytes(name) };
    });
    const files = data.map(({ name, bytes }) => ({ path: name, size: bytes.length, rows: 1, partitionValues: {} }));
    return { files, data };
  }

  #named(files: readonly GeneratedFile[]): GeneratedFile[] {
    return files.map((file) => ({ ...file, name: this.prefix + file.name }));
  }
}

function dataBytes(name: string): Uint8Array {
  return Buffer.from(`rows of ${name}`);
}
