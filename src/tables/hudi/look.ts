import type { TableCursor, TableFiles, TableLocation, TableLook, TableVersion } from '../port.ts';
import { findAttachment } from './attachment.ts';
import { controlFolder, PROPERTIES } from './names.ts';
import {
  type HudiState,
  knowsCursor,
  type Log,
  type LogNotes,
  readData,
  readMetadataLog,
  stateOf,
  unpublished,
} from './read-state.ts';
import type { Instant, Timeline } from './timeline.ts';

/** The newest of them are named; those before are shown with the first that is published. */
const VERSIONS_MAX = 200;
/** A tail listing starts at most this many completed instants back, however old a stuck action is. */
const TAIL_INSTANTS = 100;

export async function look(
  location: TableLocation,
  files: TableFiles,
  from: TableCursor | undefined,
): Promise<TableLook> {
  const reading = await readData(location, files);
  if (reading.kind === 'absent') {
    return { versions: [], more: false, warnings: [`${controlFolder(location)}${PROPERTIES} is not there`] };
  }
  if (reading.kind === 'problem') return { versions: [], more: false, problem: reading.problem, warnings: [] };
  const { log } = reading;
  const state = stateOf(from);
  const fresh = unpublished(log, state);
  // An upgrade writes the timeline anew: it is shown in one step.
  const isUpgraded = state !== undefined && state.layout !== log.table.layout;
  const first = isUpgraded ? fresh.length - 1 : Math.max(0, fresh.length - VERSIONS_MAX);
  const metadata = await readMetadataLog(location, files);
  const attachment =
    state === undefined
      ? undefined
      : await findAttachment({ location, files, log, metadata, from: state, hasVersions: fresh.length > 0 });
  const notes = notesOf(log, {
    historyVersion: attachment?.changes.historyVersion ?? state?.historyVersion,
    metadataStart: metadata?.timeline.start,
  });
  const versions = fresh.slice(first).map((instant, index): TableVersion => {
    const ordinal = (BigInt(from?.ordinal ?? 0) + BigInt(first + index + 1)).toString();
    const cursor = { ordinal, label: instant.ts, state: { ...notes, ...reachedAt(instant, state, log) } };
    return { cursor, kind: 'commit', visibility: instant.file.name };
  });
  if (attachment !== undefined && from !== undefined && state !== undefined) {
    const { key, completion, start, metadataStart } = state;
    const starts = {
      ...(start === undefined ? {} : { start }),
      ...(metadataStart === undefined ? {} : { metadataStart }),
    };
    const cursor = { ...from, state: { ...notes, ...(fresh.length > 0 ? starts : {}), key, completion } };
    versions.unshift({ cursor, kind: 'attachment', visibility: attachment.visibility });
  }
  const isGap = state !== undefined && state.layout === log.table.layout && !knowsCursor(log, state);
  return { versions, more: false, warnings: [], ...(isGap ? { completedBefore: location.prefix } : {}) };
}

/** A late instant does not move the cursor back. */
function reachedAt(
  { key, completion }: Instant,
  state: HudiState | undefined,
  log: Log,
): Pick<HudiState, 'key' | 'completion'> {
  const isLate = state !== undefined && state.layout === log.table.layout && state.key > key;
  return isLate ? { key: state.key, completion: state.completion } : { key, completion };
}

function notesOf(
  { table, timeline }: Log,
  known: { readonly historyVersion: number | undefined; readonly metadataStart: string | undefined },
): LogNotes {
  const control = `${table.root}.hoodie/`;
  const { historyVersion, metadataStart } = known;
  return {
    layout: table.layout,
    timeline: table.timelineFolder.slice(control.length),
    archive: table.archiveFolder.slice(control.length),
    tail: tailOf(timeline),
    ...(timeline.start === undefined ? {} : { start: timeline.start }),
    ...(metadataStart === undefined ? {} : { metadataStart }),
    ...(historyVersion === undefined ? {} : { historyVersion }),
  };
}

/** Actions may complete out of the order they began in: the tail starts before the oldest that is under way. */
function tailOf({ completed, pending }: Timeline): string {
  const times = completed.map(({ ts }) => ts).sort();
  const last = times.at(-1) ?? '';
  const floor = times.at(-TAIL_INSTANTS) ?? times[0] ?? '';
  return pending.map(({ ts }) => ts).reduce((tail, ts) => (ts < tail && ts >= floor ? ts : tail), last);
}
