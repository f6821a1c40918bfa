import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { request } from 'undici';
import type { Clock } from '../../runtime/clock.ts';

const STRAIT = resolve(import.meta.dirname, '../../../bin/strait');
const READY_POLL_MS = 50;
const STOP_MS = 15_000;
const LOG_TAIL_CHARACTERS = 2_000;

export interface SiteSpec {
  readonly name: string;
  readonly port: number;
  /** The site's data folder; its log stands beside it as `NAME.log`. */
  readonly folder: string;
  /** Further arguments of `strait serve`. */
  readonly args: readonly string[];
}

/** One site as its own operating-system process: `bin/strait serve`. */
export class SiteProcess {
  readonly spec: SiteSpec;
  readonly url: string;
  readonly logFile: string;
  readonly #clock: Clock;
  #child: ChildProcess | undefined;
  #exited: Promise<number | string> = Promise.resolve(0);

  constructor(clock: Clock, spec: SiteSpec) {
    this.#clock = clock;
    this.spec = spec;
    this.url = `http://127.0.0.1:${spec.port}`;
    this.logFile = `${spec.folder}.log`;
  }

  /** Starts the process; `ready` says when it serves. */
  start(): void {
    mkdirSync(dirname(this.spec.folder), { recursive: true });
    const log = openSync(this.logFile, 'a');
    const { name, port, folder, args } = this.spec;
    const listen = `127.0.0.1:${port}`;
    const serve = ['serve', '--site', name, '--listen', listen, '--data', folder, '--insecure-open', ...args];
    const child = spawn(STRAIT, serve, { stdio: ['ignore', log, log] });
    this.#child = child;
    this.#exited = new Promise((done) => {
      child.once('exit', (code, signal) => done(code ?? signal ?? 'gone'));
      child.once('error', (error) => done(error.message));
    });
  }

  /** Resolves when `/readyz` answers 200; throws with the end of the log when the process ends first. */
  async ready(timeoutMs: number): Promise<void> {
    const endMs = this.#clock.monotonicMs() + timeoutMs;
    let ended: number | string | undefined;
    void this.#exited.then((code) => {
      ended = code;
    });
    while (this.#clock.monotonicMs() < endMs) {
      if (ended !== undefined) throw new Error(`site ${this.spec.name} ended (${ended}): ${await this.#logTail()}`);
      if (await this.#isReady()) return;
      await this.#clock.sleep(READY_POLL_MS);
    }
    throw new Error(`site ${this.spec.name} is not ready after ${timeoutMs} ms: ${await this.#logTail()}`);
  }

  async #isReady(): Promise<boolean> {
    try {
      const { statusCode, body } = await request(`${this.url}/readyz`);
      await body.dump();
      return statusCode === 200;
    } catch {
      return false;
    }
  }

  async #logTail(): Promise<string> {
    const text = await readFile(this.logFile, 'utf8').catch(() => '');
    return text.slice(-LOG_TAIL_CHARACTERS);
  }

  /** SIGTERM, then waits; SIGKILL when the process does not end in time. Returns the exit code or signal. */
  async stop(): Promise<number | string> {
    this.#child?.kill('SIGTERM');
    const patience = new AbortController();
    const late = this.#clock.sleep(STOP_MS, patience.signal).then(() => {
      if (!patience.signal.aborted) this.#child?.kill('SIGKILL');
    });
    const code = await this.#exited;
    patience.abort();
    await late;
    return code;
  }

  /** `kill -9`, and waits until the process is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }
}

/** The first port from `wanted` upwards that can be listened on at loopback and is not in `taken`. */
export async function freePort(wanted: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let port = wanted; port < wanted + 1000; port += 1) {
    if (!taken.has(port) && (await canListen(port))) return port;
  }
  throw new Error(`no free port from ${wanted} on`);
}

/** A port the system says is free now. */
export async function anyPort(): Promise<number> {
  return await new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function canListen(port: number): Promise<boolean> {
  return await new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** Runs another `strait` command and returns what it printed. */
export async function runStrait(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return await new Promise((done, failed) => {
    const child = spawn(STRAIT, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', failed);
    child.once('close', (code) => {
      done({ code: code ?? 2, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}
