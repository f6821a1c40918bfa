/** `npm run check`: format and lint, types, tidy, unit tests. The first failure ends it. */
import { spawnSync } from 'node:child_process';

const UNIT_TESTS = ['src/**/*.test.ts', 'tools/**/*.test.ts'];
const STEPS: readonly (readonly string[])[] = [
  ['biome', 'check', '.'],
  ['tsc', '-p', '.'],
  ['node', 'tools/tidy/tidy.ts'],
  // One process: unit tests share nothing but the clock on the wall, and starting Node costs more than running them.
  ['node', '--test', '--test-isolation=none', '--test-reporter=dot', ...UNIT_TESTS],
];

for (const [command = '', ...args] of STEPS) {
  const { status } = spawnSync(`node_modules/.bin/${command}`, args, { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`check: ${command} ${args[0] ?? ''} failed`);
    process.exit(status ?? 1);
  }
}
