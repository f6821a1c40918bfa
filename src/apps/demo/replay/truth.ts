import { DeltaState, parseDeltaJson, parseDeltaLogName } from '../formats/delta-log.ts';
import { memorySource } from '../formats/memory-source.ts';
import { openTable, snapshotControl, snapshotFiles, versionLabel } from '../formats/snapshot.ts';
import { allUploads, type PlanOptions, type ReplayPlan, stepChanges } from './plan.ts';

export interface FileContent {
  readonly size: number;
  readonly crc32c: string;
}

export interface VersionTruth {
  /** Live data-side files. A reader's own set must equal it. */
  readonly files: ReadonlySet<string>;
  /** Log files a reader opens, and Hudi metadata-table files: all must be there; more may be. */
  readonly control: ReadonlySet<string>;
}

/** What the source holds, computed from the files alone: never from what any gateway says. */
export interface TableTruth {
  readonly table: string;
  /** By version label. */
  readonly versions: ReadonlyMap<string, VersionTruth>;
  /** Of a plain directory, which has no labels: its files after each step. */
  readonly folderStates: readonly ReadonlySet<string>[];
  /** Every content a name ever has. */
  readonly contents: ReadonlyMap<string, readonly FileContent[]>;
}

/** Replays a plan in memory and notes after each step what a reader must find. */
export async function truthOf(
  plan: ReplayPlan,
  options: Pick<PlanOptions, 'root' | 'pathAliases'>,
): Promise<TableTruth> {
  const files = new Map<string, Uint8Array>();
  const versions = new Map<string, VersionTruth>();
  const folderStates: ReadonlySet<string>[] = [];
  const delta = new DeltaState();
  for (const upload of plan.before) files.set(upload.name, upload.content);
  for (const step of plan.steps) {
    for (const change of stepChanges(step)) {
      if (!('content' in change)) {
        files.delete(change.name);
        continue;
      }
      files.set(change.name, change.content);
      if (parseDeltaLogName(change.name)?.kind === 'commit') {
        delta.apply(parseDeltaJson(change.content, options.root));
      }
    }
    const snapshot = await openTable(memorySource(files), { ...options, format: plan.format });
    if (snapshot === undefined || versionLabel(snapshot) !== step.label) {
      throw new Error(`${plan.table}: step ${step.label} does not open as that version`);
    }
    const names = new Set(snapshotFiles(snapshot).map((file) => file.name));
    if (snapshot.format === 'delta' && !sameAsLog(names, delta, snapshot.changeData)) {
      throw new Error(`${plan.table}: version ${step.label} read through a checkpoint is another`);
    }
    versions.set(step.label, { files: names, control: new Set(snapshotControl(snapshot)) });
    if (snapshot.format === 'directory') folderStates.push(names);
  }
  return { table: plan.table, versions, folderStates, contents: contentsOf(plan) };
}

/** The log applied from version 0 and the log read through checkpoints must agree, or one of the two is misread. */
function sameAsLog(names: ReadonlySet<string>, delta: DeltaState, changeData: readonly string[]): boolean {
  const fromLog = new Set(changeData);
  for (const file of delta.files()) {
    fromLog.add(file.name);
    if (file.vector?.file !== undefined) fromLog.add(file.vector.file);
  }
  return fromLog.symmetricDifference(names).size === 0;
}

function contentsOf(plan: ReplayPlan): ReadonlyMap<string, readonly FileContent[]> {
  const contents = new Map<string, FileContent[]>();
  for (const { name, content, crc32c } of allUploads(plan)) {
    const known = contents.get(name) ?? [];
    if (known.some((one) => one.crc32c === crc32c)) continue;
    contents.set(name, [...known, { size: content.byteLength, crc32c }]);
  }
  return contents;
}
