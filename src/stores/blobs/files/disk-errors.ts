import { isStraitError, StraitError } from '../../../model/errors.ts';

/** An error of the file system as the port words it: the disk is full, gone or out of descriptors, try again later. */
export function translateDiskError(error: unknown): unknown {
  if (isStraitError(error) || !(error instanceof Error) || !('errno' in error)) return error;
  return new StraitError('unavailable', `the blob store's disk failed: ${error.message}`, {}, { cause: error });
}

export async function onDisk<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw translateDiskError(error);
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** What `action` gives, or `undefined` when the file is not there. */
export async function unlessMissing<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
