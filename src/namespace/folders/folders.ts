/** Folders of hierarchical buckets: made, shown, listed, deleted when empty, and renamed with all they hold. */
import type { Bucket } from '../../model/bucket.ts';
import { StraitError } from '../../model/errors.ts';
import type { Folder } from '../../model/folder.ts';
import { type BucketName, folderId } from '../../model/ids.ts';
import type { Operation } from '../../model/operation.ts';
import type { Preconditions } from '../../model/preconditions.ts';
import { randomHex } from '../../runtime/random.ts';
import type { Check, MetadataView, Transaction } from '../../stores/metadata/port.ts';
import { decideAndCommit } from '../commit-loop.ts';
import type { NamespaceDeps } from '../deps.ts';
import { assertWritable, readBucket } from '../object-access.ts';
import { newOperation, operationWrites } from '../operations.ts';
import { encodeFolder } from '../rows/folder-row.ts';
import { folderEntry } from '../rows/journal.ts';
import { bucketAliveKey, rowsIn } from '../rows/keys.ts';
import { unchanged } from '../rows/references.ts';
import { isHierarchical } from '../rules/bucket-settings.ts';
import { assertFolderName, FOLDER_LEVELS_MAX, FOLDER_NAME_BYTES_MAX, folderLevels } from '../rules/folder-names.ts';
import { afterNamesUnder } from '../rules/list-page.ts';
import { utf8Length } from '../rules/names.ts';
import { judgePreconditions } from '../rules/preconditions.ts';
import { ownManagedFolderDeleted, renamedManagedFolders } from './managed-below.ts';
import { type FolderStep, hasFolders, NameResolver } from './resolve.ts';
import { folderNames } from './tree-names.ts';

export interface FolderAddress {
  readonly bucket: BucketName;
  /** The slash at its end may be left out. */
  readonly name: string;
}

/** `conflict` without the folder above it, unless those are to be made too. */
export async function insertFolder(
  deps: NamespaceDeps,
  input: { readonly address: FolderAddress; readonly isRecursive: boolean },
): Promise<Folder> {
  const { name } = input.address;
  assertFolderName(name);
  return decideAndCommit(deps, async () => {
    const read = await readPaths(deps, input.address.bucket, [name]);
    const steps = read.paths[0] ?? [];
    const own = lastOf(steps);
    if (own.row !== undefined) throw folderTaken(own.folder);
    const missing = steps.filter(({ row }) => row === undefined);
    if (missing.length > 1 && !input.isRecursive) throw parentMissing(own.folder);
    const timeMs = own.folder.timeCreatedMs;
    const transaction = {
      checks: read.checks,
      writes: missing.map(({ key, folder }) => ({ kind: 'put' as const, key, value: encodeFolder(folder) })),
      appends: missing.map(({ folder }) => folderEntry(read.bucket, { op: 'folderInsert', name: folder.name, timeMs })),
    };
    return { kind: 'commit', transaction, result: () => own.folder };
  });
}

export async function getFolder(
  deps: NamespaceDeps,
  input: { readonly address: FolderAddress; readonly preconditions: Preconditions },
): Promise<Folder> {
  return deps.metadata.snapshot(async (view) => {
    const bucket = assertFoldered(await readBucket(view, input.address.bucket));
    const { folder } = found(await new NameResolver(view, bucket).folders(slashed(input.address.name)));
    const refusal = judgePreconditions(input.preconditions, folder);
    if (refusal !== undefined) throw refusal;
    return folder;
  });
}

export interface ListFoldersInput {
  readonly bucket: BucketName;
  readonly prefix: string;
  /** Only the folder that is the prefix and those one level below it. */
  readonly isOneLevel: boolean;
  /** Inclusive; empty means unset. */
  readonly startOffset: string;
  /** Exclusive; empty means unset. */
  readonly endOffset: string;
  readonly maxResults: number;
  /** From `nextAfter`. */
  readonly after?: string;
}

export interface FolderPage {
  readonly folders: readonly Folder[];
  /** Set when there is more: the last name of this page. */
  readonly nextAfter?: string;
}

