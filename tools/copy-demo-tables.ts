/**
 * `node tools/copy-demo-tables.ts SAMPLES`: copies the demo's tables out of a folder of sample tables with its
 * MANIFEST.json, byte for byte, and writes LICENCES.md and expected.json beside them. Tables the demo has from
 * elsewhere (their entry in expected.json says `made`) are left alone.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DEMO_TABLES_FOLDER, type DemoTable, readDemoTables } from '../src/apps/demo/demo-tables.ts';

const COPIED = [
  'delta-covid19-nyt',
  'delta-dv-partitioned-checkpoint',
  'delta-v2-checkpoint-json-sidecars',
  'delta-multipart-checkpoint',
  'hudi-cow-v6-overwritetable',
  'hudi-mor-v6-trips-8i3d',
  'hudi-mor-v8-trips-8i3u1d',
  'hudi-mor-v9-txns-nonpart',
  'plain-parquet-userdata',
  'iceberg-v2-equality-deletes-partitioned',
];

interface Sample {
  readonly name: string;
  readonly latest: { readonly rows: number; readonly readOptimisedRows?: number };
  readonly pathSamples?: { readonly manifestList: string };
  readonly source: { readonly repo: string; readonly path: string; readonly commit: string; readonly licence: string };
}

function copyFolder(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, readFileSync(source));
  }
}

function aliasesOf(sample: Sample): readonly string[] {
  const path = sample.pathSamples?.manifestList;
  return path === undefined ? [] : [path.slice(0, path.indexOf('/metadata/') + 1)];
}

function licences(samples: readonly Sample[]): string {
  const rows = samples.map(
    ({ name, source }) => `| ${name} | ${source.repo} | \`${source.path}\` | ${source.commit} | ${source.licence} |`,
  );
  return `# Where the demo's tables come from

Data files only, unchanged, from the test data of public projects. The licence is that of the source repository; the
texts are in those repositories. Tables that are not in this list were made for this demo and are under its own licence.

| Table | Source | Path | Commit | Licence |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

function main(folder: string | undefined): void {
  if (folder === undefined) throw new Error('say where the sample tables are');
  const manifest: { readonly tables: readonly Sample[] } = JSON.parse(
    readFileSync(join(folder, 'MANIFEST.json'), 'utf8'),
  );
  const samples = COPIED.map((name) => {
    const sample = manifest.tables.find((one) => one.name === name);
    if (sample === undefined) throw new Error(`MANIFEST.json has no table ${name}`);
    return sample;
  });
  for (const { name } of samples) copyFolder(join(folder, name), join(DEMO_TABLES_FOLDER, name));
  const copied = samples.map(
    (sample): DemoTable => ({
      name: sample.name,
      rows: sample.latest.readOptimisedRows ?? sample.latest.rows,
      pathAliases: aliasesOf(sample),
    }),
  );
  const made = readDemoTables().filter((table) => table.made !== undefined);
  const expected = { tables: [...copied, ...made] };
  writeFileSync(join(DEMO_TABLES_FOLDER, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
  writeFileSync(join(DEMO_TABLES_FOLDER, 'LICENCES.md'), licences(samples));
}

main(process.argv[2]);
