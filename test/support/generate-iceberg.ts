import { gzipSync } from 'node:zlib';
import { type AvroCodec, writeAvro } from './write-avro.ts';

/**
 * Iceberg tables made to order, for what no sample covers. Pure: the same calls give the same bytes. Manifests, lists
 * and metadata are real; data files are a few opaque bytes. Every operation gives what a writer uploads, in its order:
 * data, manifests, list, metadata, hint. A file without bytes is a delete.
 */

export interface GeneratedFile {
  readonly name: string;
  /** Absent: the writer deletes the name. */
  readonly bytes?: Uint8Array;
}

export interface IcebergOptions {
  readonly bucket: string;
  readonly prefix: string;
  readonly formatVersion?: 1 | 2 | 3;
  readonly codec?: AvroCodec;
  /** `hadoop`: `v<N>.metadata.json` and a hint; `catalog`: `<N>-<uuid>.metadata.json`, no hint. */
  readonly naming?: 'hadoop' | 'catalog';
  readonly gzipMetadata?: boolean;
  /** Format v1 snapshots that list their manifests themselves. */
  readonly inlineManifests?: boolean;
  /** What the paths inside the metadata begin with; `gs://<bucket>/<prefix>` unless told. */
  readonly writtenRoot?: string;
}

type Content = 'data' | 'position' | 'equality' | 'vector';

interface Entry {
  readonly name: string;
  readonly content: Content;
  readonly size: number;
  readonly snapshotId: bigint;
  readonly sequence: number;
}

interface Manifest {
  readonly name: string;
  readonly size: number;
  readonly isDeletes: boolean;
  readonly snapshotId: bigint;
  readonly sequence: number;
  readonly live: readonly Entry[];
}

interface GeneratedSnapshot {
  readonly id: bigint;
  readonly parent?: bigint;
  readonly sequence: number;
  readonly listName: string;
  readonly manifests: readonly Manifest[];
  readonly operation: string;
}

const CONTENT_CODE: Readonly<Record<Content, number>> = { data: 0, position: 1, equality: 2, vector: 1 };
const FORMAT_NAME: Readonly<Record<Content, string>> = {
  data: 'PARQUET',
  position: 'PARQUET',
  equality: 'PARQUET',
  vector: 'PUFFIN',
};

