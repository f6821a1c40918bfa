import {
  DELTA_HINT,
  DELTA_LOG,
  type DeltaActions,
  deltaCommitName,
  parseDeltaHint,
  parseDeltaJson,
  parseDeltaLogName,
} from '../formats/delta-log.ts';
import { readCheckpointFile } from '../formats/delta-snapshot.ts';
import { type FileMap, memorySource } from '../formats/memory-source.ts';
import { PlanBuilder, type PlannedStep, type PlannedUpload, type PlanOptions, type ReplayPlan } from './plan.ts';

interface Version {
  readonly version: number;
  readonly named: readonly string[];
  /** The log's own files of this version, in upload order. */
  readonly log: readonly string[];
}

/**
 * One step a version: the data, deletion vectors and change data it first names; then `v.json`, `v.crc`, sidecars,
 * checkpoints, and `_last_checkpoint` after the checkpoint it names. A table whose older versions name files that are
 * gone is replayed in its final state only: one step.
 */
export async function planDelta(table: string, files: FileMap, options: PlanOptions): Promise<ReplayPlan> {
  const builder = new PlanBuilder(files, options);
  const versions = await readVersions(files, options.root);
  const whole = versions.every((version) => version.named.every((name) => files.has(name)));
  const groups = whole ? versions.map((version) => [version]) : [versions];
  const orphan = (hex: string) => `part-99999-orphan-${hex}.c000.snappy.parquet`;
  const steps = groups.map((group): PlannedStep => {
    const data = builder.takeData(new Set(group.flatMap((version) => version.named)), orphan);
    const log = group.flatMap((version): readonly PlannedUpload[] => builder.takeAll(version.log));
    return { label: String(group.at(-1)?.version), uploads: [...data, ...log] };
  });
  return { table, format: 'delta', before: [], steps, after: builder.rest() };
}

async function readVersions(files: FileMap, root: string): Promise<readonly Version[]> {
  const numbers = new Set<number>();
  const checkpoints = new Map<number, string[]>();
  for (const name of [...files.keys()].sort()) {
    const parsed = parseDeltaLogName(name);
    if (parsed?.kind === 'commit') numbers.add(parsed.version);
    if (parsed?.kind === 'checkpoint') {
      checkpoints.set(parsed.version, [...(checkpoints.get(parsed.version) ?? []), name]);
    }
  }
  const hint = files.get(DELTA_HINT);
  const hinted = hint === undefined ? undefined : parseDeltaHint(hint).version;
  const versions: Version[] = [];
  for (const version of [...numbers].sort((one, other) => one - other)) {
    const name = deltaCommitName(version);
    const actions = parseDeltaJson(files.get(name) ?? new Uint8Array(), root);
    const log = [name, name.replace(/json$/, 'crc')];
    const forms = checkpoints.get(version) ?? [];
    for (const form of forms) log.push(...(await sidecarsOf(files, root, form)));
    log.push(...forms);
    if (hinted === version) log.push(DELTA_HINT);
    versions.push({ version, named: namedBy(actions), log });
  }
  return versions;
}

function namedBy(actions: DeltaActions): readonly string[] {
  const names = actions.adds.flatMap((file) => [file.name, file.vector?.file]);
  return [...names.filter((name) => name !== undefined), ...actions.changeData];
}

async function sidecarsOf(files: FileMap, root: string, checkpoint: string): Promise<readonly string[]> {
  if (!checkpoint.startsWith(DELTA_LOG)) return [];
  return (await readCheckpointFile(memorySource(files), root, checkpoint)).sidecars;
}
