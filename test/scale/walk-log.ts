/**
 * Looks at a Delta log in a folder, takes the newest version and walks its closure, as sync does. Prints how much
 * memory that took above what the process had before, as JSON. A process of its own, so that nothing else counts.
 */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DeltaFormat } from '../../src/tables/delta/delta-format.ts';
import type { FileStat, TableFiles } from '../../src/tables/port.ts';

const [folder = '.'] = process.argv.slice(2);

/** The log is on disk; data files are nowhere, and nobody asks for them. */
const files: TableFiles = {
  async stat(name) {
    try {
      const { size, mtimeMs } = await stat(join(folder, name));
      return { name, generation: 1n, size, updatedMs: mtimeMs };
    } catch {
      return undefined;
    }
  },
  async *list(prefix, startAfter = '') {
    const names = (await readdir(join(folder, prefix), { recursive: true })).map((leaf) => prefix + leaf).sort();
    for (const name of names) {
      const file: FileStat | undefined = name > startAfter ? await files.stat(name) : undefined;
      if (file) yield file;
    }
  },
  read: () => Promise.reject(new Error('nothing here is read whole')),
  async readRange(name, start, end) {
    const file = await open(join(folder, name));
    try {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(end - start), 0, end - start, start);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  },
};

const location = { bucket: 'lake', prefix: '', format: 'delta' as const };
const format = new DeltaFormat();
const rssMiB = () => process.memoryUsage.rss() / 2 ** 20;

globalThis.gc?.();
const baselineMiB = rssMiB();
let peakMiB = baselineMiB;
const sampler = setInterval(() => (peakMiB = Math.max(peakMiB, rssMiB())), 10);
const startMs = performance.now();
const { versions, problem } = await format.look(location, files, undefined);
const lookMs = performance.now() - startMs;
const to = versions.at(-1);
if (to === undefined) throw new Error(`no version is offered: ${JSON.stringify(problem)}`);
const step = await format.step(location, files, { from: undefined, to });
let [refs, bytes] = [0, 0];
for await (const ref of step.closure()) {
  if (ref.unread) throw new Error(`${ref.name} is missing`);
  refs += 1;
  bytes += ref.size ?? 0;
  if (refs % 4096 === 0) peakMiB = Math.max(peakMiB, rssMiB());
}
clearInterval(sampler);
const figures = {
  version: to.cursor.label,
  refs,
  bytes,
  baselineMiB: Math.round(baselineMiB),
  aboveMiB: Math.round(peakMiB - baselineMiB),
  lookMs: Math.round(lookMs),
  walkMs: Math.round(performance.now() - startMs),
};
console.log(JSON.stringify(figures));
