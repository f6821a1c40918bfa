import { DELTA_LOG } from '../formats/delta-log.ts';
import { HUDI_PROPERTIES } from '../formats/hudi-timeline.ts';
import { icebergVersionOf } from '../formats/iceberg-metadata.ts';
import type { FileMap } from '../formats/memory-source.ts';
import { PLAN_DEFAULTS, type PlanOptions, type ReplayPlan, type TableFormat } from './plan.ts';
import { planDelta } from './plan-delta.ts';
import { planDirectory } from './plan-directory.ts';
import { planHudi } from './plan-hudi.ts';
import { planIceberg } from './plan-iceberg.ts';

const PLANNERS: Readonly<
  Record<TableFormat, (table: string, files: FileMap, options: PlanOptions) => Promise<ReplayPlan>>
> = { delta: planDelta, hudi: planHudi, iceberg: planIceberg, directory: planDirectory };

/** Plans the replay of a folder of files; the format is told from the names. */
export async function planReplay(
  table: string,
  files: FileMap,
  options: Partial<PlanOptions> = {},
): Promise<ReplayPlan> {
  const merged = { ...PLAN_DEFAULTS, ...options };
  return await PLANNERS[formatOf(files)](table, files, merged);
}

export function formatOf(files: FileMap): TableFormat {
  const names = [...files.keys()];
  if (names.some((name) => name.startsWith(DELTA_LOG))) return 'delta';
  if (files.has(HUDI_PROPERTIES)) return 'hudi';
  return names.some((name) => icebergVersionOf(name) !== undefined) ? 'iceberg' : 'directory';
}
