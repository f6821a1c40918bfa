/**
 * `npm run coverage:api`: writes the coverage page. With `--json` it prints the figures instead; with `--prove` it runs
 * every claim against a server that is deaf to what is claimed, of the methods whose ids begin with the words that
 * follow, or all.
 */
import { writeFileSync } from 'node:fs';
import { readApiTests } from './claims.ts';
import { Coverage, PAGE } from './coverage.ts';
import { describePoint, prove } from './prove.ts';

const args = process.argv.slice(2);
const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--json' && arg !== '--prove');
if (unknown !== undefined) throw new Error(`unknown option ${unknown}; there are --json and --prove [METHOD…]`);

const coverage = new Coverage(await readApiTests());
if (args.includes('--prove')) {
  await printProofs(args.filter((arg) => !arg.startsWith('-')));
} else if (args.includes('--json')) {
  console.log(JSON.stringify(coverage.figures));
} else {
  writeFileSync(PAGE, coverage.render());
  const { methods, covered, parameters, coveredParameters } = coverage.figures;
  console.log(`${PAGE}: ${covered} of ${methods} methods, ${coveredParameters} of ${parameters} parameters and fields`);
}

async function printProofs(wanted: readonly string[]): Promise<void> {
  const isWanted = (method: string) => wanted.length === 0 || wanted.some((word) => method.startsWith(word));
  const { proofs, broken } = await prove(coverage.claimed.filter(({ point }) => isWanted(point.method)));
  const missed = proofs.filter(({ caughtBy }) => caughtBy === undefined);
  if (args.includes('--json')) {
    const rows = missed.map(({ mutation }) => mutation);
    console.log(JSON.stringify({ tried: proofs.length, caught: proofs.length - missed.length, missed: rows }));
  } else {
    for (const { test, error } of broken) console.log(`broken: ${test.file}, ${test.name}: ${error}`);
    for (const { mutation } of missed) console.log(`not caught: ${describePoint(mutation)} (${mutation.how})`);
    console.log(`${proofs.length - missed.length} of ${proofs.length} caught`);
  }
  if (missed.length > 0 || broken.length > 0) process.exitCode = 1;
}
