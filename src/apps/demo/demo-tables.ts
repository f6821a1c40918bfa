import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FileMap } from './formats/memory-source.ts';
import { DEMO_TABLE, generateOrders } from './generate/generate-delta.ts';
import { readFolder } from './replay/folder.ts';
import { allUploads, type PlanOptions, type ReplayPlan } from './replay/plan.ts';
import { planGenerated } from './replay/plan-generated.ts';
import { planReplay } from './replay/plan-table.ts';
import { type TableTruth, truthOf } from './replay/truth.ts';

export const DEMO_TABLES_FOLDER = resolve(import.meta.dirname, '../../../demo/tables');
export const DEMO_BUCKET = 'lake';

/** One bundled table, as `demo/tables/expected.json` describes it. */
export interface DemoTable {
  readonly name: string;
  /** What a reader without the table's engine counts at the last version; undefined: its data files hold no rows. */
  readonly rows: number | undefined;
  readonly pathAliases: readonly string[];
  /** How it was made, for tables that are not copied from a public project. */
  readonly made?: string;
}

export function readDemoTables(): readonly DemoTable[] {
  const path = join(DEMO_TABLES_FOLDER, 'expected.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).tables : [];
}

/** A table ready to be replayed and checked. */
export interface PreparedTable {
  readonly table: DemoTable;
  /** Ends in `/`. */
  readonly prefix: string;
  readonly plan: ReplayPlan;
  readonly truth: TableTruth;
  readonly bytes: number;
}

/** Plans a table under its own name in the demo's bucket. */
export async function prepareTable(
  table: DemoTable,
  files: FileMap,
  planning: Partial<PlanOptions> = {},
): Promise<PreparedTable> {
  const options = { ...planning, root: `gs://${DEMO_BUCKET}/${table.name}/`, pathAliases: table.pathAliases };
  return await preparePlan(table, await planReplay(table.name, files, options));
}

export async function preparePlan(table: DemoTable, plan: ReplayPlan): Promise<PreparedTable> {
  const prefix = `${table.name}/`;
  const truth = await truthOf(plan, { root: `gs://${DEMO_BUCKET}/${prefix}`, pathAliases: table.pathAliases });
  const bytes = allUploads(plan).reduce((sum, upload) => sum + upload.content.byteLength, 0);
  return { table, prefix, plan, truth, bytes };
}

/** The bundled tables, and a generated one with many commits. */
export async function prepareDemoTables(): Promise<readonly PreparedTable[]> {
  const bundled = readDemoTables().map(async (table) => {
    const files = await readFolder(join(DEMO_TABLES_FOLDER, table.name));
    return await prepareTable(table, files, { order: readOrder(table.name) });
  });
  return await Promise.all([...bundled, prepareOrders()]);
}

async function prepareOrders(): Promise<PreparedTable> {
  const commits = [...generateOrders(DEMO_TABLE)];
  const name = `delta-orders-${commits.length}-commits`;
  const steps = commits.map(({ version, files }) => ({ label: String(version), files }));
  const table = { name, rows: commits.at(-1)?.rows ?? 0, pathAliases: [], made: 'generated when the demo starts' };
  return await preparePlan(table, planGenerated(name, 'delta', steps));
}

/** `NAME.order.json`: the order in which a table's writer uploaded its files, from the journal of its gateway. */
function readOrder(name: string): readonly string[] | undefined {
  const path = join(DEMO_TABLES_FOLDER, `${name}.order.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}
