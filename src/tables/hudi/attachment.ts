import type { ObjectName } from '../../model/ids.ts';
import type { TableFiles, TableLocation } from '../port.ts';
import { lateUnit, settingsFit, unitControl } from './metadata-table.ts';
import { type MutableChanges, mutableChanges } from './mutable-names.ts';
import { type HudiState, type Log, lateFiles } from './read-state.ts';

/**
 * What changes beside the commits: settings and archives rewritten without one, and files of the two timelines that
 * came after the instant they belong to was published.
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
}

/** Undefined: nothing. Not to be told without knowing what is published. */
export async function findAttachment(deps: AttachmentDeps): Promise<Attachment | undefined> {
  const { location, files, log, metadata, from } = deps;
  if (files.listPublished === undefined || from.layout !== log.table.layout) return undefined;
  const changes = await mutableChanges({ location, files, table: log.table, historyVersion: from.historyVersion });
  const doSettingsFit = changes.settings.length > 0 && (await settingsFit({ files, log, metadata, from }));
  const settings = doSettingsFit ? changes.settings : [];
  const unit = lateUnit(metadata, log, from);
  const late = lateFiles(log);
  const metadataNames = unit?.instants.map(({ file }) => file.name) ?? [];
  const [visibility] = [...settings, ...metadataNames, ...changes.archive, ...late];
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
