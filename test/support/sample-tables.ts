import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FileMap } from '../../src/apps/demo/formats/memory-source.ts';
import { readFolder } from '../../src/apps/demo/replay/folder.ts';

/** The real tables and their figures: `../shared/tables` beside the checkout. */
export const SAMPLE_TABLES = resolve(import.meta.dirname, '../../../shared/tables');

/** For `test(name, { skip: SAMPLES_MISSING })`. */
export const SAMPLES_MISSING = existsSync(join(SAMPLE_TABLES, 'MANIFEST.json'))
  ? false
  : 'the sample tables are not here (../shared/tables)';

/** One version of a table as independent readers found it. Which fields there are depends on the format. */
export interface SampleVersion {
  /** Delta. */
  readonly version?: number;
  readonly liveFiles?: number;
  readonly rows?: number | null;
  /** Hudi: file name of the completed instant. */
  readonly file?: string;
  readonly instant?: string;
  readonly baseRows?: number;
  /** Merged; absent where the instant writes no rows. */
  readonly snapshotRows?: number;
  /** Iceberg. */
  readonly snapshotId?: string;
  readonly rowsRecounted?: number;
  readonly dataFiles?: number;
  readonly deleteFiles?: number;
}

/** The newest version's rows. What the checksum is over, and how, says `checksumRule` in MANIFEST.json. */
export interface SampleRows {
  /** Delta, Hudi, Iceberg. */
  readonly version?: number;
  readonly instant?: string;
  readonly snapshotId?: string;
  readonly rows: number;
  readonly readOptimisedRows?: number;
  readonly checksumColumns: readonly string[];
  readonly checksum: string;
}

export interface SampleTable {
  readonly name: string;
  readonly format: 'delta' | 'iceberg' | 'hudi' | 'plain';
  readonly files: number;
  readonly commits: number | null;
  readonly history: readonly SampleVersion[] | null;
  readonly latest: SampleRows;
  readonly tableType: string;
  readonly liveBaseFiles?: number;
  readonly pathSamples?: { readonly manifestList: string };
  readonly source: { readonly repo: string; readonly path: string; readonly commit: string; readonly licence: string };
}

/** Empty where the samples are missing. */
export function sampleTables(): readonly SampleTable[] {
  if (SAMPLES_MISSING !== false) return [];
  return JSON.parse(readFileSync(join(SAMPLE_TABLES, 'MANIFEST.json'), 'utf8')).tables;
}

export function sampleTable(name: string): SampleTable {
  const table = sampleTables().find((one) => one.name === name);
  if (table === undefined) throw new Error(`no sample table ${name}`);
  return table;
}

export async function readSample(name: string): Promise<FileMap> {
  return await readFolder(join(SAMPLE_TABLES, name));
}

/** The foreign prefix that stands for the table's root in an Iceberg sample's paths. */
export function sampleAliases(table: SampleTable): readonly string[] {
  const path = table.pathSamples?.manifestList;
  return path === undefined ? [] : [path.slice(0, path.indexOf('/metadata/') + 1)];
}
