import { StraitError } from '../../model/errors.ts';
import { objectNameProblem, utf8Length } from './names.ts';

/**
 * Names in hierarchical buckets (https://cloud.google.com/storage/docs/hns-overview and /objects#naming): the path of
 * folders has 512 bytes at most, and what follows it too. A name lies in one place alone, so no level is empty.
 */

export const FOLDER_NAME_BYTES_MAX = 512;
const LEAF_BYTES_MAX = 512;

export function assertFolderName(name: string): void {
  const problem = name.endsWith('/') ? folderProblem(name) : "a folder name ends with '/'";
  if (problem !== undefined) throw new StraitError('invalidArgument', problem, { field: 'name' });
}

/** A name that may be an object's in a flat bucket, in a hierarchical one. */
export function assertNameInFolders(name: string): void {
  const end = name.lastIndexOf('/') + 1;
  const leaf = name.slice(end);
  const problem =
    (end === 0 ? undefined : folderProblem(name.slice(0, end))) ??
    (utf8Length(leaf) > LEAF_BYTES_MAX
      ? `an object name has at most ${LEAF_BYTES_MAX} bytes after its folder`
      : dots(leaf));
  if (problem !== undefined) throw new StraitError('invalidArgument', problem, { field: 'name' });
}

function folderProblem(path: string): string | undefined {
  const levels = path.slice(0, -1).split('/');
  if (levels.includes('')) return 'in a hierarchical bucket a name has no empty folder names';
  if (utf8Length(path) > FOLDER_NAME_BYTES_MAX) return `a folder name has at most ${FOLDER_NAME_BYTES_MAX} bytes`;
  return levels.map(dots).find((problem) => problem !== undefined) ?? objectNameProblem(path);
}

function dots(level: string): string | undefined {
  return level === '.' || level === '..' ? `in a hierarchical bucket no part of a name is '${level}'` : undefined;
}
