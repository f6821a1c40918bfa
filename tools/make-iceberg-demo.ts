/**
 * `node tools/make-iceberg-demo.ts PYTHON`: makes the demo's two Iceberg tables anew. Starts a Strait gateway, has
 * tools/make-iceberg-demo.py write through it, and keeps every file with the order in which the gateway committed it:
 * a generation is minted in the transaction that appends to the bucket's journal, so their order is the journal's.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ListedObject, SiteHttp } from '../src/apps/demo/check/site-http.ts';
import { DEMO_BUCKET, DEMO_TABLES_FOLDER, type DemoTable, readDemoTables } from '../src/apps/demo/demo-tables.ts';
import { CloudWriter } from '../src/apps/demo/replay/cloud-writer.ts';
import { anyPort, SiteProcess } from '../src/apps/demo/site-process.ts';
import { systemClock } from '../src/runtime/clock.ts';

const SCRIPT = join(import.meta.dirname, 'make-iceberg-demo.py');

async function collect(site: SiteHttp, table: string, objects: readonly ListedObject[]): Promise<void> {
  const folder = join(DEMO_TABLES_FOLDER, table);
  rmSync(folder, { recursive: true, force: true });
  const order: string[] = [];
  for (const { name } of objects) {
    const relative = name.slice(table.length + 1);
    const path = join(folder, relative);
    mkdirSync(dirname(path), { recursive: true });
    const { bytes = new Uint8Array() } = await site.download(DEMO_BUCKET, name, true);
    writeFileSync(path, bytes);
    order.push(relative);
  }
  writeFileSync(join(DEMO_TABLES_FOLDER, `${table}.order.json`), `${JSON.stringify(order, null, 1)}\n`);
}

/** The script prints one line a table: its name and the rows it holds at the end. */
function write(python: string, endpoint: string): readonly DemoTable[] {
  // gcsfs would ask Google's own control service, whatever the endpoint, whether the bucket is hierarchical.
  const env = { ...process.env, GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT: 'false' };
  const run = spawnSync(python, [SCRIPT, endpoint], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env });
  if (run.status !== 0) throw new Error(`${python} ended with ${run.status ?? run.signal}`);
  const lines = run.stdout.trim().split('\n');
  return lines.map((line) => {
    const [name, rows] = line.split(' ');
    return { name: `iceberg-${name}`, rows: Number(rows), pathAliases: [], made: 'tools/make-iceberg-demo.ts' };
  });
}

async function main(python: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'strait-iceberg-demo-'));
  const spec = { name: 'cloud', port: await anyPort(), folder: join(folder, 'cloud'), args: ['--log-level', 'warn'] };
  const gateway = new SiteProcess(systemClock, spec);
  const site = new SiteHttp(gateway.url);
  try {
    gateway.start();
    await gateway.ready(30_000);
    const writer = new CloudWriter(systemClock, { endpoint: gateway.url, project: 'demo', patienceMs: 5_000 });
    await writer.ensureBucket(DEMO_BUCKET);
    const made = write(python, gateway.url);
    for (const { name } of made) {
      const objects = (await site.list(DEMO_BUCKET, `${name}/`)) ?? [];
      await collect(
        site,
        name,
        objects.toSorted((one, other) => Number(BigInt(one.generation) - BigInt(other.generation))),
      );
    }
    const others = readDemoTables().filter((table) => made.every(({ name }) => name !== table.name));
    const expected = { tables: [...others, ...made] };
    writeFileSync(join(DEMO_TABLES_FOLDER, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
  } finally {
    await site.close();
    await gateway.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main(process.argv[2] ?? 'python3');
