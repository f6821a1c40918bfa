import { StraitError } from '../../model/errors.ts';
import { objectNameProblem, utf8Length } from './names.ts';

/**
 * Names in hierarchical buckets (https://cloud.google.com/storage/docs/folders-overview#considerations): all that are
 * names of objects, where each slash ends the name of a folder, whatever is before it. There are 50 at most. The path
 * of folders has 512 bytes at most, and what follows it too.
 */

export const FOLDER_NAME_BYTES_MAX = 512;
export const FOLDER_LEVELS_MAX = 50;
const LEAF_BYTES_MAX = 512;

export function assertFolderName(name: string): void {
  const problem = name.endsWith('/') ? folderProblem(name) : "a folder name ends with '/'";
  if (problem !== undefined) throw new StraitError('invalidArgument', problem, { field: 'name' });
}

/** A name that may be an object's in a flat bucket, in a hierarchical one. */
export function assertNameInFolders(name: string): void {
  const end = name.lastIndexOf('/') + 1;
  const problem =
    (end === 0 ? undefined : folderProblem(name.slice(0, end))) ??
    (utf8Length(name.slice(end)) > LEAF_BYTES_MAX
      ? `an object name has at most ${LEAF_BYTES_MAX} bytes after its folder`
      : undefined);
  if (problem !== undefined) throw new StraitError('invalidArgument', problem, { field: 'name' });
}

/** Of a path that ends with a slash. */
export function folderLevels(path: string): number {
  return path.split('/').length - 1;
}

function folderProblem(path: string): string | undefined {
  const levels = folderLevels(path);
  if (levels > FOLDER_LEVELS_MAX) return `folders lie ${FOLDER_LEVELS_MAX} levels deep at most, not ${levels}`;
  if (utf8Length(path) > FOLDER_NAME_BYTES_MAX) return `a folder name has at most ${FOLDER_NAME_BYTES_MAX} bytes`;
  return objectNameProblem(path);
}
