import type { Random } from '../../../runtime/random.ts';
import { randomHex } from '../../../runtime/random.ts';
import { type CheckpointRow, encodeCheckpoint, SIDECAR_LAYOUT, V1_LAYOUT, V2_LAYOUT } from './delta-parquet.ts';

/** A file in upload order, named relative to the table; without bytes: a delete. */
export interface GeneratedFile {
  readonly name: string;
  readonly bytes?: Uint8Array;
}

export type CheckpointForm = 'classic' | 'multiPart' | 'v2Json' | 'v2Parquet' | 'v2Classic';

export interface DataFile {
  /** Relative to the table, as an object name: not encoded. */
  readonly path: string;
  readonly size: number;
  readonly rows: number;
  readonly partitionValues: Readonly<Record<string, string>>;
  /** Rows of it that are deleted. */
  readonly vector?: StoredVector;
}

/** A deletion vector in a file of its own beside the data. */
export interface StoredVector {
  readonly path: string;
  readonly descriptor: Readonly<Record<string, unknown>>;
}

export interface DeltaTableOptions {
  readonly random: Random;
  /** Time of the first commit; each later one is a second younger. */
  readonly startMs: number;
  readonly partitionColumns: readonly string[];
  /** The Spark schema of the rows, as JSON. */
  readonly schemaString: string;
  readonly readerFeatures: readonly string[];
}

const ORDER_FIELDS = [
  ['id', 'long'],
  ['customer', 'string'],
  ['product', 'string'],
  ['amount', 'double'],
  ['region', 'string'],
];
export const ORDERS_SCHEMA = JSON.stringify({
  type: 'struct',
  fields: ORDER_FIELDS.map(([name, type]) => ({ name, type, nullable: true, metadata: {} })),
});

/**
 * Writes the log of one Delta table as an engine would: entries, checkpoints of every form, hints, clean-ups. Keeps the
 * live set, so that tests know what a reader must find. Pure: time and randomness come in.
 */
export class DeltaTableWriter {
  readonly #options: DeltaTableOptions;
  readonly #tableId: string;
  readonly #live = new Map<string, DataFile>();
  /** Removed, and not vacuumed yet, with the version that removed it. */
  readonly #tombstones = new Map<string, number>();
  readonly #vectorTombstones = new Map<string, number>();
  #version = -1;
  #firstEntry = 0;

  constructor(options: DeltaTableOptions) {
    this.#options = options;
    this.#tableId = uuid(options.random);
  }

  get version(): number {
    return this.#version;
  }

  get live(): ReadonlyMap<string, DataFile> {
    return this.#live;
  }

