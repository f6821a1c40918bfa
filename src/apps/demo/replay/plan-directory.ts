import type { FileMap } from '../formats/memory-source.ts';
import { PlanBuilder, type PlanOptions, type ReplayPlan } from './plan.ts';

/** A plain directory has no commits, hence no orphans: one step with everything, `_SUCCESS` markers last. */
export async function planDirectory(table: string, files: FileMap, options: PlanOptions): Promise<ReplayPlan> {
  const builder = new PlanBuilder(files, { ...options, orphansPerStep: 0 });
  const markers = [...files.keys()].filter((name) => name === '_SUCCESS' || name.endsWith('/_SUCCESS'));
  const data = [...files.keys()].filter((name) => !markers.includes(name));
  const uploads = [...builder.takeShuffled(data), ...builder.takeAll(markers)];
  return { table, format: 'directory', before: [], steps: [{ label: '-', uploads }], after: builder.rest() };
}
