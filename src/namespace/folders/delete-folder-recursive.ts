/** folders.deleteRecursive: an operation that deletes what a folder holds, from the bottom, and then the folder. */

import { StraitError } from '../../model/errors.ts';
import type { Folder } from '../../model/folder.ts';
import type { BucketName } from '../../model/ids.ts';
import type { Operation } from '../../model/operation.ts';
import type { Preconditions } from '../../model/preconditions.ts';
import type { OperationStep, OperationWorker } from '../advance-operations.ts';
import { decideAndCommit } from '../commit-loop.ts';
import type { NamespaceDeps } from '../deps.ts';
import { readForChange } from '../object-access.ts';
import { objectTransaction } from '../object-transaction.ts';
import { endedOperation, newOperation, operationWrites } from '../operations.ts';
import { folderEntry } from '../rows/journal.ts';
import { leafOf } from '../rows/keys.ts';
import { blobsOf } from '../rows/references.ts';
import { judgePreconditions } from '../rules/preconditions.ts';
import { judgeKept } from '../rules/retention.ts';
import { contentsOf, type FolderAddress, found, readPaths } from './folders.ts';

/** The operation has begun, and nothing is deleted yet. */
export async function deleteFolderRecursive(
  deps: NamespaceDeps,
  input: { readonly address: FolderAddress; readonly preconditions: Preconditions },
): Promise<Operation> {
  const { address } = input;
  const name = address.name.endsWith('/') ? address.name : `${address.name}/`;
  return decideAndCommit(deps, async () => {
    const read = await readPaths(deps, address.bucket, [name]);
    const { folder } = found(read.paths[0] ?? []);
    const refusal = judgePreconditions(input.preconditions, folder);
    if (refusal !== undefined) throw refusal;
    const operation = newOperation(deps, read.bucket, {
      kind: 'deleteFolderRecursive',
      shown: { folderId: name },
      work: { name, folderId: folder.id },
    });
    const transaction = { checks: read.checks, writes: operationWrites(operation) };
    return { kind: 'commit', transaction, result: () => operation };
  });
}

interface Work {
  readonly name: string;
  /** The folder that was meant: another of the same name is left alone. */
  readonly folderId: string;
}

const OBJECTS_PER_STEP = 100;
/** Writes a step may grow to before it ends: below the port's limit, whatever comes last. */
const WRITES_PER_STEP = 700;

export const deleteFolderWorker: OperationWorker = { step };

/** A batch of objects of the deepest first folder, or that folder once it is empty. */
async function step(deps: NamespaceDeps, operation: Operation): Promise<OperationStep> {
  const work = operation.work as unknown as Work;
  const deepest = await deepestFolder(deps, operation.bucket, work);
  const read = await readPaths(deps, operation.bucket, [deepest]);
  const { key, folder } = found(read.paths[0] ?? []);
  assertSame(read.paths[0]?.find((one) => one.folder.name === work.name)?.folder, work);
  const nowMs = deps.clock.nowMs();
  const [objects, folders] = contentsOf(read.bucket, folder);
  const rows = await deps.metadata.scan(objects, { limit: OBJECTS_PER_STEP });
  if (rows.length > 0) {
    const names = rows.map((row) => `${deepest}${leafOf('object', row.key)}`);
    return { transaction: await deletion(deps, operation.bucket, names), next: { ...operation, updatedMs: nowMs } };
  }
  const isLast = folder.id === work.folderId;
  const response = { '@type': 'type.googleapis.com/google.protobuf.Empty' };
  return {
    transaction: {
      checks: [...read.checks, ...[objects, folders].map((range) => ({ kind: 'rangeEmpty' as const, range }))],
      writes: [{ kind: 'delete', key }],
      appends: [folderEntry(read.bucket, { op: 'folderDelete', name: folder.name, timeMs: nowMs })],
    },
    next: isLast
      ? endedOperation(operation, { kind: 'response', response }, nowMs)
      : { ...operation, updatedMs: Math.max(nowMs, operation.updatedMs) },
  };
}

/** Down by the first folder of each level. */
async function deepestFolder(deps: NamespaceDeps, bucket: BucketName, work: Work): Promise<string> {
  let name = work.name;
  for (;;) {
    const read = await readPaths(deps, bucket, [name]);
    const path = read.paths[0] ?? [];
    const { folder } = found(path);
    assertSame(path.find((one) => one.folder.name === work.name)?.folder, work);
    const [below] = await deps.metadata.scan(contentsOf(read.bucket, folder)[1], { limit: 1 });
    if (below === undefined) return name;
    name = `${name}${leafOf('folder', below.key)}`;
  }
}

function assertSame(folder: Folder | undefined, work: Work): void {
  if (folder?.id === work.folderId) return;
  const message = `The folder ${work.name} was renamed or deleted meanwhile.`;
  throw new StraitError('conflict', message, { what: 'folder' });
}

async function deletion(deps: NamespaceDeps, bucket: BucketName, names: readonly string[]) {
  const { objects, ...target } = await readForChange(
    deps,
    bucket,
    names.map((name) => ({ name })),
  );
  const changes = [];
  const nowMs = deps.clock.nowMs();
  let writes = 0;
  for (const object of objects) {
    const { live } = object;
    if (live === undefined) continue;
    const refusal = judgeKept({ bucket: target.bucket, name: object.name, nowMs }, live);
    if (refusal !== undefined) throw refusal;
    writes += 4 + 3 * blobsOf(object.faces).size;
    if (changes.length > 0 && writes > WRITES_PER_STEP) break;
    changes.push({ op: 'delete' as const, object, state: live });
  }
  return objectTransaction(deps, target, changes, nowMs).transaction;
}
