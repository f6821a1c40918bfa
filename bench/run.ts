/** `npm run bench -- [NAME …]`: runs the benches of this folder, all or those named; each prints a line of JSON. */
import { globSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { basename, resolve } from 'node:path';

export interface BenchResult {
  readonly name: string;
  readonly figures: Readonly<Record<string, number>>;
}

interface Bench {
  readonly run: () => Promise<BenchResult>;
}

const wanted = process.argv.slice(2);
const files = globSync('bench/*.ts').filter((file) => basename(file) !== 'run.ts');
const chosen = files.filter((file) => wanted.length === 0 || wanted.includes(basename(file, '.ts')));
if (chosen.length === 0) {
  console.error(
    `no such bench: ${wanted.join(' ')}; there are ${files.map((file) => basename(file, '.ts')).join(', ')}`,
  );
  process.exit(2);
}
const machine = { cores: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version };
for (const file of chosen.sort()) {
  const bench: Bench = await import(resolve(file));
  console.log(JSON.stringify({ ...(await bench.run()), machine }));
}
