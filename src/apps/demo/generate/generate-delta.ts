import { type Random, seededRandom } from '../../../runtime/random.ts';
import { encodeOrders } from './delta-parquet.ts';
import { type DataFile, DeltaTableWriter, type GeneratedFile, ORDERS_SCHEMA, uuid } from './delta-table-writer.ts';

/** One commit of a generated table, and what a reader finds after it. */
export interface GeneratedCommit {
  readonly version: number;
  readonly operation: string;
  /** In upload order: data, entry, checksum, then checkpoint and hint where the version has them. */
  readonly files: readonly GeneratedFile[];
  readonly rows: number;
  readonly liveFiles: number;
}

export interface GeneratedTableOptions {
  readonly commits: number;
  readonly seed: number;
  readonly startMs: number;
  readonly rowsPerFile: number;
  /** A checkpoint at every so many versions. */
  readonly checkpointEvery: number;
}

export const DEMO_TABLE: GeneratedTableOptions = {
  commits: 200,
  seed: 200,
  startMs: 1_767_225_600_000,
  rowsPerFile: 25,
  checkpointEvery: 10,
};

const REGIONS = ['north', 'south west', 'east', 'far+away', '100%'];

/**
 * A shop's orders, commit by commit, with real Parquet data: mostly appends; deletes of single files, compactions, and
 * now and then an overwrite of one region. Partition folders have spaces and percent signs, as real ones do.
 */
export function* generateOrders(options: GeneratedTableOptions): Generator<GeneratedCommit> {
  const random = seededRandom(options.seed);
  const shop = new Shop(random, options);
  for (let version = 0; version < options.commits; version += 1) {
    const { operation, data, adds, removes, dataChange } = shop.next(version);
    const entry = shop.table.commit({ operation, adds, removes, dataChange });
    const files: GeneratedFile[] = [...data, entry, shop.table.checksum()];
    if (version > 0 && version % options.checkpointEvery === 0) {
      const checkpoint = shop.table.checkpoint('classic');
      files.push(...checkpoint, shop.table.hint(version, checkpoint));
    }
    yield { version, operation, files, rows: shop.table.rows, liveFiles: shop.table.live.size };
  }
}

interface Change {
  readonly operation: string;
  readonly data: readonly GeneratedFile[];
  readonly adds: readonly DataFile[];
  readonly removes: readonly string[];
  readonly dataChange: boolean;
}

class Shop {
  readonly table: DeltaTableWriter;
  readonly #random: Random;
  readonly #rowsPerFile: number;
  readonly #ids = new Map<string, readonly number[]>();
  #nextId = 1;

  constructor(random: Random, options: GeneratedTableOptions) {
    const { startMs, rowsPerFile } = options;
    this.#random = random;
    this.#rowsPerFile = rowsPerFile;
    const schemaString = ORDERS_SCHEMA;
    this.table = new DeltaTableWriter({
      random,
      startMs,
      partitionColumns: ['region'],
      schemaString,
      readerFeatures: [],
    });
  }

  next(version: number): Change {
    if (version > 0 && version % 50 === 0) return this.#overwriteRegion();
    if (version > 0 && version % 20 === 7) return this.#compact();
    if (version > 0 && version % 9 === 4) return this.#delete();
    return this.#append();
  }

  #append(): Change {
    const count = 1 + Math.floor(this.#random.unit() * 3);
    const made = Array.from({ length: count }, () => this.#makeFile(this.#pickRegion(), this.#newIds()));
    return { operation: 'WRITE', ...unzip(made), removes: [], dataChange: true };
  }

  #delete(): Change {
    const paths = [...this.table.live.keys()];
    const path = paths[Math.floor(this.#random.unit() * paths.length)];
    return { operation: 'DELETE', data: [], adds: [], removes: path === undefined ? [] : [path], dataChange: true };
  }

  /** All rows of a region move to one file. */
  #compact(): Change {
    const region = this.#pickRegion();
    const small = this.#filesOf(region);
    if (small.length < 2) return this.#append();
    const made = [
      this.#makeFile(
        region,
        small.flatMap(({ path }) => this.#ids.get(path) ?? []),
      ),
    ];
    const removes = small.map(({ path }) => path);
    return { operation: 'OPTIMIZE', ...unzip(made), removes, dataChange: false };
  }

  #overwriteRegion(): Change {
    const region = this.#pickRegion();
    const removes = this.#filesOf(region).map(({ path }) => path);
    return { operation: 'WRITE', ...unzip([this.#makeFile(region, this.#newIds())]), removes, dataChange: true };
  }

  #filesOf(region: string): readonly DataFile[] {
    return [...this.table.live.values()].filter((file) => file.partitionValues['region'] === region);
  }

  #pickRegion(): string {
    return REGIONS[Math.floor(this.#random.unit() * REGIONS.length)] ?? 'north';
  }

  #newIds(): readonly number[] {
    const first = this.#nextId;
    this.#nextId += this.#rowsPerFile;
    return Array.from({ length: this.#rowsPerFile }, (_, index) => first + index);
  }

  #makeFile(region: string, ids: readonly number[]): { readonly file: DataFile; readonly data: GeneratedFile } {
    const bytes = encodeOrders(ids);
    const path = `region=${region.replaceAll('%', '%25')}/part-00000-${uuid(this.#random)}.c000.snappy.parquet`;
    this.#ids.set(path, ids);
    const file = { path, size: bytes.length, rows: ids.length, partitionValues: { region } };
    return { file, data: { name: path, bytes } };
  }
}

function unzip(made: readonly { readonly file: DataFile; readonly data: GeneratedFile }[]): {
  readonly adds: readonly DataFile[];
  readonly data: readonly GeneratedFile[];
} {
  return { adds: made.map(({ file }) => file), data: made.map(({ data }) => data) };
}
