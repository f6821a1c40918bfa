/**
 * A table of 2,000 manifests is walked whole, in a process of its own, within a bound that does not depend on the
 * table: the peak of anonymous memory is compared with that of the same walk over 20 manifests.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { IcebergFormat } from '../../src/tables/iceberg/iceberg-format.ts';
import { DiskTableFiles } from '../support/disk-table-files.ts';
import { IcebergGenerator } from '../support/generate-iceberg.ts';
import { recordFigure } from '../support/record-figure.ts';

const FILES_PER_MANIFEST = 100;
const MANIFESTS = { small: 20, large: 2_000 };
const GROWTH_BYTES_MAX = 64 * 1024 * 1024;
const WALK = 'walk';

interface Walked {
  readonly files: number;
  readonly control: number;
  readonly peakBytes: number;
}

/** Anonymous pages of this process. */
async function anonymousBytes(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

async function walk(root: string): Promise<Walked> {
  const format = new IcebergFormat();
  const location = { bucket: 'lake', prefix: 't/', format: 'iceberg' as const };
  const files = new DiskTableFiles(root);
  let peakBytes = 0;
  const sampler = setInterval(async () => {
    peakBytes = Math.max(peakBytes, await anonymousBytes());
  }, 20);
  const { versions } = await format.look(location, files, undefined);
  const to = versions.at(-1);
  assert.ok(to);
  const step = await format.step(location, files, { from: undefined, to });
  let control = 0;
  for await (const _ of step.control()) control += 1;
  let count = 0;
  for await (const _ of step.closure()) count += 1;
  clearInterval(sampler);
  return { files: count, control, peakBytes: Math.max(peakBytes, await anonymousBytes()) };
}

async function measure(manifests: number): Promise<Walked> {
  const root = await mkdtemp(join(tmpdir(), 'strait-manifests-'));
  try {
    const table = new IcebergGenerator({ bucket: 'lake', prefix: 't/' });
    await mkdir(dirname(join(root, table.hint(0).name)), { recursive: true });
    for (const { name, bytes } of table.append(manifests * FILES_PER_MANIFEST, manifests)) {
      // The walk names data files and never opens them.
      if (!name.startsWith('t/data/')) await writeFile(join(root, name), bytes ?? '');
    }
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [fileURLToPath(import.meta.url), WALK, root]);
    return JSON.parse(stdout) as Walked;
  } finally {
    await rm(root, { recursive: true });
  }
}

if (process.argv[2] === WALK) {
  process.stdout.write(JSON.stringify(await walk(process.argv[3] ?? '')));
} else {
  const skip = process.platform === 'linux' ? false : 'anonymous memory is read from /proc';
  test('2,000 manifests are walked in the memory of 20', { skip, timeout: 300_000 }, async () => {
    const small = await measure(MANIFESTS.small);
    const large = await measure(MANIFESTS.large);
    assert.equal(large.files, MANIFESTS.large * FILES_PER_MANIFEST);
    // Manifests, their list, the metadata file and the hint.
    assert.equal(large.control, MANIFESTS.large + 3);
    const growth = large.peakBytes - small.peakBytes;
    recordFigure({ name: 'iceberg walk of 2,000 manifests, peak memory', value: large.peakBytes, unit: 'bytes' });
    recordFigure({ name: 'iceberg walk, memory above that of 20 manifests', value: growth, unit: 'bytes' });
    assert.ok(growth <= GROWTH_BYTES_MAX, `${growth} bytes more for a table 100 times as large`);
  });
}
