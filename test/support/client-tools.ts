/** Where `tools/setup-clients.ts` puts the clients we test with, and what runs them. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const CACHE = join(homedir(), '.cache', 'strait');

/** The folder's name holds the versions, so that new ones are installed anew. */
export const PYTHON_PACKAGES = ['google-cloud-storage==3.17.1', 'gcsfs==2026.10.1', 'pyarrow==26.0.1'] as const;
export const PYTHON_ENVIRONMENT = join(CACHE, 'clients-python-1');
export const PYTHON = join(PYTHON_ENVIRONMENT, 'bin', 'python');
export const RCLONE_VERSION = 'v1.71.2';
export const RCLONE = join(CACHE, `rclone-${RCLONE_VERSION}`, 'rclone');

/** Written last: without it the environment is not complete. */
export const PYTHON_READY = join(PYTHON_ENVIRONMENT, 'strait-ready');

/** Why the tests with a client must be skipped; undefined when it is there. */
export function whyNoPython(): string | undefined {
  return existsSync(PYTHON_READY) ? undefined : 'no Python clients here: npm run setup:clients installs them';
}

export function findRclone(): string | undefined {
  return existsSync(RCLONE) ? RCLONE : findOnPath('rclone');
}

export function findOnPath(program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

export interface RunResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, without blocking this process: the gateway it talks to may live here. */
export async function runProgram(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  return { status, ...output };
}
