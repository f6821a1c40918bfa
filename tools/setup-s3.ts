/**
 * Builds the S3 server that tests of the S3 blob store run against: versitygw, from the Go module proxy, kept outside
 * the tree. Idempotent; exit 1 says why it cannot be had.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { S3_SERVER_BINARY, S3_SERVER_VERSION } from '../test/support/s3-server.ts';

if (!existsSync(S3_SERVER_BINARY)) {
  mkdirSync(dirname(S3_SERVER_BINARY), { recursive: true });
  const module = `github.com/versity/versitygw/cmd/versitygw@${S3_SERVER_VERSION}`;
  const env = { ...process.env, GOBIN: dirname(S3_SERVER_BINARY) };
  const { status, error } = spawnSync('go', ['install', module], { stdio: 'inherit', env });
  if (error !== undefined) console.error(`the S3 server is not built: ${error.message}`);
  process.exitCode = status ?? 1;
}
