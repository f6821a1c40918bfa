/** Small Delta tables made to measure: every shape of log that the sample tables lack. */
import {
  type CheckpointForm,
  type DataFile,
  DeltaTableWriter,
  type GeneratedFile,
  ORDERS_SCHEMA,
  type StoredVector,
} from '../../src/apps/demo/generate/delta-table-writer.ts';
import { seededRandom } from '../../src/runtime/random.ts';

export interface DeltaScenarioOptions {
  readonly prefix?: string;
  readonly seed?: number;
  readonly readerFeatures?: readonly string[];
  /** Values of the one partition column, `region`; none: not partitioned. */
  readonly regions?: readonly string[];
}

interface Made {
  readonly files: readonly DataFile[];
  readonly data: readonly GeneratedFile[];
}

/**
 * A table whose data files are a few bytes each. Every method gives files in upload order, ready for
 * `MemoryTableFiles.apply`; deletes have no bytes.
 */
export class DeltaScenario {
  readonly prefix: string;
  readonly writer: DeltaTableWriter;
  readonly #regions: readonly string[];
  /** Live files of each version, for restores. */
  readonly #history: (readonly DataFile[])[] = [];
  #count = 0;
  #lastCheckpoint: { readonly version: number; readonly files: readonly GeneratedFile[] } | undefined;

  constructor(options: DeltaScenarioOptions = {}) {
    this.prefix = options.prefix ?? 'lake/orders/';
    this.#regions = options.regions ?? [];
    this.writer = new DeltaTableWriter({
      random: seededRandom(options.seed ?? 1),
      startMs: 1_700_000_000_000,
      partitionColumns: this.#regions.length > 0 ? ['region'] : [],
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

  /** Full names of the deletion vectors in use. */
  get vectors(): readonly string[] {
    return [...this.writer.live.values()].flatMap(({ vector }) =>
      vector === undefined ? [] : [this.prefix + vector.path],
    );
  }

  append(files = 1): GeneratedFile[] {
    return this.#commit('WRITE', this.#make(files), []);
  }

  /** All live files go, these come. */
  overwrite(files = 1): GeneratedFile[] {
    return this.#commit('WRITE', this.#make(files), [...this.writer.live.keys()]);
  }

  /** INSERT OVERWRITE of one partition: its files go, these come. */
  overwriteRegion(region: string, files = 1): GeneratedFile[] {
    const gone = [...this.writer.live.values()].filter((file) => file.partitionValues['region'] === region);
    const removes = gone.map(({ path }) => path);
    return this.#commit('WRITE', this.#make(files, [region]), removes);
  }

  /** Rows of the oldest `files` are deleted by vectors; each takes the place of an older one. */
  deleteRows(files = 1): GeneratedFile[] {
    const made = [...this.writer.live.values()].slice(0, files).map((file) => {
      this.#count += 1;
      const id = Buffer.from(`vector ${String(this.#count).padStart(9, '0')}`);
      const bytes = Buffer.from(`rows deleted in ${file.path}, ${this.#count}`);
      return { file: { ...file, vector: storedVector(id, bytes.length) }, bytes };
    });
    const data = made.map(({ file, bytes }) => ({ name: file.vector.path, bytes }));
    const adds = made.map(({ file }) => file);
    return this.#commit(
      'DELETE',
      { files: adds, data },
      adds.map(({ path }) => path),
    );
  }

  /** Whether RESTORE to a version would name only files that were not vacuumed. */
  canRestoreTo(version: number, isThere: (name: string) => boolean): boolean {
    const files = this.#history[version] ?? [];
    const names = files.flatMap(({ path, vector }) => [path, ...(vector === undefined ? [] : [vector.path])]);
    return files.length > 0 && names.every((name) => isThere(this.prefix + name));
  }

  restoreTo(version: number): GeneratedFile[] {
    const wanted = new Map((this.#history[version] ?? []).map((file) => [file.path, file]));
    const live = this.writer.live;
    const isSame = (file: DataFile) => live.get(file.path)?.vector?.path === file.vector?.path;
    const adds = [...wanted.values()].filter((file) => !live.has(file.path) || !isSame(file));
    const removes = [...live.values()].filter(({ path }) => {
      const file = wanted.get(path);
      return file === undefined || !isSame(file);
    });
    return this.#commit(
      'RESTORE',
      { files: adds, data: [] },
      removes.map(({ path }) => path),
    );
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

  #commit(operation: string, made: Made, removes: readonly string[]): GeneratedFile[] {
    const entry = this.writer.commit({ operation, adds: made.files, removes });
    this.#history[this.writer.version] = [...this.writer.live.values()];
    return this.#named([...made.data, entry]);
  }

  #make(count: number, regions = this.#regions): Made {
    const made = Array.from({ length: count }, () => {
      this.#count += 1;
      const leaf = `part-${String(this.#count).padStart(6, '0')}.parquet`;
      const region = regions[this.#count % regions.length];
      const path = region === undefined ? leaf : `region=${region}/${leaf}`;
      const file = { path, size: dataBytes(path).length, rows: 1 };
      return { ...file, partitionValues: region === undefined ? {} : { region } };
    });
    return { files: made, data: made.map(({ path }) => ({ name: path, bytes: dataBytes(path) })) };
  }

  #named(files: readonly GeneratedFile[]): GeneratedFile[] {
    return files.map((file) => ({ ...file, name: this.prefix + file.name }));
  }
}

function dataBytes(name: string): Uint8Array {
  return Buffer.from(`rows of ${name}`);
}

const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** Delta protocol, "Deletion Vectors": sixteen bytes of a UUID in base 85 stand for the file's name. */
function storedVector(id: Buffer, bytes: number): StoredVector {
  let text = '';
  for (let at = 0; at < id.length; at += 4) {
    let word = id.readUInt32BE(at);
    let group = '';
    for (let digit = 0; digit < 5; digit += 1) {
      group = `${Z85[word % 85]}${group}`;
      word = Math.floor(word / 85);
    }
    text += group;
  }
  const uuid = id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return {
    path: `deletion_vector_${uuid}.bin`,
    descriptor: { storageType: 'u', pathOrInlineDv: text, offset: 1, sizeInBytes: bytes, cardinality: 1 },
  };
}
