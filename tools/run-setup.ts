/**
 * `npm run setup:servers`: prepares the optional servers and clients some suites use, by running every
 * `tools/setup-*.ts` but those on request. One that fails, or finds no time left, costs its suites (they skip with a
 * reason), not the rest. Names choose among them (`clients readers`): exit 1 when one of those failed.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const SETUP_MS_MAX = 5 * 60_000;
/** For all of them together: CI has half an hour for everything. */
const TOTAL_MS_MAX = 10 * 60_000;
/** What builds from source goes last. */
const LAST = ['s3', 'clients', 'go-client', 'peers'].map((name) => `tools/setup-${name}.ts`);
/** What only a suite needs that runs on request: `npm run setup:engines`. */
const ON_REQUEST = ['tools/setup-engines.ts'];

const started = performance.now();
const chosen = process.argv.slice(2).map((name) => `tools/setup-${name}.ts`);
const scripts = globSync('tools/setup-*.ts')
  .filter((script) => (chosen.length > 0 ? chosen.includes(script) : !ON_REQUEST.includes(script)))
  .toSorted((left, right) => LAST.indexOf(left) - LAST.indexOf(right));
for (const script of scripts) {
  const begun = performance.now();
  const timeout = Math.min(SETUP_MS_MAX, Math.max(1, TOTAL_MS_MAX - (begun - started)));
  const { status, error } = spawnSync(process.execPath, [script], { stdio: 'inherit', timeout });
  const outcome = status === 0 ? 'ready' : `not available (${error?.message ?? `exit ${status}`})`;
  if (status !== 0 && chosen.length > 0) process.exitCode = 1;
  console.log(`${script}: ${outcome}, ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}
