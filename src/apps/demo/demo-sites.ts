import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock.ts';
import { DEMO_BUCKET, type PreparedTable } from './demo-tables.ts';
import { SiteProcess, type SiteSpec } from './site-process.ts';

export interface DemoSites {
  readonly cloud: SiteProcess;
  readonly sites: readonly SiteProcess[];
}

export interface DemoSitesSettings {
  /** Data folders and logs of all sites. */
  readonly folder: string;
  readonly cloudPort: number;
  readonly sitePorts: Readonly<Record<string, number>>;
  readonly cloudArgs: readonly string[];
  readonly siteArgs: readonly string[];
}

const READY_MS = 30_000;

/** Names the processes; starts none. Every site but the cloud is told the foreign path prefixes of Iceberg tables. */
export function demoSites(clock: Clock, tables: readonly PreparedTable[], settings: DemoSitesSettings): DemoSites {
  const { folder, cloudPort, sitePorts, cloudArgs, siteArgs } = settings;
  mkdirSync(folder, { recursive: true });
  const config = writeSiteConfig(folder, tables);
  const spec = (name: string, port: number, args: readonly string[]): SiteSpec => {
    return { name, port, folder: join(folder, name), args };
  };
  const cloud = new SiteProcess(clock, spec('cloud', cloudPort, cloudArgs));
  const follow = ['--cloud', cloud.url, '--config', config, ...siteArgs];
  const sites = Object.entries(sitePorts).map(([name, port]) => new SiteProcess(clock, spec(name, port, follow)));
  return { cloud, sites };
}

/** JSON is YAML: no quoting rules to get wrong. */
function writeSiteConfig(folder: string, tables: readonly PreparedTable[]): string {
  const aliased = tables.filter(({ table }) => table.pathAliases.length > 0);
  const entries = aliased.map(({ prefix, table }) => {
    return { prefix: `gs://${DEMO_BUCKET}/${prefix}`, pathAliases: table.pathAliases };
  });
  const path = join(folder, 'strait.yaml');
  writeFileSync(path, `${JSON.stringify({ tables: entries }, null, 2)}\n`);
  return path;
}

export async function startSites({ cloud, sites }: DemoSites): Promise<void> {
  cloud.start();
  await cloud.ready(READY_MS);
  for (const site of sites) site.start();
  await Promise.all(sites.map((site) => site.ready(READY_MS)));
}

export async function stopSites({ cloud, sites }: DemoSites): Promise<void> {
  await Promise.all(sites.map((site) => site.stop()));
  await cloud.stop();
}
