/**
 * Installs the clients of other languages that `test/clients` runs: Python packages in an environment of their own and
 * rclone from the Go module proxy, kept outside the tree. Idempotent; exit 1 says what cannot be had.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { findRclone, PYTHON_CLIENTS, RCLONE, RCLONE_VERSION } from '../test/support/client-tools.ts';
import { installPython } from './install-python.ts';
import { runSetup } from './run-program.ts';

function setUpRclone(): boolean {
  if (findRclone() !== undefined) return true;
  mkdirSync(dirname(RCLONE), { recursive: true });
  return runSetup('go', ['install', `github.com/rclone/rclone@${RCLONE_VERSION}`], { GOBIN: dirname(RCLONE) });
}

const hasPython = installPython(PYTHON_CLIENTS);
const hasRclone = setUpRclone();
if (!hasPython || !hasRclone) process.exitCode = 1;
