/**
 * Installs the clients of other languages that `test/clients` runs: Python packages in an environment of their own and
 * rclone from the Go module proxy, kept outside the tree. Idempotent; exit 1 says what cannot be had.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  findRclone,
  PYTHON,
  PYTHON_ENVIRONMENT,
  PYTHON_PACKAGES,
  PYTHON_READY,
  RCLONE,
  RCLONE_VERSION,
} from '../test/support/client-tools.ts';

function run(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): boolean {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  if (error !== undefined) console.error(`${program}: ${error.message}`);
  return status === 0;
}

function setUpPython(): boolean {
  if (existsSync(PYTHON_READY)) return true;
  rmSync(PYTHON_ENVIRONMENT, { recursive: true, force: true });
  const isReady =
    run('python3', ['-m', 'venv', PYTHON_ENVIRONMENT]) &&
    run(PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PYTHON_PACKAGES]);
  if (isReady) writeFileSync(PYTHON_READY, `${PYTHON_PACKAGES.join('\n')}\n`);
  return isReady;
}

function setUpRclone(): boolean {
  if (findRclone() !== undefined) return true;
  mkdirSync(dirname(RCLONE), { recursive: true });
  return run('go', ['install', `github.com/rclone/rclone@${RCLONE_VERSION}`], { GOBIN: dirname(RCLONE) });
}

const hasPython = setUpPython();
const hasRclone = setUpRclone();
if (!hasPython || !hasRclone) process.exitCode = 1;