export class IcebergGenerator {
  readonly #options: IcebergOptions;
  readonly #refs = new Map<string, bigint>();
  #snapshots: GeneratedSnapshot[] = [];
  #current: GeneratedSnapshot | undefined;
  #version = 0;
  #sequence = 0;
  #serial = 0;
  #log: string[] = [];
  #statistics: {
    readonly snapshotId: bigint;
    readonly name: string;
    readonly kind: 'statistics' | 'partition-statistics';
  }[] = [];

  constructor(options: IcebergOptions) {
    this.#options = options;
  }

  get version(): number {
    return this.#version;
  }

  get snapshotIds(): readonly bigint[] {
    return this.#snapshots.map(({ id }) => id);
  }

  /** Live files of the current snapshot: data, delete files and vectors. */
  get liveNames(): readonly string[] {
    return (this.#current?.manifests ?? []).flatMap(({ live }) => live.map(({ name }) => name));
  }

  get metadataName(): string {
    return this.#metadataName(this.#version);
  }

  /** A first version without a snapshot. */
  create(): GeneratedFile[] {
    return this.#publish([]);
  }

  /** Adds `count` data files, dealt over `manifests` new manifests. */
  append(count: number, manifests = 1): GeneratedFile[] {
    return this.#commit('append', 'data', { count, manifests, removed: new Set() });
  }

  /** Replaces every live data file (INSERT OVERWRITE). */
  overwrite(count: number): GeneratedFile[] {
    return this.#commit('overwrite', 'data', { count, manifests: 1, removed: new Set(this.liveNames) });
  }

  addDeletes(content: Exclude<Content, 'data'>, count = 1): GeneratedFile[] {
    return this.#commit('delete', content, { count, manifests: 1, removed: new Set() });
  }

  /** All live entries in one manifest, as EXISTING; no data file changes. */
  rewriteManifests(): GeneratedFile[] {
    const id = this.#newId();
    const live = (this.#current?.manifests ?? []).flatMap((manifest) => manifest.live);
    const files: GeneratedFile[] = [];
    const kinds = [live.filter(({ content }) => content === 'data'), live.filter(({ content }) => content !== 'data')];
    const manifests = kinds
      .filter((entries) => entries.length > 0)
      .map((entries) => this.#manifest(files, id, { added: [], existing: entries, deleted: [] }));
    return this.#snapshot(files, { id, manifests, operation: 'replace' });
  }

  /** A new version without a new snapshot (a schema or property change). */
  setProperty(): GeneratedFile[] {
    return this.#publish([]);
  }

  /** Makes an older snapshot current again. */
  rollbackTo(id: bigint): GeneratedFile[] {
    this.#current = this.#snapshots.find((snapshot) => snapshot.id === id);
    return this.#publish([]);
  }

  tag(name: string, id: bigint): GeneratedFile[] {
    this.#refs.set(name, id);
    return this.#publish([]);
  }

  /** Statistics of the current snapshot, in the metadata folder (`statistics`) or beside the data. */
  analyze(kind: 'statistics' | 'partition-statistics'): GeneratedFile[] {
    const snapshotId = this.#current?.id ?? 0n;
    this.#serial += 1;
    const folder = kind === 'statistics' ? 'metadata' : 'data';
    const name = `${this.#options.prefix}${folder}/${this.#serial}-${snapshotId}.stats`;
    this.#statistics.push({ snapshotId, name, kind });
    return this.#publish([{ name, bytes: Buffer.from(name) }]);
  }

  /** Keeps the newest `keep` snapshots and the refs; then deletes what nothing reaches any more. */
  expire(keep: number): GeneratedFile[] {
    const pinned = new Set([...this.#refs.values(), this.#current?.id]);
    const kept = this.#snapshots.filter(({ id }, index) => index >= this.#snapshots.length - keep || pinned.has(id));
    const gone = this.#snapshots.filter((snapshot) => !kept.includes(snapshot));
    const before = namesOf(gone);
    const after = namesOf(kept);
    this.#snapshots = kept;
    this.#statistics = this.#statistics.filter(({ snapshotId }) => kept.some(({ id }) => id === snapshotId));
    const deletes = [...before].filter((name) => !after.has(name)).map((name) => ({ name }));
    return [...this.#publish([]), ...deletes];
  }

  /** A new version that remembers only the newest `keep` metadata files before it; the older ones are deleted. */
  trimMetadata(keep: number): GeneratedFile[] {
    const past = [...this.#log, this.metadataName];
    const gone = past.slice(0, Math.max(0, past.length - keep));
    this.#log = this.#log.slice(gone.length);
    return [...this.#publish([]), ...gone.map((name) => ({ name }))];
  }

  /** The oldest version whose metadata file is there. */
  get oldestVersion(): number {
    return this.#version - this.#log.length;
  }

  /** The hint says `version`, whatever the table is at. */
  hint(version: number | string): GeneratedFile {
    return { name: `${this.#options.prefix}metadata/version-hint.text`, bytes: Buffer.from(String(version)) };
  }

  #commit(
    operation: string,
    content: Content,
    change: { readonly count: number; readonly manifests: number; readonly removed: ReadonlySet<string> },
  ): GeneratedFile[] {
    const id = this.#newId();
    const files: GeneratedFile[] = [];
    const added = Array.from({ length: change.count }, () => this.#entry(files, content, id));
    const manifests: Manifest[] = [];
    const perManifest = Math.ceil(added.length / change.manifests);
    for (let at = 0; at < added.length; at += perManifest) {
      const slice = added.slice(at, at + perManifest);
      manifests.push(this.#manifest(files, id, { added: slice, existing: [], deleted: [] }));
    }
    for (const manifest of this.#current?.manifests ?? []) {
      const deleted = manifest.live.filter(({ name }) => change.removed.has(name));
      if (deleted.length === 0) manifests.push(manifest);
      else {
        const existing = manifest.live.filter(({ name }) => !change.removed.has(name));
        manifests.push(this.#manifest(files, id, { added: [], existing, deleted }));
      }
    }
    return this.#snapshot(files, { id, manifests, operation });
  }

  #newId(): bigint {
    this.#sequence += 1;
    return 5_128_775_320_967_886_000n + BigInt(this.#sequence) * 7n;
  }

  #entry(files: GeneratedFile[], content: Content, snapshotId: bigint): Entry {
    this.#serial += 1;
    const ending = content === 'vector' ? 'puffin' : 'parquet';
    const name = `${this.#options.prefix}data/${String(this.#serial).padStart(7, '0')}-${content}.${ending}`;
    const bytes = Buffer.from(`${content} ${this.#serial}`);
    files.push({ name, bytes });
    return { name, content, size: bytes.length, snapshotId, sequence: this.#sequence };
  }

  #manifest(
    files: GeneratedFile[],
    snapshotId: bigint,
    entries: {
      readonly added: readonly Entry[];
      readonly existing: readonly Entry[];
      readonly deleted: readonly Entry[];
    },
  ): Manifest {
    this.#serial += 1;
    const name = `${this.#options.prefix}metadata/${uuid(this.#serial)}-m${this.#serial % 10}.avro`;
    const { formatVersion = 2, codec = 'deflate' } = this.#options;
    const rows = [
      ...entries.existing.map((entry) => this.#row(0, entry)),
      ...entries.added.map((entry) => this.#row(1, entry)),
      ...entries.deleted.map((entry) => this.#row(2, entry)),
    ];
    const bytes = writeAvro(formatVersion === 1 ? ENTRY_V1 : ENTRY_V2, rows, {
      codec,
      meta: { 'format-version': String(formatVersion), content: 'data' },
    });
    files.push({ name, bytes });
    const live = [...entries.existing, ...entries.added];
    const isDeletes = [...live, ...entries.deleted].some(({ content }) => content !== 'data');
    return { name, size: bytes.length, isDeletes, snapshotId, sequence: this.#sequence, live };
  }

  #row(status: 0 | 1 | 2, entry: Entry): object {
    const dataFile = {
      content: CONTENT_CODE[entry.content],
      file_path: this.#path(entry.name),
      file_format: FORMAT_NAME[entry.content],
      partition: {},
      record_count: 1,
      file_size_in_bytes: entry.size,
      block_size_in_bytes: 67_108_864,
      lower_bounds: [{ key: 1, value: Buffer.from('a') }],
      equality_ids: entry.content === 'equality' ? [1] : null,
      referenced_data_file: entry.content === 'vector' ? this.#path(entry.name) : null,
      content_offset: entry.content === 'vector' ? 4 : null,
    };
    return {
      status,
      snapshot_id: entry.snapshotId,
      sequence_number: entry.sequence,
      file_sequence_number: entry.sequence,
      data_file: dataFile,
    };
  }

  #snapshot(
    files: GeneratedFile[],
    made: { readonly id: bigint; readonly manifests: readonly Manifest[]; readonly operation: string },
  ): GeneratedFile[] {
    const { formatVersion = 2, codec = 'deflate', prefix } = this.#options;
    this.#serial += 1;
    const listName = `${prefix}metadata/snap-${made.id}-1-${uuid(this.#serial)}.avro`;
    const rows = made.manifests.map((manifest) => ({
      manifest_path: this.#path(manifest.name),
      manifest_length: manifest.size,
      partition_spec_id: 0,
      content: manifest.isDeletes ? 1 : 0,
      sequence_number: manifest.sequence,
      min_sequence_number: manifest.sequence,
      added_snapshot_id: manifest.snapshotId,
    }));
    if (this.#options.inlineManifests !== true) {
      files.push({ name: listName, bytes: writeAvro(formatVersion === 1 ? LIST_V1 : LIST_V2, rows, { codec }) });
    }
    const parent = this.#current?.id;
    this.#current = {
      ...made,
      listName,
      sequence: this.#sequence,
      ...(parent === undefined ? {} : { parent }),
    };
    this.#snapshots = [...this.#snapshots, this.#current];
    return this.#publish(files);
  }

  #publish(files: GeneratedFile[]): GeneratedFile[] {
    const isHadoop = this.#options.naming !== 'catalog';
    if (this.#version > 0) this.#log.push(this.#metadataName(this.#version));
    this.#version += 1;
    const text = Buffer.from(this.#metadata());
    files.push({ name: this.metadataName, bytes: this.#options.gzipMetadata === true ? gzipSync(text) : text });
    return isHadoop ? [...files, this.hint(this.#version)] : files;
  }

  #metadataName(version: number): string {
    const gz = this.#options.gzipMetadata === true ? '.gz' : '';
    const leaf =
      this.#options.naming === 'catalog' ? `${String(version).padStart(5, '0')}-${uuid(version)}` : `v${version}`;
    return `${this.#options.prefix}metadata/${leaf}${gz}.metadata.json`;
  }

  /** Written by hand: snapshot ids do not fit a JavaScript number. */
  #metadata(): string {
    const { formatVersion = 2, inlineManifests } = this.#options;
    const snapshots = this.#snapshots.map((snapshot) => {
      const files = snapshot.manifests.map(({ name }) => this.#path(name));
      return json({
        'snapshot-id': snapshot.id,
        ...(snapshot.parent === undefined ? {} : { 'parent-snapshot-id': snapshot.parent }),
        'sequence-number': snapshot.sequence,
        'timestamp-ms': 1_700_000_000_000 + snapshot.sequence,
        summary: { operation: snapshot.operation },
        ...(inlineManifests === true ? { manifests: files } : { 'manifest-list': this.#path(snapshot.listName) }),
      });
    });
    const refs = Object.fromEntries(
      [...this.#refs].map(([name, id]) => [name, { 'snapshot-id': id, type: 'tag' }] as const),
    );
    const statistics = (kind: string) =>
      this.#statistics
        .filter((each) => each.kind === kind)
        .map((each) => ({ 'snapshot-id': each.snapshotId, 'statistics-path': this.#path(each.name) }));
    return json({
      'format-version': formatVersion,
      'table-uuid': uuid(0),
      location: this.#options.writtenRoot ?? `gs://${this.#options.bucket}/${this.#options.prefix.replace(/\/$/, '')}`,
      'last-updated-ms': 1_700_000_000_000 + this.#version,
      'current-snapshot-id': this.#current?.id ?? -1,
      snapshots: snapshots.map((text) => new Raw(text)),
      refs,
      statistics: statistics('statistics'),
      'partition-statistics': statistics('partition-statistics'),
      'metadata-log': this.#log.map((name) => ({ 'timestamp-ms': 1, 'metadata-file': this.#path(name) })),
    });
  }

  #path(name: string): string {
    const { bucket, prefix, writtenRoot = `gs://${bucket}/${prefix.replace(/\/$/, '')}` } = this.#options;
    return `${writtenRoot}/${name.slice(prefix.length)}`;
  }
}

function namesOf(snapshots: readonly GeneratedSnapshot[]): Set<string> {
  const names = new Set<string>();
  for (const { listName, manifests } of snapshots) {
    names.add(listName);
    for (const { name, live } of manifests) {
      names.add(name);
      for (const entry of live) names.add(entry.name);
    }
  }
  return names;
}

class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function json(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}:${json(each)}`)
    .join(',')}}`;
}

function uuid(serial: number): string {
  const hash = Math.imul(serial + 1, 0x9e3779b1) >>> 0;
  return `${hash.toString(16).padStart(8, '0')}-0000-4000-8000-${String(serial).padStart(12, '0')}`;
}

const field = (name: string, type: unknown, id: number) => ({ name, type, 'field-id': id });
const optional = (type: unknown) => ['null', type];

const DATA_FILE_V1 = [
  field('file_path', 'string', 100),
  field('file_format', 'string', 101),
  field('partition', { type: 'record', name: 'r102', fields: [] }, 102),
  field('record_count', 'long', 103),
  field('file_size_in_bytes', 'long', 104),
  field('block_size_in_bytes', 'long', 105),
  field(
    'lower_bounds',
    optional({
      type: 'array',
      logicalType: 'map',
      items: {
        type: 'record',
        name: 'k126_v127',
        fields: [field('key', 'int', 126), field('value', 'bytes', 127)],
      },
    }),
    125,
  ),
];
const ENTRY_V1 = {
  type: 'record',
  name: 'manifest_entry',
  fields: [
    field('status', 'int', 0),
    field('snapshot_id', optional('long'), 1),
    field('data_file', { type: 'record', name: 'r2', fields: DATA_FILE_V1 }, 2),
  ],
};
const DATA_FILE_V2 = [
  field('content', 'int', 134),
  ...DATA_FILE_V1.filter(({ name }) => name !== 'block_size_in_bytes'),
  field('equality_ids', optional({ type: 'array', items: 'int', 'element-id': 136 }), 135),
  field('referenced_data_file', optional('string'), 143),
  field('content_offset', optional('long'), 144),
];
const ENTRY_V2 = {
  type: 'record',
  name: 'manifest_entry',
  fields: [
    field('status', 'int', 0),
    field('snapshot_id', optional('long'), 1),
    field('sequence_number', optional('long'), 3),
    field('file_sequence_number', optional('long'), 4),
    field('data_file', { type: 'record', name: 'r2', fields: DATA_FILE_V2 }, 2),
  ],
};
const LIST_V1 = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    field('manifest_path', 'string', 500),
    field('manifest_length', 'long', 501),
    field('partition_spec_id', 'int', 502),
    field('added_snapshot_id', optional('long'), 503),
  ],
};
const LIST_V2 = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    field('manifest_path', 'string', 500),
    field('manifest_length', 'long', 501),
    field('partition_spec_id', 'int', 502),
    field('content', 'int', 517),
    field('sequence_number', 'long', 515),
    field('min_sequence_number', 'long', 516),
    field('added_snapshot_id', 'long', 503),
  ],
};
