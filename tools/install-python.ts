import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { PythonEnvironment } from '../test/support/client-tools.ts';
import { runSetup } from './run-program.ts';

/** Makes an environment complete, if it is not yet: what an earlier run left half done is removed first. */
export function installPython({ folder, packages, python, ready }: PythonEnvironment): boolean {
  if (existsSync(ready)) return true;
  rmSync(folder, { recursive: true, force: true });
  const isReady =
    runSetup('python3', ['-m', 'venv', folder]) &&
    runSetup(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
  if (isReady) writeFileSync(ready, `${packages.join('\n')}\n`);
  return isReady;
}
