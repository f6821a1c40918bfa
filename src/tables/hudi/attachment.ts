import type { ObjectName } from '../../model/ids.ts';
import type { TableFiles, TableLocation } from '../port.ts';
import { lateUnit, settingsFit, unitControl } from './metadata-table.ts';
import { type MutableChanges, mutableChanges } from './mutable-names.ts';
import { type HudiState, type Log, lateFiles } from './read-state.ts';

/**
 * What changes beside the commits: settings and archives rewritten without one, files of the two timelines that came
 * after the instant they belong to was published, and where the timelines start: archived instants are often missed
 * only after their archive was published.
 */
export interface Attachment {
  readonly changes: MutableChanges;
  /** The object that gives the attachment its time. */
  readonly visibility: ObjectName;
  readonly names: () => AsyncIterable<ObjectName>;
}

export interface AttachmentDeps {
  readonly location: TableLocation;
  readonly files: TableFiles;
  readonly log: Log;
  readonly metadata: Log | undefined;
  readonly from: HudiState;
  /** Versions are to be published: their steps judge what a start that moved has left behind. */
  readonly hasVersions: boolean;
}

/** Undefined: nothing. Not to be told without knowing what is published. */
export async function findAttachment(deps: AttachmentDeps): Promise<Attachment | undefined> {
  const { location, files, log, metadata, from, hasVersions } = deps;
  if (files.listPublished === undefined || from.layout !== log.table.layout) return undefined;
  const changes = await mutableChanges({ location, files, table: log.table, historyVersion: from.historyVersion });
  const doSettingsFit = changes.settings.length > 0 && (await settingsFit({ files, log, metadata, from }));
  const settings = doSettingsFit ? changes.settings : [];
  const unit = lateUnit(metadata, log, from);
  const late = lateFiles(log);
  const metadataNames = unit?.instants.map(({ file }) => file.name) ?? [];
  const moved = hasVersions ? [] : [movedStart(log, from.start), metadata && movedStart(metadata, from.metadataStart)];
  const [visibility] = [...settings, ...metadataNames, ...changes.archive, ...late, ...moved].filter(
    (name) => name !== undefined,
  );
  if (visibility === undefined) return undefined;
  return {
    changes,
    visibility,
    async *names() {
      yield* settings;
      if (unit !== undefined) yield* unitControl({ location, files, unit }, from);
      yield* changes.archive;
      yield* late;
    },
  };
}

/** The write a timeline starts with, when that is a later one than the cursor knows. */
function movedStart({ timeline }: Log, known: string | undefined): ObjectName | undefined {
  const { start, completed } = timeline;
  if (start === undefined || known === undefined || start <= known) return undefined;
  return completed.find(({ ts }) => ts === start)?.file.name;
}
