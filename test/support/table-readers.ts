import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SiteHttp } from '../../src/apps/demo/check/site-http.ts';
import { DEMO_BUCKET } from '../../src/apps/demo/demo-tables.ts';
import { PYTHON_READERS, runProgram, whyNoPython } from './client-tools.ts';
import { SAMPLES_MISSING } from './sample-tables.ts';
import { SERVE_MISSING } from './two-sites.ts';

const SCRIPTS = join(import.meta.dirname, '../readers/python');

/** For `test(name, { skip: READERS_MISSING })`. */
export const READERS_MISSING = SERVE_MISSING || SAMPLES_MISSING || (whyNoPython(PYTHON_READERS) ?? false);

/** What a reader found. Versions are named as the format names them: version, instant or snapshot id. */
export interface ReaderAnswer {
  readonly newest: string;
  /** Here and in `versions`: what the reader said, where it failed. */
  readonly rows: number | string;
  readonly checksum: string;
  readonly versions: Readonly<Record<string, number | string>>;
}

export interface ReaderQuestion {
  /** The columns of the checksum over the newest version's rows. */
  readonly columns: readonly string[];
  readonly versions: readonly string[];
  readonly [more: string]: unknown;
}

/** Runs a script of test/readers/python over a table. Rejects with what the reader said when it fails. */
export async function openTable(script: string, location: string, question: ReaderQuestion): Promise<ReaderAnswer> {
  const args = [join(SCRIPTS, script), location, JSON.stringify(question)];
  const { status, stdout, stderr } = await runProgram(PYTHON_READERS.python, args, { PYTHONDONTWRITEBYTECODE: '1' });
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr.slice(-4_000)}`);
  return JSON.parse(stdout);
}

/** Fetches every object a site lists under a prefix, and checks each against the listing. Returns how many. */
export async function downloadTable(
  site: SiteHttp,
  prefix: string,
  folder: string,
  bucket = DEMO_BUCKET,
): Promise<number> {
  // Empty objects named `folder/` are how the Hadoop connector keeps a directory: they have no place among files.
  const objects = ((await site.list(bucket, prefix)) ?? []).filter(({ name }) => !name.endsWith('/'));
  assert.ok(objects.length > 0, `the site lists nothing under ${prefix}`);
  for (const { name, size, crc32c } of objects) {
    const { bytes, ...found } = await site.download(bucket, name, true);
    assert.deepEqual([found.size, found.crc32c], [size, crc32c], name);
    const path = join(folder, name.slice(prefix.length));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes ?? new Uint8Array());
  }
  return objects.length;
}