/** In the order of their names' bytes, at one version. What lies deeper than is asked for costs one seek. */
export async function listFolders(deps: NamespaceDeps, input: ListFoldersInput): Promise<FolderPage> {
  const { prefix, maxResults } = input;
  if (prefix !== '' && !prefix.endsWith('/')) {
    throw new StraitError('invalidArgument', "The prefix of a listing of folders ends with '/'.", { field: 'prefix' });
  }
  return deps.metadata.snapshot(async (view) => {
    const bucket = assertFoldered(await readBucket(view, input.bucket));
    const source = folderNames(view, bucket);
    const ends = [prefix === '' ? undefined : afterNamesUnder(prefix), nonEmpty(input.endOffset)];
    const end = ends.filter((one) => one !== undefined).toSorted(Buffer.compare)[0];
    const folders: Folder[] = [];
    let start = [prefix, input.startOffset].map((name): Uint8Array => Buffer.from(name)).reduce(later);
    if (input.after !== undefined) start = later(start, startBehind(input.after, input));
    while (folders.length <= maxResults) {
      const wanted = maxResults + 1 - folders.length;
      const names = await source.scan(end === undefined ? { start } : { start, end }, input.isOneLevel ? 1 : wanted);
      const last = names.at(-1);
      if (last === undefined) break;
      const shown = names.flatMap(({ folder }) => folder ?? []);
      folders.push(...shown.filter(({ name }) => !input.isOneLevel || isAtMostBelow(name, prefix)));
      if (!input.isOneLevel && names.length < wanted) break;
      start = startBehind(last.name, input);
    }
    const page = folders.slice(0, maxResults);
    const last = page.at(-1);
    return folders.length > maxResults && last !== undefined ? { folders: page, nextAfter: last.name } : { folders };
  });
}

/** Where the names begin that come after a folder and, when only one level is shown, after all in it. */
function startBehind(name: string, { isOneLevel, prefix }: ListFoldersInput): Buffer {
  const isPassed = isOneLevel && name !== prefix;
  return Buffer.from(isPassed ? afterNamesUnder(topBelow(name, prefix)) : `${name}\0`);
}

function topBelow(name: string, prefix: string): string {
  return name.slice(0, name.indexOf('/', prefix.length) + 1);
}

function isAtMostBelow(name: string, prefix: string): boolean {
  return name === prefix || topBelow(name, prefix) === name;
}

/**
 * `conflict` when it holds anything; a managed folder of its name goes with it. Safe against whoever puts something
 * into it at the same time.
 */
export async function deleteFolder(
  deps: NamespaceDeps,
  input: { readonly address: FolderAddress; readonly preconditions: Preconditions },
): Promise<void> {
  await decideAndCommit(deps, async () => {
    const read = await readPaths(deps, input.address.bucket, [slashed(input.address.name)]);
    const step = found(read.paths[0] ?? []);
    const refusal = judgePreconditions(input.preconditions, step.folder);
    if (refusal !== undefined) throw refusal;
    const held = contentsOf(read.bucket, step.folder);
    const rows = await Promise.all(held.map((range) => deps.metadata.scan(range, { limit: 1 })));
    if (rows.flat().length > 0) throw folderNotEmpty(step.folder);
    const at = { name: step.folder.name, timeMs: deps.clock.nowMs() };
    const managed = await ownManagedFolderDeleted(deps.metadata, read.bucket, at);
    const empty = held.map((range) => ({ kind: 'rangeEmpty' as const, range }));
    const transaction = {
      checks: [...read.checks, ...empty, ...managed.checks],
      writes: [{ kind: 'delete' as const, key: step.key }, ...managed.writes],
      appends: [...managed.appends, folderEntry(read.bucket, { op: 'folderDelete', ...at })],
    };
    return { kind: 'commit', transaction, result: () => undefined };
  });
}

/** What is right in a folder: objects and folders. */
export function contentsOf({ id: bucketId }: Bucket, { id }: Folder) {
  const place = { bucketId, folderId: id };
  return [rowsIn('object', place), rowsIn('folder', place)] as const;
}

