import type { ObjectName } from '../../model/ids.ts';
import type {
  FileRef,
  FileStat,
  StepRange,
  TableCursor,
  TableFiles,
  TableFormat,
  TableLocation,
  TableLook,
  TableStep,
  TailProbe,
} from '../port.ts';
import { dataAmong } from './data-among.ts';

const MARKER = '_SUCCESS';
/** Summaries that some writers put beside the marker; readers use them only when they are there. */
const SUMMARIES: readonly string[] = ['_metadata', '_common_metadata'];
/** Folders in which jobs of Hadoop, Spark and Hive keep what is not committed yet. */
const TEMPORARY = /(?:^|\/)(?:_temporary|\.spark-staging[^/]*|\.hive-staging[^/]*|_tmp\.[^/]*)\//;
/** A file younger than the marker belongs to a job that has not ended; the clocks that stamped both may differ. */
const MARKER_SKEW_MS = 1000;
const HIDDEN_FOLDER = /(?:^|\/)[_.][^/]*\//;

interface DirectoryState {
  /** The marker's generation, in decimal. */
  readonly generation: string;
  readonly updatedMs: number;
}

/**
 * A plain folder of data files whose writer ends each job with a `_SUCCESS` object (Hadoop's FileOutputCommitter). A
 * commit is a new generation of that marker. Best effort by nature: the marker names no files, so that a job which
 * writes into the folder while the one before it is published may mix with it.
 */
export class DirectoryFormat implements TableFormat {
  readonly name = 'directory';

  recognise(name: ObjectName): ObjectName | undefined {
    if (name !== MARKER && !name.endsWith(`/${MARKER}`)) return undefined;
    const root = name.slice(0, -MARKER.length);
    return HIDDEN_FOLDER.test(root) ? undefined : root;
  }

  isControl(location: TableLocation, name: ObjectName): boolean {
    const leaf = name.slice(location.prefix.length);
    return name.startsWith(location.prefix) && (leaf === MARKER || SUMMARIES.includes(leaf));
  }

  /** A summary that came after its marker waits for no other version. */
  isStray(location: TableLocation, file: FileStat): boolean {
    return file.name !== marker(location);
  }

  /** The marker names no files: what the job wrote is what the folder holds once the marker is there. */
  completedBefore(location: TableLocation): ObjectName {
    return location.prefix;
  }

  isNeverListed(location: TableLocation, name: ObjectName): boolean {
    return TEMPORARY.test(name.slice(location.prefix.length));
  }

  /** No marker: a job is rewriting the folder, or the folder is being dropped. Either way there is no newer version. */
  async look(location: TableLocation, files: TableFiles, from: TableCursor | undefined): Promise<TableLook> {
    const file = await files.stat(marker(location));
    const isNew = file !== undefined && String(file.generation) !== (from && stateOf(from).generation);
    const versions = isNew ? [{ kind: 'commit' as const, cursor: nextCursor(from, file), visibility: file.name }] : [];
    return { versions, more: false, warnings: [] };
  }

  async step(location: TableLocation, files: TableFiles, { to }: StepRange): Promise<TableStep> {
    const state = stateOf(to.cursor);
    return {
      version: to,
      control: () => control(location, files),
      closure: () => closure(location, files, state),
      removes: () => removes(location, files),
    };
  }

  /**
   * The marker names no files: data counts because it is listed. What the source deletes without a new commit, as when
   * a partition is dropped, goes after the grace period; what a job deletes stays until its marker is published.
   */
  async *live(location: TableLocation, files: TableFiles): AsyncGenerator<FileRef> {
    for await (const name of control(location, files)) yield { name };
    for await (const { name } of dataAmong(location, files, files.list(location.prefix))) yield { name, listed: true };
  }

  probes(location: TableLocation): readonly TailProbe[] {
    return [{ kind: 'get', name: marker(location) }];
  }
}

function marker(location: TableLocation): ObjectName {
  return `${location.prefix}${MARKER}`;
}

function stateOf(cursor: TableCursor): DirectoryState {
  return cursor.state as DirectoryState;
}

/** The counter is ours: generations of the source have no order. */
function nextCursor(from: TableCursor | undefined, file: FileStat): TableCursor {
  const state: DirectoryState = { generation: String(file.generation), updatedMs: file.updatedMs };
  const ordinal = String(Number(from?.ordinal ?? 0) + 1);
  return { ordinal, label: `${MARKER} ${state.generation}`, state };
}

async function* control(location: TableLocation, files: TableFiles): AsyncGenerator<ObjectName> {
  for (const leaf of SUMMARIES) {
    const file = await files.stat(`${location.prefix}${leaf}`);
    if (file !== undefined) yield file.name;
  }
  yield marker(location);
}

async function* closure(location: TableLocation, files: TableFiles, state: DirectoryState): AsyncGenerator<FileRef> {
  for await (const file of dataAmong(location, files, files.list(location.prefix))) {
    if (file.updatedMs <= state.updatedMs + MARKER_SKEW_MS) yield { name: file.name, size: file.size };
  }
  const file = await files.stat(marker(location));
  // Another job has begun to rewrite the folder while it was listed: this listing stands for nothing.
  if (String(file?.generation) !== state.generation) yield { name: marker(location), unread: true };
}

/** Data names readers see that the source no longer has: they take the folder's listing for the table. */
async function* removes(location: TableLocation, files: TableFiles): AsyncGenerator<ObjectName> {
  if (files.listPublished === undefined) return;
  for await (const { name } of dataAmong(location, files, files.listPublished(location.prefix))) {
    if ((await files.stat(name)) === undefined) yield name;
  }
}
