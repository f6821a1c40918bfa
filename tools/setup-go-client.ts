/**
 * Builds the program with Google's client for Go that `test/clients` runs, from the Go module proxy, kept outside the
 * tree. Idempotent; exit 1 says why it cannot be had.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { GO_CLIENT, goChecksums, whyNoGoClient } from '../test/support/client-tools.ts';
import { runSetup } from './run-program.ts';

if (whyNoGoClient() !== undefined) {
  const { source, program, ready } = GO_CLIENT;
  mkdirSync(dirname(program), { recursive: true });
  if (runSetup('go', ['build', '-C', source, '-o', program, '.'])) writeFileSync(ready, goChecksums());
  else process.exitCode = 1;
}
