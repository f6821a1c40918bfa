/** folders.deleteRecursive: an operation that deletes what a folder holds, from the bottom, and then the folder. */

import type { Bucket } from '../../model/bucket.ts';
import { StraitError } from '../../model/errors.ts';
import type { Folder } from '../../model/folder.ts';
import type { BucketName, ObjectName } from '../../model/ids.ts';
import type { Operation } from '../../model/operation.ts';
import type { Preconditions } from '../../model/preconditions.ts';
import type { MetadataView } from '../../stores/metadata/port.ts';
import type { OperationStep, OperationWorker } from '../advance-operations.ts';
import { decideAndCommit } from '../commit-loop.ts';
import type { NamespaceDeps } from '../deps.ts';
import { readForChange } from '../object-access.ts';
import { alongside, ObjectBatch } from '../object-transaction.ts';
import { endedOperation, newOperation, operationWrites } from '../operations.ts';
import { folderEntry } from '../rows/journal.ts';
import { leafOf, managedFoldersFrom } from '../rows/keys.ts';
import { judgePreconditions } from '../rules/preconditions.ts';
import { contentsOf, type FolderAddress, found, readFolders } from './folders.ts';
import { firstManagedFoldersDeleted } from './managed-below.ts';
import type { NameResolver } from './resolve.ts';

/** The operation has begun, and nothing is deleted yet. */
export async function deleteFolderRecursive(
  deps: NamespaceDeps,
  input: { readonly address: FolderAddress; readonly preconditions: Preconditions },
): Promise<Operation> {
  const { address } = input;
  const name = address.name.endsWith('/') ? address.name : `${address.name}/`;
  return decideAndCommit(deps, async () => {
    const read = await readFolders(deps, address.bucket, (resolver) => resolver.folders(name));
    const { folder } = found(read.result);
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

export const deleteFolderWorker: OperationWorker = { step };

/** A batch of objects of the deepest first folder, then of managed folders, or that folder once it is empty. */
async function step(deps: NamespaceDeps, operation: Operation): Promise<OperationStep> {
  const work = operation.work as unknown as Work;
  const { bucket, result, checks } = await readFolders(deps, operation.bucket, deepestFolder(work));
  const { key, folder, objects } = result;
  const nowMs = deps.clock.nowMs();
  if (objects.length > 0) {
    const transaction = await deletion(deps, operation.bucket, objects);
    // The objects were read by their names, later: they are in these folders still.
    return { transaction: alongside(transaction, { checks }), next: { ...operation, updatedMs: nowMs } };
  }
  const at = { name: folder.name, timeMs: nowMs };
  const managed = await firstManagedFoldersDeleted(deps.metadata, bucket, at);
  if (managed !== undefined) {
    return {
      transaction: { ...managed, checks: [...checks, ...managed.checks] },
      next: { ...operation, updatedMs: nowMs },
    };
  }
  const isLast = folder.id === work.folderId;
  const empty = [...contentsOf(bucket, folder), managedFoldersFrom(bucket.id, folder.name)];
  const response = { '@type': 'type.googleapis.com/google.protobuf.Empty' };
  return {
    transaction: {
      checks: [...checks, ...empty.map((range) => ({ kind: 'rangeEmpty' as const, range }))],
      writes: [{ kind: 'delete', key }],
      appends: [folderEntry(bucket, { op: 'folderDelete', ...at })],
    },
    next: isLast
      ? endedOperation(operation, { kind: 'response', response }, nowMs)
      : { ...operation, updatedMs: Math.max(nowMs, operation.updatedMs) },
  };
}

interface Deepest {
  readonly key: Uint8Array;
  readonly folder: Folder;
  /** Names of the first objects in it. */
  readonly objects: readonly ObjectName[];
}

/** Down by the first folder of each level. */
function deepestFolder(work: Work) {
  return async (resolver: NameResolver, view: MetadataView, bucket: Bucket): Promise<Deepest> => {
    let step = found(await resolver.folders(work.name));
    assertSame(step.folder, work);
    for (;;) {
      const { key, folder } = step;
      const [objects, folders] = contentsOf(bucket, folder);
      const [below] = await view.scan(folders, { limit: 1 });
      if (below === undefined) {
        const rows = await view.scan(objects, { limit: OBJECTS_PER_STEP });
        return { key, folder, objects: rows.map((row) => `${folder.name}${leafOf('object', row.key)}`) };
      }
      step = found(await resolver.folders(`${folder.name}${leafOf('folder', below.key)}`));
    }
  };
}

function assertSame(folder: Folder, work: Work): void {
  if (folder.id === work.folderId) return;
  const message = `The folder ${work.name} was renamed or deleted meanwhile.`;
  throw new StraitError('conflict', message, { what: 'folder' });
}

async function deletion(deps: NamespaceDeps, bucket: BucketName, names: readonly ObjectName[]) {
  const { objects, ...target } = await readForChange(
    deps,
    bucket,
    names.map((name) => ({ name })),
  );
  const batch = new ObjectBatch(deps, target, deps.clock.nowMs());
  for (const object of objects) {
    const { live } = object;
    if (live === undefined) continue;
    if (batch.isFull) break;
    batch.add({ op: 'delete', object, state: live });
  }
  return batch.finish();
}
