import { dirname } from 'node:path';
import { StraitError } from '../../../model/errors.ts';
import { randomHex } from '../../../runtime/random.ts';
import { unlessMissing } from './disk-errors.ts';
import type { FileEnv } from './file-env.ts';

const FORMAT = 'strait blobs 1\n';

/** Makes the store's folders, durably, the first time; refuses a store of another format. */
export async function prepareFolders(env: FileEnv): Promise<void> {
  const { layer, paths } = env;
  const format = await readFormat(env);
  if (format === FORMAT) return;
  if (format !== undefined) {
    const feature = `a blob store of format ${JSON.stringify(format)}`;
    throw new StraitError('unsupported', `${paths.root} is ${feature}: this release cannot use it`, { feature });
  }
  const ancestors = ancestorsOf(paths.root);
  for (const path of [...ancestors.toReversed(), paths.root]) {
    if (!(await layer.exists(path))) await layer.makeFolder(path);
  }
  for (const path of [paths.blobs, paths.staging, paths.writing, ...paths.fanOuts]) await layer.makeFolder(path);
  for (const path of [paths.blobs, paths.root]) await layer.syncFolder(path);
  // A folder of somebody else may not let itself be flushed; then it is not this store that made it either.
  for (const path of ancestors) await layer.syncFolder(path).catch(() => {});
  await writeFormat(env);
}

async function readFormat({ layer, paths }: FileEnv): Promise<string | undefined> {
  const file = await unlessMissing(() => layer.open(paths.format, 'read'));
  if (file === undefined) return undefined;
  try {
    const buffer = Buffer.alloc(256);
    return buffer.toString('utf8', 0, await file.read([buffer], 0));
  } finally {
    await file.close();
  }
}

/** Last: a store with this file has all its folders. */
async function writeFormat({ layer, paths, random }: FileEnv): Promise<void> {
  const path = paths.beingWritten(`format-${randomHex(random, 8)}`);
  const file = await layer.open(path, 'createNew');
  try {
    await file.write([Buffer.from(FORMAT)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await layer.rename(path, paths.format);
  await layer.syncFolder(paths.root);
}

/** Nearest first. */
function ancestorsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...ancestorsOf(parent)];
}
