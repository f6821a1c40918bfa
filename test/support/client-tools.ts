/** Where `tools/setup-clients.ts`, `setup-readers.ts` and `setup-peers.ts` put what we test with, and what runs it. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

export const CACHE = join(homedir(), '.cache', 'strait');

/** Python packages in an environment of their own. The folder's name counts up when its packages change. */
export interface PythonEnvironment {
  readonly folder: string;
  readonly packages: readonly string[];
  /** The interpreter. */
  readonly python: string;
  /** Written last: without it the environment is not complete. */
  readonly ready: string;
  /** What is missing without it. */
  readonly what: string;
}

export function pythonEnvironment(what: string, name: string, packages: readonly string[]): PythonEnvironment {
  const folder = join(CACHE, name);
  return { folder, packages, python: join(folder, 'bin', 'python'), ready: join(folder, 'strait-ready'), what };
}

/** Clients of the GCS API. */
export const PYTHON_CLIENTS = pythonEnvironment('Python clients', 'clients-python-1', [
  'google-cloud-storage==3.17.1',
  'gcsfs==2026.10.1',
  'pyarrow==26.0.1',
]);

/** Readers of table formats: delta-rs, hudi-rs, PyIceberg. */
export const PYTHON_READERS = pythonEnvironment('deltalake, hudi and pyiceberg', 'readers-python-1', [
  'deltalake==1.6.6',
  'hudi==0.5.0',
  'pyiceberg[pyarrow,gcsfs]==0.12.0',
  'pyarrow==26.0.1',
  'gcsfs==2026.10.1',
]);

/** Google's test server of its client libraries, which no package index has: from its repository, by commit. */
export const STORAGE_TESTBENCH = pythonEnvironment('storage-testbench', 'storage-testbench-1', [
  'git+https://github.com/googleapis/storage-testbench@e8c85072463f1f8378d850db457df598fdcb17a7',
]);

export const FAKE_GCS_VERSION = 'v1.56.1';
export const FAKE_GCS = join(CACHE, `fake-gcs-server-${FAKE_GCS_VERSION}`, 'fake-gcs-server');

export const RCLONE_VERSION = 'v1.71.2';
export const RCLONE = join(CACHE, `rclone-${RCLONE_VERSION}`, 'rclone');

/** The program with Google's client for Go. Its source is ours, what it is made of lies in the caches of Go. */
export const GO_CLIENT = {
  source: resolve(import.meta.dirname, '../clients/go'),
  program: join(CACHE, 'client-go', 'client'),
  /** The checksums of all it is made of, written when that has been fetched. */
  ready: join(CACHE, 'client-go', 'strait-ready'),
};

export function goChecksums(): string {
  return readFileSync(join(GO_CLIENT.source, 'go.sum'), 'utf8');
}

export function whyNoGoClient(): string | undefined {
  const { ready } = GO_CLIENT;
  const isReady = existsSync(ready) && readFileSync(ready, 'utf8') === goChecksums();
  return isReady ? undefined : 'no Go client here: npm run setup:clients builds it (needs Go)';
}

/** Only what changed is built anew, and nothing fetched. */
export async function buildGoClient(): Promise<string> {
  const { source, program } = GO_CLIENT;
  const { status, stderr } = await runProgram('go', ['build', '-C', source, '-o', program, '.'], { GOPROXY: 'off' });
  if (status !== 0) throw new Error(`the Go client does not build\n${stderr}`);
  return program;
}

/** The program with Google's client for Java: its sources and what they need are ours to say, the jars Maven's. */
export const JAVA_CLIENT = {
  source: resolve(import.meta.dirname, '../clients/java'),
  jars: join(CACHE, 'client-java', 'jars'),
  classes: join(CACHE, 'client-java', 'classes'),
  /** The pom whose jars these are, written when all of them are there. */
  ready: join(CACHE, 'client-java', 'strait-ready'),
};

export function javaPom(): string {
  return readFileSync(join(JAVA_CLIENT.source, 'pom.xml'), 'utf8');
}

export function whyNoJavaClient(): string | undefined {
  const { ready } = JAVA_CLIENT;
  const isReady = existsSync(ready) && readFileSync(ready, 'utf8') === javaPom();
  return isReady ? undefined : 'no Java client here: npm run setup:clients fetches it (needs a JDK and Maven)';
}

export async function runJavaClient(...args: readonly string[]): Promise<RunResult> {
  const { source, jars, classes } = JAVA_CLIENT;
  const path = [join(jars, '*'), classes].join(delimiter);
  const files = readdirSync(source).filter((name) => name.endsWith('.java'));
  const compiled = await runProgram('javac', ['-cp', path, '-d', classes, ...files.map((name) => join(source, name))]);
  if (compiled.status !== 0) throw new Error(`the Java client does not compile\n${compiled.stderr}`);
  return runProgram('java', ['-Xmx512m', '-cp', path, 'Client', ...args]);
}

/** Why the tests with an environment must be skipped; undefined when it is there. */
export function whyNoPython({ ready, what }: PythonEnvironment): string | undefined {
  return existsSync(ready) ? undefined : `no ${what} here: npm run setup:clients installs them`;
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