export interface RenameFolderInput {
  readonly bucket: BucketName;
  readonly source: string;
  readonly destination: string;
  readonly sourcePreconditions: Preconditions;
}

/**
 * One transaction and one journal entry, whatever the folder holds: its row moves, and all in it refers to its id. The
 * operation is over when it begins.
 */
export async function renameFolder(deps: NamespaceDeps, input: RenameFolderInput): Promise<Operation> {
  const [source, destination] = [slashed(input.source), slashed(input.destination)];
  assertFolderName(destination);
  return decideAndCommit(deps, async () => {
    const read = await readPaths(deps, input.bucket, [source, destination]);
    const from = found(read.paths[0] ?? []);
    const refusal = judgePreconditions(input.sourcePreconditions, from.folder);
    if (refusal !== undefined) throw refusal;
    const above = read.paths[1]?.slice(0, -1) ?? [];
    const to = lastOf(read.paths[1] ?? []);
    assertRenameable(from.folder, to, above);
    const managed = await renamedManagedFolders(deps.metadata, read.bucket, { source, destination });
    await assertNamesFit(deps, read.bucket, { folder: from.folder, destination });
    const nowMs = Math.max(deps.clock.nowMs(), from.folder.updatedMs);
    const { metageneration } = from.folder;
    const after = { ...from.folder, name: destination, metageneration: metageneration + 1n, updatedMs: nowMs };
    const operation = renameOperation(deps, read.bucket, { source, after });
    const transaction: Transaction = {
      checks: [...read.checks, ...managed.checks],
      writes: [
        { kind: 'delete', key: from.key },
        { kind: 'put', key: to.key, value: encodeFolder(after) },
        ...managed.writes,
        ...operationWrites(operation),
      ],
      appends: [folderEntry(read.bucket, { op: 'folderRename', name: source, to: destination, timeMs: nowMs })],
    };
    return { kind: 'commit', transaction, result: () => operation };
  });
}

function assertRenameable(from: Folder, to: FolderStep, above: readonly FolderStep[]): void {
  if (to.folder.name.startsWith(from.name)) {
    const message = `The folder ${from.name} cannot be renamed to ${to.folder.name}, which is itself or within it.`;
    throw new StraitError('invalidArgument', message, { field: 'destinationFolder' });
  }
  if (to.row !== undefined) throw folderTaken(to.folder);
  if (above.some(({ row }) => row === undefined)) throw parentMissing(to.folder);
}

/**
 * Folders below must have names that folders can have: looked at only where they get longer or deeper. One that comes
 * meanwhile may get a name over the limit, which harms nothing: no key holds the path of a folder.
 */
async function assertNamesFit(
  deps: NamespaceDeps,
  bucket: Bucket,
  { folder, destination }: { readonly folder: Folder; readonly destination: string },
): Promise<void> {
  const longer = utf8Length(destination) - utf8Length(folder.name);
  const deeper = folderLevels(destination) - folderLevels(folder.name);
  if (longer <= 0 && deeper <= 0) return;
  let start = Buffer.from(folder.name);
  const end = afterNamesUnder(folder.name);
  for (;;) {
    const from = start;
    const names = await deps.metadata.snapshot((view) => folderNames(view, bucket).scan({ start: from, end }, 200));
    for (const { name, bytes } of names) {
      const isTooLong = bytes.length + longer > FOLDER_NAME_BYTES_MAX;
      if (!isTooLong && folderLevels(name) + deeper <= FOLDER_LEVELS_MAX) continue;
      const limit = isTooLong
        ? `a name of more than ${FOLDER_NAME_BYTES_MAX} bytes`
        : `over ${FOLDER_LEVELS_MAX} levels`;
      const message = `The folder ${name} would have ${limit}.`;
      throw new StraitError('invalidArgument', message, { field: 'destinationFolder' });
    }
    const last = names.at(-1);
    if (last === undefined || names.length < 200) return;
    start = Buffer.from(`${last.name}\0`);
  }
}

