import type { ObjectName } from '../../model/ids.ts';
import type { FileRef, TableCursor, TableFiles, TableLocation } from '../port.ts';
import { unitFiles, unitOf } from './metadata-table.ts';
import { mutableNames } from './mutable-names.ts';
import { controlFolder, isNeverListed } from './names.ts';
import { archivedFiles, reachOf } from './reach.ts';
import { type HudiState, type Log, readDataAgain, readMetadataLog, stateOf } from './read-state.ts';
import type { Instant } from './timeline.ts';

/**
 * What readers of a cursor may need: the timeline, the metadata table, settings, archive, and the data files of the
 * newest slices. Instants from before the start of the source's timeline are archived: they are let go, which must
 * happen oldest first, because a hole in a timeline hides the files written in it. Files of superseded slices are let
 * go when the source's cleaner has taken them.
 */
export async function* liveFiles(
  location: TableLocation,
  files: TableFiles,
  cursor: TableCursor,
): AsyncGenerator<FileRef> {
  const log = await readDataAgain(location, files);
  const state = stateOf(cursor);
  if (log === undefined || state === undefined) return;
  const instants = log.timeline.completed.filter(isVisible(log, state));
  yield* timelineRefs(instants, state.start);
  for await (const name of mutableNames({ location, files, table: log.table })) yield { name };
  yield* metadataFiles({ location, files }, state, instants);
  const reach = { files, table: log.table, timeline: log.timeline };
  yield* newest(reachOf(reach, instants));
  const control = controlFolder(location);
  const skip = (name: ObjectName): boolean => name.startsWith(control) || isNeverListed(location, name);
  yield* newest(archivedFiles(reach, instants, skip));
}

function isVisible(log: Log, state: HudiState): (instant: Instant) => boolean {
  const shown = log.published && new Set(log.published.completed.map(({ file }) => file.name));
  return ({ file, key }) => (shown === undefined ? key <= state.key : shown.has(file.name));
}

async function* metadataFiles(
  { location, files }: { readonly location: TableLocation; readonly files: TableFiles },
  state: HudiState,
  instants: readonly Instant[],
): AsyncGenerator<FileRef> {
  const log = await readMetadataLog(location, files);
  if (log === undefined) return;
  const unit = unitOf(log, { from: undefined, completion: state.completion, instants });
  yield* newest(unitFiles({ location, files, unit }, 'written'));
  yield* timelineRefs(unit.instants, state.metadataStart);
}

function* timelineRefs(instants: readonly Instant[], start = ''): Generator<FileRef> {
  for (const instant of instants) {
    if (instant.ts < start) continue;
    for (const { name } of [...instant.before, instant.file]) yield { name };
  }
}

async function* newest(refs: AsyncIterable<FileRef>): AsyncGenerator<FileRef> {
  for await (const ref of refs) if (ref.history !== true) yield ref;
}
