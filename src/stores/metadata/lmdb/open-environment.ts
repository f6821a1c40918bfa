import { closeSync, existsSync, fdatasyncSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Database, open, type RootDatabase, type RootDatabaseOptions } from 'lmdb';
import { StraitError } from '../../../model/errors.ts';
import { DATABASES, decodeNumber, decodeRow, encodeNumber, FORMAT, MARK, type StoredRow } from './layout.ts';

/** Fixed when an environment is created: LMDB's longest key depends on it (2,200 bytes do not fit 4 KiB pages). */
const PAGE_BYTES = 8_192;
/** Read transactions of all processes at one time: snapshots and long scans hold one each. */
const READERS_MAX = 4_096;

export interface Environment {
  readonly root: RootDatabase<Buffer, Uint8Array>;
  /** Rows, decoded when read. */
  readonly rows: Database<StoredRow, Uint8Array>;
  /** The same rows as they are stored. */
  readonly storedRows: Database<Buffer, Uint8Array>;
  readonly journals: Database<Buffer, Uint8Array>;
  readonly marks: Database<Buffer, Uint8Array>;
}

export interface EnvironmentSettings {
  /** Holds `metadata.mdb` and its lock file; made when absent. A local disk: LMDB maps the file. */
  readonly folder: string;
  /** Address space set aside for the map. The file grows as it fills; past this the map is moved and doubled. */
  readonly mapBytes: number;
}

/**
 * Opens the environment, making it first when there is none. Everything it can show afterwards is on disk: a process
 * that died while committing may have left a meta page in the page cache alone, and a new file's name is not safe
 * before its folder is flushed.
 */
export function openEnvironment({ folder, mapBytes }: EnvironmentSettings): Environment {
  const madeFolder = mkdirSync(folder, { recursive: true });
  const path = join(folder, 'metadata.mdb');
  if (existsSync(path)) flush(path, fdatasyncSync, 'r+');
  const binary: RootDatabaseOptions = { keyEncoding: 'binary', encoding: 'binary' };
  const root = open<Buffer, Uint8Array>(path, {
    ...binary,
    noSubdir: true,
    pageSize: PAGE_BYTES,
    mapSize: mapBytes,
    maxReaders: READERS_MAX,
    maxDbs: 8,
    // A commit is acknowledged, and shown to other processes, only after it is on disk.
    overlappingSync: false,
    // With it, a failed commit leaves a rejected promise that nobody can catch, and the process dies of it.
    eventTurnBatching: false,
  });
  try {
    const rowOptions: RootDatabaseOptions = {
      ...binary,
      encoder: { encode: refuseToEncode, decode: decodeRow },
    };
    const marks = root.openDB<Buffer, Uint8Array>(DATABASES.marks, binary);
    // Before anything else is made: an environment of another format is left as it is.
    root.transactionSync(() => assertFormat(marks));
    const environment: Environment = {
      root,
      rows: root.openDB(DATABASES.rows, rowOptions),
      storedRows: root.openDB(DATABASES.rows, binary),
      journals: root.openDB(DATABASES.journals, binary),
      marks,
    };
    flushFolders(folder, madeFolder);
    return environment;
  } catch (error) {
    void root.close();
    throw error;
  }
}

/** The binding takes a decoder only together with an encoder. */
function refuseToEncode(): never {
  throw new Error('rows are written through storedRows');
}

function assertFormat(marks: Environment['marks']): void {
  const stored = marks.get(MARK.format);
  if (stored === undefined) {
    marks.putSync(MARK.format, encodeNumber(FORMAT));
    return;
  }
  const format = decodeNumber(stored);
  if (format !== FORMAT) {
    const message = `the metadata store has format ${format}; this release reads format ${FORMAT}`;
    throw new StraitError('unsupported', message, { feature: `metadata format ${format}` });
  }
}

/** Every folder from the store's own up to the parent of the first one made. */
function flushFolders(folder: string, firstMade: string | undefined): void {
  const last = firstMade === undefined ? folder : dirname(firstMade);
  for (let current = folder; ; current = dirname(current)) {
    flush(current, fsyncSync, 'r');
    if (current === last || current === dirname(current)) return;
  }
}

function flush(path: string, sync: (descriptor: number) => void, mode: string): void {
  const descriptor = openSync(path, mode);
  try {
    sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
