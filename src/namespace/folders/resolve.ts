/**
 * From names to places: which folder a row is in. Everything that reads or writes an object's row by its name asks
 * here. In a flat bucket that costs nothing; in a hierarchical one it is one `get` a level.
 */
import type { Bucket } from '../../model/bucket.ts';
import type { Folder } from '../../model/folder.ts';
import { type FolderId, folderId, type ObjectName, ROOT_FOLDER } from '../../model/ids.ts';
import type { Check, MetadataView, Row } from '../../stores/metadata/port.ts';
import { decodeFolder } from '../rows/folder-row.ts';
import { flatPlace, folderKey, type ObjectPlace } from '../rows/keys.ts';
import { unchanged } from '../rows/references.ts';

/** A folder on the way to a name. Without a row it is not there: `folder` is what would be made. */
export interface FolderStep {
  readonly key: Uint8Array;
  readonly row: Row | undefined;
  readonly folder: Folder;
}

/** Folders are as they were read: what a transaction checks that was decided by names in them. */
export interface ResolvedName {
  readonly place: ObjectPlace;
  /** From the top. Empty in a flat bucket. */
  readonly steps: readonly FolderStep[];
}

export interface NewFolders {
  readonly nowMs: number;
  readonly newId: () => FolderId;
}

/** No folder has this id: nothing is found in a folder that is not there. */
const NO_FOLDER: FolderId = folderId('f'.repeat(16));
const NONE: NewFolders = { nowMs: 0, newId: () => NO_FOLDER };

/** Rows of the bucket are in folders. A bucket that follows another site is flat here, whatever it is there. */
export function hasFolders({ layout }: Bucket): boolean {
  return layout === 'folders';
}

/** Resolves names of one bucket at one version of the store: give it a snapshot where the bucket has folders. */
export class NameResolver {
  readonly #view: MetadataView;
  readonly #bucket: Bucket;
  readonly #made: NewFolders;
  readonly #known = new Map<string, FolderStep>();

  constructor(view: MetadataView, bucket: Bucket, made: NewFolders = NONE) {
    this.#view = view;
    this.#bucket = bucket;
    this.#made = made;
  }

  async resolve(name: ObjectName): Promise<ResolvedName> {
    const { id: bucketId } = this.#bucket;
    if (!hasFolders(this.#bucket)) return { place: flatPlace(bucketId, name), steps: [] };
    const end = name.lastIndexOf('/') + 1;
    const steps = await this.folders(name.slice(0, end));
    const parent = steps.at(-1)?.folder.id ?? ROOT_FOLDER;
    return { place: { bucketId, folderId: parent, leaf: name.slice(end) }, steps };
  }

  /** The folders of a path, which is empty or ends with a slash. */
  async folders(path: string): Promise<readonly FolderStep[]> {
    const steps: FolderStep[] = [];
    for (let end = path.indexOf('/') + 1; end > 0; end = path.indexOf('/', end) + 1) {
      steps.push(await this.#step(path.slice(0, end), steps.at(-1)));
    }
    return steps;
  }

  /** That every folder asked for is as it was read, there or not. */
  checks(): readonly Check[] {
    return [...this.#known.values()].map(({ key, row }) => unchanged(key, row));
  }

  async #step(name: string, parent: FolderStep | undefined): Promise<FolderStep> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const bucket = this.#bucket;
    const leaf = name.slice(parent?.folder.name.length ?? 0);
    const key = folderKey({ bucketId: bucket.id, folderId: parent?.folder.id ?? ROOT_FOLDER, leaf });
    const isParentThere = parent === undefined || parent.row !== undefined;
    const [row] = isParentThere ? await this.#view.get([key]) : [];
    const folder = row === undefined ? this.#new(name) : decodeFolder(row.value, { bucket: bucket.name, name });
    const step = { key, row, folder };
    this.#known.set(name, step);
    return step;
  }

  #new(name: string): Folder {
    const { nowMs, newId } = this.#made;
    const times = { timeCreatedMs: nowMs, updatedMs: nowMs };
    return { bucket: this.#bucket.name, name, id: newId(), metageneration: 1n, ...times };
  }
}

/** Reads that resolve names are at one version where there are folders. */
export function atOneVersion<Result>(
  metadata: MetadataView & { snapshot<T>(read: (view: MetadataView) => Promise<T>): Promise<T> },
  bucket: Bucket,
  read: (view: MetadataView) => Promise<Result>,
): Promise<Result> {
  return hasFolders(bucket) ? metadata.snapshot(read) : read(metadata);
}