function renameOperation(
  deps: NamespaceDeps,
  bucket: Bucket,
  { source, after }: { readonly source: string; readonly after: Folder },
): Operation {
  const times = { createTime: isoTime(after.timeCreatedMs), updateTime: isoTime(after.updatedMs) };
  return newOperation(deps, bucket, {
    kind: 'renameFolder',
    shown: { sourceFolderId: source, destinationFolderId: after.name },
    outcome: {
      kind: 'response',
      response: {
        '@type': 'type.googleapis.com/google.storage.control.v2.Folder',
        name: `projects/_/buckets/${bucket.name}/folders/${after.name}`,
        metageneration: after.metageneration.toString(),
        ...times,
      },
    },
  });
}

const isoTime = (ms: number): string => new Date(ms).toISOString();

export interface ReadFolders<Result> {
  readonly bucket: Bucket;
  readonly result: Result;
  /** The bucket lives and its folders are as they were read. */
  readonly checks: readonly Check[];
}

/** Reads folders of one bucket, to be changed, at one version. */
export async function readFolders<Result>(
  deps: NamespaceDeps,
  bucketName: BucketName,
  read: (resolver: NameResolver, view: MetadataView, bucket: Bucket) => Promise<Result>,
): Promise<ReadFolders<Result>> {
  const newFolders = { nowMs: deps.clock.nowMs(), newId: () => folderId(randomHex(deps.random, 8)) };
  return deps.metadata.snapshot(async (view) => {
    const bucket = await readBucket(view, bucketName);
    assertWritable(deps, bucket);
    const resolver = new NameResolver(view, assertFoldered(bucket), newFolders);
    const result = await read(resolver, view, bucket);
    const aliveKey = bucketAliveKey(bucket.id);
    const [alive] = await view.get([aliveKey]);
    return { bucket, result, checks: [unchanged(aliveKey, alive), ...resolver.checks()] };
  });
}

/** With all above them. */
async function readPaths(deps: NamespaceDeps, bucketName: BucketName, names: readonly string[]) {
  const { result: paths, ...read } = await readFolders(deps, bucketName, async (resolver) => {
    const paths: (readonly FolderStep[])[] = [];
    for (const name of names) paths.push(await resolver.folders(name));
    return paths;
  });
  return { ...read, paths };
}

export function found(steps: readonly FolderStep[]): FolderStep & { readonly row: object } {
  const step = lastOf(steps);
  if (step.row !== undefined) return { ...step, row: step.row };
  const message = `The folder does not exist: ${step.folder.bucket}/${step.folder.name.slice(0, 1_024)}`;
  throw new StraitError('notFound', message, { what: 'folder' });
}

function lastOf(steps: readonly FolderStep[]): FolderStep {
  const step = steps.at(-1);
  if (step === undefined) throw new RangeError('a folder has a name');
  return step;
}

function assertFoldered(bucket: Bucket): Bucket {
  if (hasFolders(bucket)) return bucket;
  if (isHierarchical(bucket)) {
    const message = `The folders of gs://${bucket.name} are not at this site. Ask its owner, ${bucket.owner}.`;
    throw new StraitError('unsupported', message, { feature: 'folders of another site' });
  }
  const message = `gs://${bucket.name} has no hierarchical namespace, and so no folders.`;
  throw new StraitError('conflict', message, { what: 'bucket' });
}

function slashed(name: string): string {
  return name.endsWith('/') ? name : `${name}/`;
}

function nonEmpty(name: string): Uint8Array | undefined {
  return name === '' ? undefined : Buffer.from(name);
}

const later = (one: Uint8Array, other: Uint8Array): Uint8Array => (Buffer.compare(one, other) >= 0 ? one : other);

function folderTaken({ bucket, name }: Folder): StraitError<'alreadyExists'> {
  return new StraitError('alreadyExists', `The folder ${bucket}/${name} already exists.`, { bucket });
}

function parentMissing({ bucket, name }: Folder): StraitError<'conflict'> {
  const message = `The folder above ${bucket}/${name} does not exist.`;
  return new StraitError('conflict', message, { what: 'folder' });
}

function folderNotEmpty({ bucket, name }: Folder): StraitError<'conflict'> {
  return new StraitError('conflict', `The folder ${bucket}/${name} is not empty.`, { what: 'folder' });
}