  get rows(): number {
    let rows = 0;
    for (const file of this.#live.values()) rows += file.rows;
    return rows;
  }

  /** One version: these files come, those go. The data files themselves are the caller's. */
  commit(change: {
    readonly operation: string;
    readonly adds?: readonly DataFile[];
    readonly removes?: readonly string[];
    /** False when rows are only moved, as OPTIMIZE does. */
    readonly dataChange?: boolean;
  }): GeneratedFile {
    this.#version += 1;
    const { operation, adds = [], removes = [], dataChange = true } = change;
    const timestamp = this.#timeMs();
    const actions: object[] = [
      { commitInfo: { timestamp, operation, operationParameters: {}, engineInfo: 'strait-demo' } },
    ];
    if (this.#version === 0) actions.push({ protocol: this.#protocol() }, { metaData: this.#metaData() });
    for (const path of removes) {
      const vector = this.#live.get(path)?.vector;
      this.#live.delete(path);
      this.#tombstones.set(path, this.#version);
      if (vector !== undefined) this.#vectorTombstones.set(vector.path, this.#version);
      actions.push({
        remove: { path: encodePath(path), deletionTimestamp: timestamp, dataChange, ...vectorOf(vector) },
      });
    }
    for (const file of adds) {
      this.#live.set(file.path, file);
      this.#tombstones.delete(file.path);
      this.#vectorTombstones.delete(file.vector?.path ?? '');
      actions.push({ add: this.#add(file, dataChange) });
    }
    return { name: `_delta_log/${digits(this.#version)}.json`, bytes: lines(actions) };
  }

  checksum(): GeneratedFile {
    let tableSizeBytes = 0;
    for (const file of this.#live.values()) tableSizeBytes += file.size;
    const content = { tableSizeBytes, numFiles: this.#live.size, numMetadata: 1, numProtocol: 1 };
    return { name: `_delta_log/${digits(this.#version)}.crc`, bytes: lines([content]) };
  }

  /** A checkpoint of the newest version, children first; `parts` files share the rows where the form has several. */
  checkpoint(form: CheckpointForm, parts = 3): readonly GeneratedFile[] {
    const start = `_delta_log/${digits(this.#version)}.checkpoint`;
    if (form === 'classic') return [{ name: `${start}.parquet`, bytes: encodeCheckpoint(this.#rows(), V1_LAYOUT) }];
    if (form === 'multiPart') {
      const of = (part: number) => `${ten(part)}.${ten(parts)}`;
      return shares([...this.#rows()], parts).map((rows, index) => ({
        name: `${start}.${of(index + 1)}.parquet`,
        bytes: encodeCheckpoint(rows, V1_LAYOUT),
      }));
    }
    const sidecars = shares([...this.#fileRows()], parts).map((rows) => ({
      name: `_delta_log/_sidecars/${uuid(this.#options.random)}.parquet`,
      bytes: encodeCheckpoint(rows, SIDECAR_LAYOUT),
    }));
    const links = sidecars.map(({ name, bytes }) => ({
      sidecar: {
        path: name.slice('_delta_log/_sidecars/'.length),
        sizeInBytes: bytes.length,
        modificationTime: this.#timeMs(),
      },
    }));
    const top = [{ checkpointMetadata: { version: this.#version } }, ...links, ...this.#tableRows()];
    const unique = form === 'v2Classic' ? '' : `.${uuid(this.#options.random)}`;
    const main =
      form === 'v2Json'
        ? { name: `${start}${unique}.json`, bytes: lines(top) }
        : { name: `${start}${unique}.parquet`, bytes: encodeCheckpoint(top, V2_LAYOUT) };
    return [...sidecars, main];
  }

  /** `_last_checkpoint` for a checkpoint's main files; an older one moves the hint back. */
  hint(version: number, mains: readonly GeneratedFile[]): GeneratedFile {
    const leaf = mains.at(-1)?.name.slice('_delta_log/'.length) ?? '';
    const isUnique = /\.checkpoint\.[0-9a-f-]{36}\./.test(leaf);
    const parts = /\.checkpoint\.\d{10}\.(\d{10})\./.exec(leaf)?.[1];
    const content = {
      version,
      size: this.#live.size + 2,
      ...(parts === undefined ? {} : { parts: Number(parts) }),
      ...(isUnique ? { v2Checkpoint: { path: leaf } } : {}),
    };
    return { name: '_delta_log/_last_checkpoint', bytes: lines([content]) };
  }

  /** Deletes the files removed at or before a version (VACUUM). */
  vacuum(through: number): readonly GeneratedFile[] {
    return [this.#tombstones, this.#vectorTombstones].flatMap((tombstones) => {
      const gone = [...tombstones].filter(([, version]) => version <= through).map(([name]) => ({ name }));
      for (const { name } of gone) tombstones.delete(name);
      return gone;
    });
  }

  /** Deletes entries and checksums below a version that has a checkpoint (metadata clean-up). */
  cleanLog(below: number): readonly GeneratedFile[] {
    const gone: GeneratedFile[] = [];
    for (; this.#firstEntry < below; this.#firstEntry += 1) {
      gone.push({ name: `_delta_log/${digits(this.#firstEntry)}.json` });
      gone.push({ name: `_delta_log/${digits(this.#firstEntry)}.crc` });
    }
    return gone;
  }

  *#rows(): Generator<CheckpointRow> {
    yield* this.#tableRows();
    yield* this.#fileRows();
  }

  #tableRows(): readonly CheckpointRow[] {
    return [{ protocol: this.#protocol() }, { metaData: this.#metaData() }];
  }

  *#fileRows(): Generator<CheckpointRow> {
    for (const file of this.#live.values()) yield { add: this.#add(file, false) };
    for (const path of this.#tombstones.keys()) {
      yield { remove: { path: encodePath(path), deletionTimestamp: this.#timeMs(), dataChange: false } };
    }
  }

  #add(file: DataFile, dataChange: boolean): Readonly<Record<string, unknown>> {
    const { path, size, rows, partitionValues, vector } = file;
    const stats = JSON.stringify({ numRecords: rows });
    const modificationTime = this.#timeMs();
    return { path: encodePath(path), partitionValues, size, modificationTime, dataChange, stats, ...vectorOf(vector) };
  }

  #protocol(): Readonly<Record<string, unknown>> {
    const { readerFeatures } = this.#options;
    if (readerFeatures.length === 0) return { minReaderVersion: 1, minWriterVersion: 2 };
    return { minReaderVersion: 3, minWriterVersion: 7, readerFeatures, writerFeatures: readerFeatures };
  }

  #metaData(): Readonly<Record<string, unknown>> {
    return {
      id: this.#tableId,
      format: { provider: 'parquet', options: {} },
      schemaString: this.#options.schemaString,
      partitionColumns: this.#options.partitionColumns,
      configuration: {},
      createdTime: this.#options.startMs,
    };
  }

  #timeMs(): number {
    return this.#options.startMs + Math.max(0, this.#version) * 1000;
  }
}

function vectorOf(vector: StoredVector | undefined): { readonly deletionVector?: StoredVector['descriptor'] } {
  return vector === undefined ? {} : { deletionVector: vector.descriptor };
}

/** As the log writes a path: percent-encoded once, level by level. `=` and `+` stay, as in Hadoop's URIs. */
export function encodePath(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeURIComponent(segment).replaceAll('%3D', '=').replaceAll('%2B', '+'))
    .join('/');
}

export function uuid(random: Random): string {
  return randomHex(random, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function digits(version: number): string {
  return String(version).padStart(20, '0');
}

function ten(part: number): string {
  return String(part).padStart(10, '0');
}

function lines(actions: readonly object[]): Uint8Array {
  return Buffer.from(actions.map((action) => `${JSON.stringify(action)}\n`).join(''));
}

function shares<T>(rows: readonly T[], parts: number): readonly (readonly T[])[] {
  return Array.from({ length: parts }, (_, part) => rows.filter((_row, index) => index % parts === part));
}
