import type { ObjectName } from '../../model/ids.ts';
import type { FileStat, TableFiles, TableLocation } from '../port.ts';

/**
 * The folder's data files among its names, as Spark and Hive list them: at any depth, without names that begin with
 * `_` or `.` on any level (`part=_x` does not). Tables further down are left out: they publish themselves. Memory: one
 * path.
 */
export async function* dataAmong(
  location: TableLocation,
  files: TableFiles,
  names: AsyncIterable<FileStat>,
): AsyncGenerator<FileStat> {
  const nested = new NestedTables(files);
  for await (const file of names) {
    const segments = file.name.slice(location.prefix.length).split('/');
    if (segments.at(-1) === '' || segments.some((segment) => /^[_.]/.test(segment))) continue;
    if (!(await nested.holds(location.prefix, segments.slice(0, -1)))) yield file;
  }
}

/** Tells whether a folder lies in a table below the root. Names come sorted, so only the last path is remembered. */
class NestedTables {
  readonly #files: TableFiles;
  readonly #path: { readonly folder: ObjectName; readonly isTable: boolean }[] = [];

  constructor(files: TableFiles) {
    this.#files = files;
  }

  async holds(root: ObjectName, folders: readonly string[]): Promise<boolean> {
    let folder = root;
    for (const [depth, segment] of folders.entries()) {
      folder = `${folder}${segment}/`;
      if (this.#path[depth]?.folder !== folder) {
        this.#path.splice(depth);
        this.#path.push({ folder, isTable: await this.#isTable(folder) });
      }
      if (this.#path[depth]?.isTable) return true;
    }
    return false;
  }

  async #isTable(folder: ObjectName): Promise<boolean> {
    if ((await this.#files.stat(`${folder}_SUCCESS`)) !== undefined) return true;
    for (const log of ['_delta_log/', '.hoodie/']) {
      for await (const _ of this.#files.list(`${folder}${log}`)) return true;
    }
    return false;
  }
}
