import type { ObjectName } from '../../model/ids.ts';
import { type FileStat, type TableFiles, TableLogError } from '../port.ts';
import { readAvro } from '../shared/avro-container.ts';
import { AvroError, type AvroRecord, type AvroValue, type Projection } from '../shared/avro-schema.ts';
import { leafOf, parseDataFile } from './names.ts';
import { readIfThere } from './read-properties.ts';
import type { Instant } from './timeline.ts';

/** What a completed instant did to the table's files. */
export interface FileEffect {
  readonly kind: 'file';
  readonly name: ObjectName;
  readonly partition: string;
  /** The file group, unique in the table. */
  readonly group: string;
  /** The instant in the file's name. */
  readonly ts: string;
  readonly isBase: boolean;
  /** Written by this instant, not only named by it. */
  readonly isOwn: boolean;
  /** Stated for base files. A log file's stated length is its length when the instant ended: it may grow (HDFS). */
  readonly size?: number;
}

/** The group is replaced (overwrite, clustering): no reader of this instant or a later one needs its files. */
export interface ReplaceEffect {
  readonly kind: 'replaced';
  readonly group: string;
}

export type Effect = FileEffect | ReplaceEffect;

const ROLLBACK_FIELDS: Projection = {
  partitionMetadata: { partitionPath: true, rollbackLogFiles: true, logFilesFromFailedCommit: true },
};
const FIELDS: Readonly<Record<string, Projection>> = {
  write: {
    partitionToWriteStats: {
      path: true,
      fileId: true,
      partitionPath: true,
      fileSizeInBytes: true,
      baseFile: true,
      logFiles: true,
      cdcStats: true,
    },
    partitionToReplaceFileIds: true,
  },
  rollback: ROLLBACK_FIELDS,
  restore: { hoodieRestoreMetadata: ROLLBACK_FIELDS },
};
const KINDS: Readonly<Record<string, 'write' | 'rollback' | 'restore'>> = {
  commit: 'write',
  deltacommit: 'write',
  replacecommit: 'write',
  rollback: 'rollback',
  restore: 'restore',
};

/** A metadata document, JSON or Avro: objects are maps or records, both read by `entriesOf` and `fieldOf`. */
type Document = unknown;

/**
 * The effects of an instant. Undefined: its file is gone (archived or restored since the timeline was read). Throws
 * `TableLogError` when it does not parse. Actions without files of their own (clean, savepoint, indexing…) have none.
 */
export async function readInstant(
  files: TableFiles,
  root: ObjectName,
  instant: Instant,
): Promise<readonly Effect[] | undefined> {
  const kind = Object.hasOwn(KINDS, instant.action) ? KINDS[instant.action] : undefined;
  if (kind === undefined || instant.file.size === 0) return [];
  try {
    const document = await readDocument(files, instant.file, FIELDS[kind] ?? true);
    if (document === undefined) return undefined;
    if (kind === 'write') return [...writeEffects(root, document)];
    if (kind === 'rollback') return [...rollbackEffects(root, document)];
    return [...restoreEffects(root, document)];
  } catch (error) {
    if (error instanceof AvroError || error instanceof SyntaxError) {
      throw new TableLogError({ kind: 'broken', name: instant.file.name, message: error.message }, { cause: error });
    }
    throw error;
  }
}

/** Up to table version 6 write metadata is JSON, from 8 on Avro; plans and rollbacks are Avro in all. */
async function readDocument(files: TableFiles, file: FileStat, want: Projection): Promise<Document | undefined> {
  if ((await files.stat(file.name)) === undefined) return undefined;
  const [first] = await files.readRange(file.name, 0, 1);
  if (first !== 'O'.charCodeAt(0)) {
    const content = await readIfThere(files, file.name);
    return content === undefined ? undefined : JSON.parse(Buffer.from(content).toString('utf8'));
  }
  for await (const [record] of readAvro(files, file, want)) return record;
  throw new AvroError('the file holds no record');
}

function* writeEffects(root: ObjectName, document: Document): Generator<Effect> {
  for (const [key, stats] of entriesOf(fieldOf(document, 'partitionToWriteStats'))) {
    for (const stat of listOf(stats)) {
      const partition = textOf(fieldOf(stat, 'partitionPath')) ?? key;
      const path = textOf(fieldOf(stat, 'path'));
      const size = Number(fieldOf(stat, 'fileSizeInBytes') ?? 0);
      if (path !== undefined) yield fileEffect(root, { partition, path, isOwn: true, size });
      const named = [textOf(fieldOf(stat, 'baseFile')), ...listOf(fieldOf(stat, 'logFiles')).map(textOf)];
      for (const leaf of named) {
        if (leaf !== undefined)
          yield fileEffect(root, { partition, path: join(partition, leafOf(leaf)), isOwn: false });
      }
      for (const [cdc] of entriesOf(fieldOf(stat, 'cdcStats'))) {
        yield fileEffect(root, { partition, path: cdc, isOwn: true });
      }
    }
  }
  for (const [partition, fileIds] of entriesOf(fieldOf(document, 'partitionToReplaceFileIds'))) {
    for (const fileId of listOf(fileIds)) yield { kind: 'replaced', group: groupOf(partition, String(fileId)) };
  }
}

/** Paths are absolute and foreign here: a file is its partition and its last segment. */
function* rollbackEffects(root: ObjectName, document: Document): Generator<Effect> {
  for (const [key, entry] of entriesOf(fieldOf(document, 'partitionMetadata'))) {
    const partition = textOf(fieldOf(entry, 'partitionPath')) ?? key;
    for (const field of ['rollbackLogFiles', 'logFilesFromFailedCommit']) {
      for (const [path] of entriesOf(fieldOf(entry, field))) {
        yield fileEffect(root, { partition, path: join(partition, leafOf(path)), isOwn: false });
      }
    }
  }
}

function* restoreEffects(root: ObjectName, document: Document): Generator<Effect> {
  for (const [, rollbacks] of entriesOf(fieldOf(document, 'hoodieRestoreMetadata'))) {
    for (const rollback of listOf(rollbacks)) yield* rollbackEffects(root, rollback);
  }
}

interface NamedFile {
  readonly partition: string;
  /** From the table's root. */
  readonly path: string;
  readonly isOwn: boolean;
  readonly size?: number;
}

function fileEffect(root: ObjectName, { partition, path, isOwn, size = 0 }: NamedFile): FileEffect {
  const parsed = parseDataFile(leafOf(path));
  const isBase = parsed?.isBase ?? true;
  return {
    kind: 'file',
    name: root + path,
    partition,
    group: groupOf(partition, parsed?.fileId ?? path),
    ts: parsed?.ts ?? '',
    isBase,
    isOwn,
    ...(isBase && size > 0 ? { size } : {}),
  };
}

function join(partition: string, leaf: string): string {
  return partition === '' ? leaf : `${partition}/${leaf}`;
}

export function groupOf(partition: string, fileId: string): string {
  return `${partition}\n${fileId}`;
}

function fieldOf(document: Document, field: string): Document {
  if (document instanceof Map) return document.get(field);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
  return (document as AvroRecord)[field];
}

function entriesOf(document: Document): Iterable<readonly [string, unknown]> {
  if (document instanceof Map) return document as ReadonlyMap<string, AvroValue>;
  return typeof document === 'object' && document !== null ? Object.entries(document) : [];
}

function listOf(document: Document): readonly unknown[] {
  return Array.isArray(document) ? document : [];
}

/** Empty text is no text: writers leave absent paths empty. */
function textOf(document: Document): string | undefined {
  return typeof document === 'string' && document !== '' ? document : undefined;
}
