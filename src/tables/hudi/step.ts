import type { ObjectName } from '../../model/ids.ts';
import type { FileRef, TableCursor, TableFiles, TableLocation, TableVersion } from '../port.ts';
import { findAttachment } from './attachment.ts';
import { holdsPartitions, type MetadataUnit, missingWrites, namesOf, unitControl, unitOf } from './metadata-table.ts';
import { type MutableChanges, mutableChanges } from './mutable-names.ts';
import {
  controlFolder,
  isNeverListed,
  leafOf,
  metadataTableRoot,
  PROPERTIES,
  parseDataFile,
  parseInstant,
} from './names.ts';
import { archivedFiles, reachOf } from './reach.ts';
import {
  type HudiState,
  knowsCursor,
  type Log,
  readDataAgain,
  readMetadataLog,
  stateOf,
  unpublished,
  vanished,
} from './read-state.ts';
import { type Instant, isBeforeStart, later } from './timeline.ts';

export interface StepDeps {
  readonly location: TableLocation;
  readonly files: TableFiles;
  readonly from: TableCursor | undefined;
  readonly to: TableVersion;
}

/** Everything a step is computed from, read once a stream. */
interface Plan {
  readonly log: Log;
  /** Undefined also where the layout changed: then everything counts as new. */
  readonly from: HudiState | undefined;
  /** Data instants to publish, by completion; the last is the step's version. */
  readonly instants: readonly Instant[];
  readonly unit: MetadataUnit | undefined;
  readonly changes: MutableChanges;
  /** The settings may be shown with this step. */
  readonly doSettingsFit: boolean;
}

/** From one cursor to a completed instant, with all completed before it. */
export class HudiStep {
  readonly #deps: StepDeps;

  constructor(deps: StepDeps) {
    this.#deps = deps;
  }

  /**
   * Settings, then the metadata table's files and instants, then the archive, then plans of compactions under way (a
   * later log file is sliced by them), then each instant: requested, inflight, completed.
   */
  async *control(): AsyncGenerator<ObjectName> {
    const plan = await this.#plan();
    if (plan === undefined) {
      yield this.#deps.to.visibility;
      return;
    }
    if (plan.doSettingsFit) yield* plan.changes.settings;
    if (plan.unit !== undefined) {
      yield* unitControl({ ...this.#deps, unit: plan.unit }, plan.from);
    }
    yield* plan.changes.archive;
    yield* pendingPlans(plan);
    for (const instant of plan.instants) yield* namesOf(instant);
  }

  async *closure(): AsyncGenerator<FileRef> {
    const { files, to, location } = this.#deps;
    const plan = await this.#plan();
    if (plan === undefined || plan.instants.at(-1)?.file.name !== to.visibility) {
      yield { name: to.visibility, unread: true };
      return;
    }
    const { log, unit } = plan;
    const control = controlFolder(location);
    if (plan.from === undefined && !plan.doSettingsFit) yield { name: control + PROPERTIES, unread: true };
    if (log.table.metadataPartitions.length > 0) {
      for (const write of unit === undefined ? [] : missingWrites(unit, plan.instants)) {
        yield { name: `${unit?.log.table.timelineFolder ?? control}${write.ts}.deltacommit`, unread: true };
      }
    }
    const reach = { files, table: log.table, timeline: log.timeline };
    yield* reachOf(reach, plan.instants);
    // Files of archived writes are named by no metadata that is left.
    if (plan.from === undefined || !knowsCursor(plan.log, plan.from)) {
      yield* archivedFiles(reach, plan.instants, (name) => name.startsWith(control) || isNeverListed(location, name));
    }
  }

  /** Instants that the source took away, all at once: half a restore must never be seen. */
  async *removes(): AsyncGenerator<ObjectName> {
    const known = stateOf(this.#deps.from);
    const plan = await this.#plan();
    if (plan === undefined || known === undefined) return;
    if (plan.from === undefined) yield* this.#oldLayout(known);
    for (const { name } of vanished(plan.log)) yield name;
    if (plan.from !== undefined && !knowsCursor(plan.log, plan.from)) yield* this.#lostInGap(plan.log);
    if (plan.unit !== undefined) for (const { name } of vanished(plan.unit.log)) yield name;
  }

  /**
   * Instants after the cursor have been archived unseen: nothing tells any more which of the shown writes they replaced
   * or took back. What the source lacks goes with the step, data too: else readers would take it for live.
   */
  async *#lostInGap({ published, timeline }: Log): AsyncGenerator<ObjectName> {
    const { files, location } = this.#deps;
    for (const { ts, file, before } of published?.completed ?? []) {
      if (!isBeforeStart(timeline, ts)) continue;
      for (const { name } of [...before, file]) if ((await files.stat(name)) === undefined) yield name;
    }
    const control = controlFolder(location);
    for await (const { name } of files.listPublished?.(location.prefix) ?? []) {
      if (name.startsWith(control) || parseDataFile(leafOf(name)) === undefined) continue;
      if ((await files.stat(name)) === undefined) yield name;
    }
  }

  async #plan(): Promise<Plan | undefined> {
    const { location, files, from, to } = this.#deps;
    const log = await readDataAgain(location, files);
    if (log === undefined) return undefined;
    const target = stateOf(to.cursor);
    const known = stateOf(from);
    const before = known?.layout === log.table.layout ? known : undefined;
    const all = unpublished(log, before);
    const last = all.findIndex(({ file }) => file.name === to.visibility);
    const instants = all.slice(0, last + 1);
    const metadata = await readMetadataLog(location, files);
    const completion = instants.at(-1)?.completion ?? target?.completion ?? '';
    const unit = metadata === undefined ? undefined : unitOf(metadata, { from: before, completion, instants });
    const historyVersion = before?.historyVersion;
    return {
      log,
      from: before,
      instants,
      unit,
      changes: await mutableChanges({ location, files, table: log.table, historyVersion }),
      doSettingsFit: await holdsPartitions(files, unit, log.table.metadataPartitions),
    };
  }

  /** After an upgrade or downgrade: published instants in the form that the source no longer has. */
  async *#oldLayout({ layout, timeline }: HudiState): AsyncGenerator<ObjectName> {
    const { location, files } = this.#deps;
    for (const root of [location.prefix, metadataTableRoot(location)]) {
      const folder = `${root}.hoodie/${timeline}`;
      for await (const { name } of files.listPublished?.(folder) ?? []) {
        const isInstant = parseInstant(name.slice(folder.length), layout) !== undefined;
        if (isInstant && (await files.stat(name)) === undefined) yield name;
      }
    }
  }
}

const PLANS: ReadonlySet<string> = new Set(['compaction', 'logcompaction', 'clustering', 'replacecommit', 'indexing']);

/** Plans scheduled before the newest write of the step. */
function* pendingPlans({ log, instants }: Plan): Generator<ObjectName> {
  const newest = instants.map(({ ts }) => ts).reduce(later, '');
  for (const { ts, action, files } of log.timeline.pending) {
    if (PLANS.has(action) && ts < newest) for (const { name } of files) yield name;
  }
}

/** What `findAttachment` finds now, which may be more than the look found. */
export async function* attachmentControl(deps: StepDeps): AsyncGenerator<ObjectName> {
  const { location, files } = deps;
  const from = stateOf(deps.from);
  const log = await readDataAgain(location, files);
  if (log === undefined || from === undefined) return;
  const metadata = await readMetadataLog(location, files);
  const attachment = await findAttachment({ location, files, log, metadata, from, hasVersions: false });
  if (attachment !== undefined) yield* attachment.names();
}
