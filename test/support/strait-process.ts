import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const STRAIT = resolve(import.meta.dirname, '../../bin/strait');
const START_MS = 20_000;
const STOP_MS = 20_000;
/** Serving needs no variable; those of the caller's shell must not change a test. */
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '' };

export interface ProcessOutcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `bin/strait` as a process of its own: what acceptance and fault tests start, ask and kill. */
export class StraitProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<ProcessOutcome>;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(STRAIT, args, { env: { ...ENVIRONMENT, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#exited = once(this.#child, 'close').then(([code, signal]) => ({
      code,
      signal,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The address of the first start-up line, once the second is there. Rejects when the process ends first. */
  async url(): Promise<string> {
    const started = performance.now();
    let ended: ProcessOutcome | undefined;
    void this.#exited.then((outcome) => {
      ended = outcome;
    });
    while (performance.now() - started < START_MS) {
      const [first = '', second] = this.#stdout.split('\n');
      const found = /http:\/\/\S+/.exec(first)?.[0];
      if (found !== undefined && second !== undefined) return found;
      if (ended) throw new Error(`strait ended with ${ended.code ?? ended.signal}: ${ended.stderr}`);
      await new Promise((wake) => setTimeout(wake, 20));
    }
    throw new Error(`strait does not serve after ${START_MS} ms: ${this.#stderr}`);
  }

  /** What a log collector that dies does. */
  stopReadingLog(): void {
    this.#child.stderr?.destroy();
  }

  exited(): Promise<ProcessOutcome> {
    return this.#exited;
  }

  /** SIGTERM; SIGKILL when it does not end. */
  async stop(): Promise<ProcessOutcome> {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    const outcome = await this.#exited;
    clearTimeout(late);
    return outcome;
  }

  async kill(): Promise<ProcessOutcome> {
    this.#child.kill('SIGKILL');
    return await this.#exited;
  }
}

/** Runs a command that ends by itself. */
export function strait(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ProcessOutcome> {
  return new StraitProcess(args, env).exited();
}
