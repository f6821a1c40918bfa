/**
 * Installs the other implementations that `test/differential` compares with, kept outside the tree: fake-gcs-server
 * from the Go module proxy and Google's storage-testbench from its repository. Idempotent; exit 1 says what cannot be
 * had.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { FAKE_GCS, FAKE_GCS_VERSION, STORAGE_TESTBENCH } from '../test/support/client-tools.ts';
import { installPython } from './install-python.ts';
import { runSetup } from './run-program.ts';

function setUpFakeGcs(): boolean {
  if (existsSync(FAKE_GCS)) return true;
  mkdirSync(dirname(FAKE_GCS), { recursive: true });
  const module = `github.com/fsouza/fake-gcs-server@${FAKE_GCS_VERSION}`;
  return runSetup('go', ['install', module], { GOBIN: dirname(FAKE_GCS) });
}

const hasTestbench = installPython(STORAGE_TESTBENCH);
const hasFakeGcs = setUpFakeGcs();
if (!hasTestbench || !hasFakeGcs) process.exitCode = 1;
