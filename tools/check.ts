/** `npm run check`: format, types, lint, tidy, unit tests. The first failure ends it. */
import { spawnSync } from 'node:child_process';

const STEPS: readonly (readonly string[])[] = [
  ['biome', 'check', '.'],
  ['tsc', '-p', '.'],
  ['node', '--test', '--test-reporter=dot', 'src/**/*.test.ts', 'tools/**/*.test.ts'],
];

for (const [command = '', ...args] of STEPS) {
  const { status } = spawnSync(`node_modules/.bin/${command}`, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
