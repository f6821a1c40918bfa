import type { ObjectName } from '../../model/ids.ts';
import type {
  FileRef,
  FileStat,
  TableCursor,
  TableFiles,
  TableFormat,
  TableLocation,
  TableLook,
  TableStep,
  TableVersion,
  TailProbe,
} from '../port.ts';
import { liveFiles } from './live.ts';
import { look } from './look.ts';
import { isMutable } from './mutable-names.ts';
import { controlFolder, isNeverListed, metadataTableRoot, PROPERTIES, parseInstant, rootOf } from './names.ts';
import { type HudiState, stateOf } from './read-state.ts';
import { attachmentControl, HudiStep } from './step.ts';

/**
 * Apache Hudi, table versions 0 to 6 (timeline layout 1), 8 and 9 (layout 2). A version is a completed instant of the
 * data timeline, whatever its action, in order of completion. Its unit: its files, the metadata table's instants
 * completed since the data instant before it with their files, the settings, and its requested and inflight files.
 */
export class HudiFormat implements TableFormat {
  readonly name = 'hudi';

  recognise(name: ObjectName): ObjectName | undefined {
    return rootOf(name);
  }

  isControl(location: TableLocation, name: ObjectName): boolean {
    return name.startsWith(controlFolder(location));
  }

  isNeverListed(location: TableLocation, name: ObjectName): boolean {
    return isNeverListed(location, name);
  }

  /**
   * Requested and inflight files and files of the metadata table mislead nobody: readers look only at what belongs to a
   * completed instant. Completed instants, settings and archives are shown by steps alone.
   */
  isStray(location: TableLocation, file: FileStat, cursor: TableCursor): boolean {
    const state = stateOf(cursor);
    if (state === undefined || !this.isControl(location, file.name)) return false;
    if (isMutable(location, file.name, state.archive)) return false;
    for (const root of [location.prefix, metadataTableRoot(location)]) {
      const folder = `${root}.hoodie/${state.timeline}`;
      if (!file.name.startsWith(folder)) continue;
      if (parseInstant(file.name.slice(folder.length), state.layout)?.state === 'completed') return false;
    }
    return true;
  }

  look(location: TableLocation, files: TableFiles, from: TableCursor | undefined): Promise<TableLook> {
    return look(location, files, from);
  }

  async step(
    location: TableLocation,
    files: TableFiles,
    range: { readonly from: TableCursor | undefined; readonly to: TableVersion },
  ): Promise<TableStep> {
    const deps = { location, files, ...range };
    if (range.to.kind === 'attachment') {
      return { version: range.to, control: () => attachmentControl(deps), async *closure() {} };
    }
    const step = new HudiStep(deps);
    return {
      version: range.to,
      control: () => step.control(),
      closure: () => step.closure(),
      removes: () => step.removes(),
    };
  }

  live(location: TableLocation, files: TableFiles, cursor: TableCursor): AsyncIterable<FileRef> {
    return liveFiles(location, files, cursor);
  }

  probes(location: TableLocation, from: TableCursor | undefined): readonly TailProbe[] {
    const control = controlFolder(location);
    const state = stateOf(from);
    if (state === undefined) return [{ kind: 'get', name: control + PROPERTIES }];
    return [{ kind: 'list', ...tailOf(control, state) }];
  }

  /** The metadata table's files; and what a restore or rollback took out of the timeline, which it names nowhere. */
  completedBefore(location: TableLocation): ObjectName {
    return controlFolder(location);
  }
}

/** Names from the oldest action under way on. Layout 1: only those of the timeline, by their first digit. */
function tailOf(
  control: ObjectName,
  { layout, timeline, tail }: HudiState,
): { prefix: ObjectName; startAfter: ObjectName } {
  const folder = control + timeline;
  return { prefix: layout === 1 ? folder + tail.slice(0, 1) : folder, startAfter: folder + tail };
}
