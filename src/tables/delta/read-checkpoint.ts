import type { ObjectName } from '../../model/ids.ts';
import type { FileStat, TableFiles } from '../port.ts';
import { ParquetColumns } from '../shared/parquet-columns.ts';
import { tableFileBuffer } from '../shared/table-file-buffer.ts';
import { type CheckpointId, checkpointNames } from './log-names.ts';
import { protocolProblem } from './protocol.ts';
import {
  addedFile,
  asBroken,
  broken,
  type FileAction,
  type LogContext,
  readActions,
  sidecarName,
} from './read-commit.ts';

/** A checkpoint's files, children first. It is complete when none is `missing`. */
export interface CheckpointParts {
  readonly sidecars: readonly ObjectName[];
  readonly mains: readonly ObjectName[];
  readonly missing: readonly ObjectName[];
}

const SIDECARS_MAX = 100_000;

/**
 * Finds all files of a checkpoint and looks into each as far as needed to trust it: footers, protocol, sidecar list.
 * Any checkpoint of one file may have sidecars, also a classic-named one (Delta protocol, "Checkpoint Naming Scheme").
 */
export async function inspectCheckpoint(context: LogContext, id: CheckpointId): Promise<CheckpointParts> {
  const mains = checkpointNames(context.location.prefix, id);
  const sidecars: ObjectName[] = [];
  const missing: ObjectName[] = [];
  for (const name of mains) {
    const file = await context.files.stat(name);
    if (file === undefined) missing.push(name);
    else for await (const sidecar of readSidecars(context, file)) sidecars.push(sidecar);
    if (sidecars.length > SIDECARS_MAX) throw broken(name, `more than ${SIDECARS_MAX} sidecars`);
  }
  for (const name of sidecars) {
    const file = await context.files.stat(name);
    if (file === undefined) missing.push(name);
    else await openColumns(context.files, file);
  }
  return { sidecars, mains, missing };
}

/** Every file a checkpoint calls live, in batches. Files that are not there are skipped: ask `inspectCheckpoint`. */
export async function* readCheckpoint(
  context: LogContext,
  id: CheckpointId,
): AsyncGenerator<readonly (FileAction & { readonly kind: 'add' })[]> {
  const { sidecars, mains } = await inspectCheckpoint(context, id);
  for (const name of [...mains, ...sidecars]) {
    const file = await context.files.stat(name);
    if (file === undefined) continue;
    if (!name.endsWith('.json')) yield* readAddColumns(context, file);
    else for await (const batch of readActions(context, file)) yield batch.filter((action) => action.kind === 'add');
  }
}

/** Also sees that the protocol it carries is known. */
async function* readSidecars(context: LogContext, file: FileStat): AsyncGenerator<ObjectName> {
  if (file.name.endsWith('.json')) {
    for await (const batch of readActions(context, file)) {
      for (const action of batch) if (action.kind === 'sidecar') yield action.name;
    }
    return;
  }
  const parquet = await openColumns(context.files, file);
  const features = parquet.leafBelow('protocol.readerFeatures') ?? 'protocol.readerFeatures';
  try {
    for await (const { rowCount, columns } of parquet.scan(['sidecar.path', 'protocol.minReaderVersion', features])) {
      const [sidecars = [], versions = [], featureLists = []] = columns;
      for (let row = 0; row < rowCount; row += 1) {
        const sidecar = sidecars[row] ?? null;
        if (sidecar !== null) yield sidecarName(context.location, file.name, sidecar);
        const version = versions[row] ?? null;
        const problem = version === null ? undefined : protocolProblem(version, featureLists[row]);
        if (problem !== undefined) throw broken(file.name, problem);
      }
    }
  } catch (error) {
    throw asBroken(file.name, error);
  }
}

const ADD_COLUMNS = [
  'add.path',
  'add.size',
  'add.deletionVector.storageType',
  'add.deletionVector.pathOrInlineDv',
  'add.deletionVector.offset',
] as const;

async function* readAddColumns(
  context: LogContext,
  file: FileStat,
): AsyncGenerator<readonly (FileAction & { readonly kind: 'add' })[]> {
  const parquet = await openColumns(context.files, file);
  try {
    for await (const { rowCount, columns } of parquet.scan(ADD_COLUMNS)) {
      const [paths = [], sizes = [], storageTypes = [], vectorPaths = [], offsets = []] = columns;
      const batch: (FileAction & { readonly kind: 'add' })[] = [];
      for (let row = 0; row < rowCount; row += 1) {
        const path = paths[row] ?? null;
        if (path === null) continue;
        const [storageType, pathOrInlineDv, offset] = [storageTypes[row], vectorPaths[row], offsets[row]];
        const vector = storageType === null ? undefined : { storageType, pathOrInlineDv, offset };
        batch.push(addedFile(context.location, file.name, { path, size: sizes[row], vector }));
      }
      yield batch;
    }
  } catch (error) {
    throw asBroken(file.name, error);
  }
}

async function openColumns(files: TableFiles, file: FileStat): Promise<ParquetColumns> {
  try {
    return await ParquetColumns.open(tableFileBuffer(files, file));
  } catch (error) {
    throw asBroken(file.name, error);
  }
}
