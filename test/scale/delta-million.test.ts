/** A Delta table of a million live files is looked at and walked in bounded memory. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { figureFor } from '../support/full-figures.ts';
import { type ManyFilesOptions, writeManyFilesLog } from '../support/many-files-table.ts';
import { recordFigure } from '../support/record-figure.ts';

const ABOVE_MIB_MAX = 120;
/** Left alone, V8 lets garbage alone grow to 100 MiB on a large machine before it looks at it. */
const NODE_FLAGS = ['--expose-gc', '--max-semi-space-size=8'];
const liveFiles = figureFor({ quick: 100_000, full: 1_000_000 });
const BASE = { liveFiles, rowGroupRows: 122_880, commits: 5, changesPerCommit: 1000 };

const CASES: readonly (ManyFilesOptions & { readonly name: string })[] = [
  { ...BASE, name: 'one checkpoint', form: 'classic' },
  { ...BASE, name: 'ten sidecars', form: 'sidecars' },
  { ...BASE, name: 'all files replaced by one commit', form: 'classic', commits: 1, changesPerCommit: liveFiles },
];

for (const { name, ...options } of CASES) {
  test(`${liveFiles} live files, ${name}`, { timeout: 600_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strait-many-'));
    try {
      await writeManyFilesLog(folder, options);
      const script = join(import.meta.dirname, 'walk-log.ts');
      const { stdout } = await promisify(execFile)(process.execPath, [...NODE_FLAGS, script, folder]);
      const walked = JSON.parse(stdout);
      assert.equal(walked.refs, liveFiles);
      assert.equal(walked.bytes, liveFiles * 8);
      assert.equal(walked.version, String(10 + options.commits));
      const slug = name.replaceAll(' ', '-');
      recordFigure({ name: `delta-walk-${slug}-above-baseline`, value: walked.aboveMiB, unit: 'MiB' });
      recordFigure({ name: `delta-walk-${slug}-time`, value: walked.walkMs, unit: 'ms' });
      assert.ok(walked.aboveMiB <= ABOVE_MIB_MAX, `${walked.aboveMiB} MiB above ${walked.baselineMiB}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
