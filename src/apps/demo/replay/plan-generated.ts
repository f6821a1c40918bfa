import {
  crc32cOf,
  type PlannedDelete,
  type PlannedStep,
  type PlannedUpload,
  type ReplayPlan,
  type TableFormat,
} from './plan.ts';

/** One commit of a generated table: its files in upload order; a file without bytes is a delete. */
export interface GeneratedStep {
  readonly label: string;
  readonly files: readonly { readonly name: string; readonly bytes?: Uint8Array }[];
}

/** A generator already says what is written and deleted when: nothing is reordered. */
export function planGenerated(table: string, format: TableFormat, commits: Iterable<GeneratedStep>): ReplayPlan {
  const steps = Array.from(commits, ({ label, files }): PlannedStep => {
    const uploads: PlannedUpload[] = [];
    const deletes: PlannedDelete[] = [];
    for (const { name, bytes } of files) {
      if (bytes === undefined) deletes.push({ name, afterUploads: uploads.length });
      else uploads.push({ name, content: bytes, crc32c: crc32cOf(bytes) });
    }
    return { label, uploads, deletes };
  });
  return { table, format, before: [], steps, after: [] };
}
