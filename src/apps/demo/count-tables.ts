import { join } from 'node:path';
import type { CheckReport } from './check/checking-reader.ts';
import type { SiteHttp } from './check/site-http.ts';
import { DEMO_BUCKET, type PreparedTable } from './demo-tables.ts';
import { countRows, type RowCount } from './rows/count-rows.ts';
import type { Duck } from './rows/duck.ts';
import { siteCopies } from './rows/local-copies.ts';

const NOTHING: RowCount = { rows: undefined, how: '–' };

/** Counts the rows of each table's last opened snapshot at a site, through the site's GCS API. */
export async function countTables(
  duck: Duck,
  site: SiteHttp,
  folder: string,
  opened: readonly { readonly table: PreparedTable; readonly report: CheckReport }[],
): Promise<readonly RowCount[]> {
  const counts: RowCount[] = [];
  for (const { table, report } of opened) {
    if (report.snapshot === undefined || table.table.rows === undefined) {
      counts.push(NOTHING);
      continue;
    }
    const place = { bucket: DEMO_BUCKET, prefix: table.prefix };
    const copies = siteCopies(site, place, join(folder, table.table.name));
    counts.push(await countRows(duck, report.snapshot, copies));
  }
  return counts;
}
