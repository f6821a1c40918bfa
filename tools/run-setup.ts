/**
 * `npm run setup:servers`: prepares the optional servers and clients some suites use, by running every
 * `tools/setup-*.ts`. One that fails costs its suites (they skip with a reason), never the rest.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const SETUP_MS_MAX = 6 * 60_000;

for (const script of globSync('tools/setup-*.ts').toSorted()) {
  const started = performance.now();
  const { status, error } = spawnSync(process.execPath, [script], { stdio: 'inherit', timeout: SETUP_MS_MAX });
  const outcome = status === 0 ? 'ready' : `not available (${error?.message ?? `exit ${status}`})`;
  console.log(`${script}: ${outcome}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
