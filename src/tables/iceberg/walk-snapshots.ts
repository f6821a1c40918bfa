import type { ObjectName } from '../../model/ids.ts';
import { type FileRef, type FileStat, type TableFiles, TableLogError } from '../port.ts';
import { readAvro } from '../shared/avro-container.ts';
import { AvroError, type AvroRecord, type Projection } from '../shared/avro-schema.ts';
import type { Snapshot, TableMetadata } from './read-metadata.ts';
import type { PathResolver } from './resolve-path.ts';

/** A branch of the walk: what a reader of the current snapshot or a ref needs, or what only time travel reaches. */
export type Need = 'head' | 'history';

const LIST_FIELDS: Projection = { manifest_path: true };
const ENTRY_FIELDS: Projection = { status: true, data_file: { file_path: true } };
/** Entry status (spec, "Manifests"): 0 existing, 1 added, 2 deleted. */
const STATUS_DELETED = 2;
/** Manifest names held at once, about 10 MB; past it the walk goes over the lists again, a share at a time. */
const NAMES_MAX = 50_000;

/**
 * Walks snapshots: manifest list → manifests → files. A missing file of a head is reported (`unread`); a missing file
 * of history is history. Sizes are left out: engines that re-root tables leave `file_size_in_bytes` and
 * `manifest_length` wrong (three real tables of eight have one that is), and readers of those tables work.
 */
export class SnapshotWalk {
  readonly #files: TableFiles;
  readonly #resolve: PathResolver;
  readonly #namesMax: number;
  /** Manifest lists of heads that were not there when they were to be read: what they name was not walked. */
  readonly unreadLists = new Set<ObjectName>();

  constructor(files: TableFiles, resolve: PathResolver, namesMax = NAMES_MAX) {
    this.#files = files;
    this.#resolve = resolve;
    this.#namesMax = namesMax;
  }

  name(path: string): ObjectName {
    const name = this.#resolve(path);
    if (name === undefined) throw new TableLogError({ kind: 'unresolved', path });
    return name;
  }

  /**
   * Manifests that `wanted` reach and `known` do not, each once while they are at most `namesMax`. Past that, names are
   * dealt into shares by a hash and the lists are read once a share, so that memory stays bounded; then a name may come
   * more than once.
   */
  async *freshManifests(
    wanted: readonly Snapshot[],
    known: readonly Snapshot[],
    need: Need,
  ): AsyncGenerator<ObjectName> {
    let shares = 1;
    for (let share = 0; share < shares; share += 1) {
      const seen = new Set<ObjectName>();
      const isNew = (name: ObjectName): boolean => {
        if (shareOf(name, shares) !== share || seen.has(name)) return false;
        seen.add(name);
        while (seen.size > this.#namesMax) {
          shares *= 2;
          for (const each of seen) if (shareOf(each, shares) !== share) seen.delete(each);
        }
        return true;
      };
      for (const snapshot of known) for await (const name of this.#manifests(snapshot, 'history')) isNew(name);
      for (const snapshot of wanted) {
        for await (const name of this.#manifests(snapshot, need)) if (isNew(name)) yield name;
      }
    }
  }

  /** The manifest list, where the snapshot has one. */
  listName(snapshot: Snapshot): ObjectName | undefined {
    return snapshot.manifestList === undefined ? undefined : this.name(snapshot.manifestList);
  }

  async *#manifests(snapshot: Snapshot, need: Need): AsyncGenerator<ObjectName> {
    for (const path of snapshot.manifests ?? []) yield this.name(path);
    const list = this.listName(snapshot);
    if (list === undefined) return;
    const file = await this.#files.stat(list);
    if (file === undefined) {
      if (need === 'head') this.unreadLists.add(list);
      return;
    }
    for await (const { manifest_path: path } of this.#records(file, LIST_FIELDS, need)) {
      if (typeof path !== 'string') throw broken(file.name, 'an entry of the manifest list has no manifest_path');
      yield this.name(path);
    }
  }

  /** Data files, delete files and deletion vectors that a manifest holds. */
  async *filesOf(manifest: ObjectName, need: Need): AsyncGenerator<FileRef> {
    const file = await this.#files.stat(manifest);
    if (file === undefined) {
      if (need === 'head') yield { name: manifest, unread: true };
      return;
    }
    let last: ObjectName | undefined;
    for await (const { status, data_file: dataFile } of this.#records(file, ENTRY_FIELDS, need)) {
      if (status === STATUS_DELETED) continue;
      const path = (dataFile as AvroRecord | undefined)?.['file_path'];
      if (typeof path !== 'string') throw broken(manifest, 'an entry has no file_path');
      const name = this.name(path);
      // Several deletion vectors of one Puffin file stand side by side.
      if (name !== last) yield need === 'head' ? { name } : { name, history: true };
      last = name;
    }
  }

  /** A damaged file of history is history too; one of a head breaks the table. */
  async *#records(file: FileStat, want: Projection, need: Need): AsyncGenerator<AvroRecord> {
    try {
      for await (const batch of readAvro(this.#files, file, want)) yield* batch;
    } catch (error) {
      if (!(error instanceof AvroError)) throw error;
      if (need === 'head') throw broken(file.name, error.message, error);
    }
  }
}

/** The snapshots a version must be whole for, and the rest. */
export function splitSnapshots(metadata: TableMetadata): Readonly<Record<Need, readonly Snapshot[]>> {
  return {
    head: metadata.snapshots.filter(({ id }) => metadata.headIds.has(id)),
    history: metadata.snapshots.filter(({ id }) => !metadata.headIds.has(id)),
  };
}

function broken(name: ObjectName, message: string, cause?: unknown): TableLogError {
  return new TableLogError({ kind: 'broken', name, message }, cause === undefined ? undefined : { cause });
}

/** Deals names into `shares` (a power of two) by FNV-1a: equal names always meet in one share. */
function shareOf(name: string, shares: number): number {
  if (shares === 1) return 0;
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash >>> 0) & (shares - 1);
}
