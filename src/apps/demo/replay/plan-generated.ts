import { crc32cOf, type PlannedStep, type ReplayPlan, type TableFormat } from './plan.ts';

/** One commit of a generated table: its files in upload order; a file without bytes is a delete. */
export interface GeneratedStep {
  readonly label: string;
  readonly files: readonly { readonly name: string; readonly bytes?: Uint8Array }[];
}

/** A generator already says what is written when: nothing is reordered. Deletes come after the step's uploads. */
export function planGenerated(table: string, format: TableFormat, commits: Iterable<GeneratedStep>): ReplayPlan {
  const steps = Array.from(commits, ({ label, files }): PlannedStep => {
    const uploads = files.flatMap(({ name, bytes }) =>
      bytes === undefined ? [] : [{ name, content: bytes, crc32c: crc32cOf(bytes) }],
    );
    const deletes = files.filter(({ bytes }) => bytes === undefined).map(({ name }) => name);
    return { label, uploads, deletes };
  });
  return { table, format, before: [], steps, after: [] };
}
