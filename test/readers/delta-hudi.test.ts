/** Delta and Hudi tables that came to a site by sync, opened by delta-rs and hudi-rs: every version they kept. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { recordFigure } from '../support/record-figure.ts';
import { type SampleTable, type SampleVersion, sampleTables } from '../support/sample-tables.ts';
import { type SyncedSite, startSyncedSite } from '../support/synced-site.ts';
import { downloadTable, openTable, READERS_MISSING } from '../support/table-readers.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { prepareSample } from '../support/two-sites.ts';

const FORMATS = [
  { format: 'delta', reader: 'delta-rs', script: 'read_delta.py', idOf: ({ version }: SampleVersion) => version },
  { format: 'hudi', reader: 'hudi-rs', script: 'read_hudi.py', idOf: ({ instant }: SampleVersion) => instant },
] as const;

/** Rows by version; not the versions that write none, nor those whose files were vacuumed before we got the table. */
function expectedVersions(table: SampleTable, idOf: (version: SampleVersion) => unknown): Record<string, number> {
  const counted = (table.history ?? []).flatMap((version) => {
    const rows = table.format === 'hudi' ? version.snapshotRows : version.rows;
    return typeof rows === 'number' ? [[String(idOf(version)), rows] as const] : [];
  });
  return Object.fromEntries(counted);
}

for (const { format, reader, script, idOf } of FORMATS) {
  const tables = sampleTables().filter((table) => table.format === format);

  describe(`${reader} opens what a site shows`, { skip: READERS_MISSING }, () => {
    let synced: SyncedSite;
    let folder: TemporaryFolder;
    let opened = 0;
    before(async () => {
      folder = await temporaryFolder('readers');
      const prepared = await Promise.all(tables.map((table) => prepareSample(table, { orphansPerStep: 1 })));
      synced = await startSyncedSite(prepared);
    });
    after(async () => {
      await synced?.[Symbol.asyncDispose]();
      await folder?.[Symbol.asyncDispose]();
      recordFigure({ name: `readers: versions opened by ${reader}`, value: opened });
    });

    for (const table of tables) {
      test(table.name, { timeout: 120_000 }, async () => {
        const copy = join(folder.path, table.name);
        await downloadTable(synced.site, `${table.name}/`, copy);
        const versions = expectedVersions(table, idOf);
        const { rows, checksum, checksumColumns: columns } = table.latest;
        const answer = await openTable(script, copy, { columns, versions: Object.keys(versions) });
        const newest = String(idOf(table.latest));
        assert.deepEqual(answer, { newest, rows, checksum, versions });
        opened += Object.keys(versions).length;
      });
    }
  });
}
