import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const S3_SERVER_VERSION = 'v1.8.0';
/** Where `tools/setup-s3.ts` puts the server; the folder's name holds the version, so that a new one is built anew. */
export const S3_SERVER_BINARY = join(homedir(), '.cache', 'strait', `versitygw-${S3_SERVER_VERSION}`, 'versitygw');

const KEYS = { accessKeyId: 'strait', secretAccessKey: 'strait-test-secret', region: 'us-east-1' };

export interface S3Server {
  readonly endpoint: string;
  readonly keys: typeof KEYS;
  /** An existing bucket. */
  readonly bucket: string;
  /** Where the server keeps the bucket's objects, as files under their keys. */
  readonly bucketFolder: string;
  close(): Promise<void>;
}

/** Why the S3 runs must be skipped; `undefined` when they can run. */
export function whyNoS3Server(): string | undefined {
  return existsSync(S3_SERVER_BINARY) ? undefined : 'no S3 server here: npm run setup:servers builds one (needs Go)';
}

/** Starts a server of its own on a free port over an empty folder. */
export async function startS3Server(): Promise<S3Server> {
  const folder = await temporaryFolder('s3');
  const bucketFolder = join(folder.path, 'strait-blobs');
  await mkdir(bucketFolder);
  const address = `127.0.0.1:${await freePort()}`;
  const env = { ...process.env, ROOT_ACCESS_KEY: KEYS.accessKeyId, ROOT_SECRET_KEY: KEYS.secretAccessKey };
  const child = spawn(S3_SERVER_BINARY, ['--port', address, '--quiet', 'posix', folder.path], { env, stdio: 'ignore' });
  await untilListening(`http://${address}`, child);
  return {
    endpoint: `http://${address}`,
    keys: KEYS,
    bucket: 'strait-blobs',
    bucketFolder,
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function untilListening(endpoint: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the S3 server ended with ${child.exitCode}`);
    const answered = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error('the S3 server does not answer');
}
