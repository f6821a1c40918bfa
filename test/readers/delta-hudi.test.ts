/** Delta and Hudi tables that came to a site by sync, opened by delta-rs and hudi-rs: every version they kept. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readFolder } from '../../src/apps/demo/replay/folder.ts';
import { recordFigure } from '../support/record-figure.ts';
import { type SampleTable, type SampleVersion, sampleTable, sampleTables } from '../support/sample-tables.ts';
import { type SyncedSite, startSyncedSite } from '../support/synced-site.ts';
import { downloadTable, openTable, READERS_MISSING } from '../support/table-readers.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { prepareSample } from '../support/two-sites.ts';

const FORMATS = [
  {
    format: 'delta',
    reader: 'delta-rs',
    script: 'read_delta.py',
    idOf: ({ version }: SampleVersion) => version,
    /** A table, and those of its files without which it must not read the same. */
    control: { name: 'delta-dv-partitioned-checkpoint', files: /^deletion_vector_.*\.bin$/ },
  },
  {
    format: 'hudi',
    reader: 'hudi-rs',
    script: 'read_hudi.py',
    idOf: ({ instant }: SampleVersion) => instant,
    control: { name: 'hudi-mor-v8-trips-8i3u1d', files: /^\.[^/]*\.log\./ },
  },
] as const;

/** Rows by version; not the versions that write none, nor those whose files were vacuumed before we got the table. */
function expectedVersions(table: SampleTable, idOf: (version: SampleVersion) => unknown): Record<string, number> {
  const counted = (table.history ?? []).flatMap((version) => {
    const rows = table.format === 'hudi' ? version.snapshotRows : version.rows;
    return typeof rows === 'number' ? [[String(idOf(version)), rows] as const] : [];
  });
  return Object.fromEntries(counted);
}

for (const { format, reader, script, idOf, control } of FORMATS) {
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

    test(`${reader} notices when files of ${control.name} are missing`, { timeout: 120_000 }, async () => {
      const { checksumColumns: columns, ...latest } = sampleTable(control.name).latest;
      const copy = join(folder.path, 'control');
      await downloadTable(synced.site, `${control.name}/`, copy);
      const paths = [...(await readFolder(copy)).keys()].filter((path) => !path.startsWith('.hoodie/'));
      const left = paths.filter((path) => control.files.test(basename(path)));
      assert.ok(left.length > 0, 'there are such files');
      await Promise.all(left.map((path) => rm(join(copy, path))));
      const damaged = await openTable(script, copy, { columns, versions: [] });
      assert.notEqual(damaged.checksum, latest.checksum);
    });
  });
}
