import type { FileMap } from '../formats/memory-source.ts';
import { PlanBuilder, type PlanOptions, type ReplayPlan } from './plan.ts';

/** A plain directory has no commits: one step with everything, `_SUCCESS` markers last. */
export async function planDirectory(table: string, files: FileMap, options: PlanOptions): Promise<ReplayPlan> {
  const builder = new PlanBuilder(files, options);
  const markers = [...files.keys()].filter((name) => name === '_SUCCESS' || name.endsWith('/_SUCCESS'));
  const data = [...files.keys()].filter((name) => !markers.includes(name));
  const uploads = [...builder.takeData(data, (hex) => `orphan-${hex}.parquet`), ...builder.takeAll(markers)];
  return { table, format: 'directory', before: [], steps: [{ label: '-', uploads }], after: builder.rest() };
}
