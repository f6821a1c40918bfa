import { type AvroRecord, isAvroContainer, readAvro } from './avro.ts';
import { memoByBytes } from './memo.ts';
import {
  asFields,
  asList,
  asText,
  decodeUtf8,
  type Fields,
  optionalNumber,
  optionalText,
  parseExactJson,
} from './values.ts';

/** Names, properties and commit metadata of Hudi, from its technical specifications (table versions 5 to 9). Pure. */

export const HUDI_ROOT = '.hoodie/';
export const HUDI_PROPERTIES = `${HUDI_ROOT}hoodie.properties`;
export const HUDI_INDEX_DEFINITIONS = `${HUDI_ROOT}.index_defs/index.json`;
export const HUDI_METADATA_TABLE = `${HUDI_ROOT}metadata/`;
export const HUDI_PARTITION_METADATA = '.hoodie_partition_metadata';

/** Java properties as Hudi writes them: one `key=value` a line, `\` escapes `:`, `=` and itself in values. */
export function parseProperties(bytes: Uint8Array): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const line of decodeUtf8(bytes).split(/\r?\n/)) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const split = line.indexOf('=');
    if (split < 0) throw new Error(`line without a value: ${line.slice(0, 40)}`);
    properties.set(line.slice(0, split).trim(), line.slice(split + 1).replace(/\\([:=#! \\])/g, '$1'));
  }
  return properties;
}

export function listProperty(properties: ReadonlyMap<string, string>, key: string): readonly string[] {
  const value = properties.get(key) ?? '';
  return value.split(',').filter((item) => item !== '');
}

export interface HudiLayout {
  /** Folder of the timeline, relative to the table, with a final slash. */
  readonly timeline: string;
  /** True from table version 8: completed names carry their completion time, slices go by it. */
  readonly completionNamed: boolean;
}

export function hudiLayout(properties: ReadonlyMap<string, string>, base = ''): HudiLayout {
  const completionNamed = Number(properties.get('hoodie.table.version') ?? '0') >= 8;
  const folder = completionNamed ? `${properties.get('hoodie.timeline.path') ?? 'timeline'}/` : '';
  return { timeline: `${base}${HUDI_ROOT}${folder}`, completionNamed };
}

export interface HudiInstant {
  /** Full relative name of the completed file. */
  readonly name: string;
  readonly instant: string;
  readonly action: string;
  /** Sorts in completion order: the completion time where the name has one, else the instant itself. */
  readonly order: string;
}

export interface HudiPending {
  readonly name: string;
  readonly instant: string;
  readonly state: 'requested' | 'inflight';
}

const ACTIONS = 'commit|deltacommit|replacecommit|rollback|restore|clean|savepoint|indexing|compaction|logcompaction';

export interface HudiTimeline {
  /** In completion order. */
  readonly completed: readonly HudiInstant[];
  readonly pending: readonly HudiPending[];
}

export function parseTimeline(names: readonly string[], layout: HudiLayout): HudiTimeline {
  const completed: HudiInstant[] = [];
  const pending: HudiPending[] = [];
  const done = layout.completionNamed
    ? new RegExp(`^(\\d{14,17})_(\\d{14,17})\\.(${ACTIONS})$`)
    : new RegExp(`^(\\d{14,17})()\\.(${ACTIONS})$`);
  for (const name of names) {
    if (!name.startsWith(layout.timeline)) continue;
    const leaf = name.slice(layout.timeline.length);
    const match = done.exec(leaf);
    if (match !== null) {
      const [, instant = '', completion = '', action = ''] = match;
      completed.push({ name, instant, action, order: `${completion === '' ? instant : completion}/${instant}` });
      continue;
    }
    const waiting = /^(\d{14,17})(?:\.[a-z]+)?\.(requested|inflight)$/.exec(leaf);
    const state = waiting?.[2];
    if (state === 'requested' || state === 'inflight') pending.push({ name, instant: waiting?.[1] ?? '', state });
  }
  completed.sort((one, other) => (one.order < other.order ? -1 : 1));
  return { completed, pending };
}

export interface HudiWrite {
  readonly partition: string;
  readonly fileId: string;
  /** Base file or log file, relative to the table. */
  readonly name: string;
  /** Stated for base files only: a log's figure counts other things. */
  readonly size: number | undefined;
}

/** What a completed instant says it did. */
export interface HudiCommit {
  readonly writes: readonly HudiWrite[];
  readonly replaced: readonly { readonly partition: string; readonly fileId: string }[];
}

const WRITES_NOTHING: HudiCommit = { writes: [], replaced: [] };
const WRITE_ACTIONS = new Set(['commit', 'deltacommit', 'replacecommit']);

export function isHudiWrite(instant: HudiInstant): boolean {
  return WRITE_ACTIONS.has(instant.action);
}

export function parseHudiCommit(instant: HudiInstant, bytes: Uint8Array): HudiCommit {
  if (bytes.byteLength === 0) return WRITES_NOTHING;
  const json = isAvroContainer(bytes) ? firstRecord(bytes) : jsonCommit(bytes);
  if (instant.action === 'rollback') return parseRollback(json);
  if (!isHudiWrite(instant)) return WRITES_NOTHING;
  const writes: HudiWrite[] = [];
  for (const [partition, stats] of Object.entries(asFields(json['partitionToWriteStats'], 'partitionToWriteStats'))) {
    for (const stat of asList(stats)) writes.push(...parseWriteStat(partition, asFields(stat, 'write stat')));
  }
  const replaced = Object.entries((json['partitionToReplaceFileIds'] ?? {}) as Fields).flatMap(([partition, ids]) =>
    asList(ids).map((id) => ({ partition, fileId: asText(id, 'replaced file id') })),
  );
  return { writes, replaced };
}

const jsonCommit = memoByBytes((bytes): Fields => asFields(parseExactJson(decodeUtf8(bytes)), 'commit'));

function firstRecord(bytes: Uint8Array): AvroRecord {
  const record = readAvro(bytes).records[0];
  if (record === undefined) throw new Error('holds no record');
  return record;
}

function parseWriteStat(key: string, stat: Fields): readonly HudiWrite[] {
  const partition = optionalText(stat['partitionPath']) ?? key;
  const fileId = asText(stat['fileId'], 'fileId');
  const path = asText(stat['path'], 'path');
  const isLog = hudiFileOf(path)?.isLog ?? false;
  const names = new Map([[path, isLog ? undefined : optionalNumber(stat['fileSizeInBytes'])]]);
  for (const log of asList(stat['logFiles'])) names.set(inPartition(partition, asText(log, 'log file')), undefined);
  return [...names].map(([name, size]) => ({ partition, fileId, name, size }));
}

/** Rollback files are absolute paths of the writer's file system: only partition and base name are ours. */
function parseRollback(json: Fields): HudiCommit {
  const writes: HudiWrite[] = [];
  for (const [partition, value] of Object.entries(asFields(json['partitionMetadata'], 'partitionMetadata'))) {
    const metadata = asFields(value, 'rollback partition');
    for (const key of ['logFilesFromFailedCommit', 'rollbackLogFiles']) {
      for (const path of Object.keys((metadata[key] ?? {}) as Fields)) {
        const name = inPartition(partition, path.slice(path.lastIndexOf('/') + 1));
        writes.push({ partition, fileId: hudiFileOf(name)?.fileId ?? '', name, size: undefined });
      }
    }
  }
  return { writes, replaced: [] };
}

function inPartition(partition: string, leaf: string): string {
  return partition === '' ? leaf : `${partition}/${leaf}`;
}

export interface HudiFileName {
  readonly fileId: string;
  /** Base file: the instant that wrote it. Log: the base instant (before version 8) or the writing instant. */
  readonly instant: string;
  readonly isLog: boolean;
}

export function hudiFileOf(name: string): HudiFileName | undefined {
  const leaf = name.slice(name.lastIndexOf('/') + 1);
  const log = /^\.(.+)_(\d{14,17})\.log\.\d+(?:_[0-9-]+)?(?:\.cdc)?$/.exec(leaf);
  if (log !== null) return { fileId: log[1] ?? '', instant: log[2] ?? '', isLog: true };
  const base = /^([^.].*)_[0-9-]+_(\d{14,17})\.[a-z]+$/.exec(leaf);
  return base === null ? undefined : { fileId: base[1] ?? '', instant: base[2] ?? '', isLog: false };
}
