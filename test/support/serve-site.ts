/** Gateways and sites as processes with a folder of their own, and what tests ask them over HTTP. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { SiteStatus } from '../../src/dialects/admin/site-status.ts';
import { StraitProcess } from './strait-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface ServeOptions {
  /** `cloud` when absent. */
  readonly site?: string;
  /** The data folder; a temporary one when absent. */
  readonly data?: string;
  /** Port 0, a new one with every start, when absent. */
  readonly listen?: string;
  readonly args?: readonly string[];
}

/** One `strait serve` that can be killed and started again on the same folder. */
export class ServedSite {
  readonly data: string;
  readonly #args: readonly string[];
  #process: StraitProcess;
  #url = '';

  private constructor(data: string, args: readonly string[]) {
    this.data = data;
    this.#args = args;
    this.#process = new StraitProcess(args);
  }

  /** Serves until the test ends. */
  static async start(t: TestContext, options: ServeOptions = {}): Promise<ServedSite> {
    const { site = 'cloud', listen = '127.0.0.1:0', args = [] } = options;
    const data = options.data ?? (await scratch(t, site));
    const place = ['--site', site, '--listen', listen, '--data', data, '--insecure-open'];
    const served = new ServedSite(data, ['serve', ...place, '--log-level', 'error', ...args]);
    t.after(() => served.kill());
    await served.#ready();
    return served;
  }

  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get stderr(): string {
    return this.#process.stderr;
  }

  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** After `kill`: a new process, with a new address unless `listen` names one. */
  async restart(): Promise<void> {
    this.#process = new StraitProcess(this.#args);
    await this.#ready();
  }

  async #ready(): Promise<void> {
    this.#url = await this.#process.url();
  }

  async json(path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
    const response = await fetch(this.#url + path, init);
    const text = await response.text();
    assert.ok(response.ok, `${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  async status(): Promise<SiteStatus> {
    return (await this.json('/admin/v1/status')) as unknown as SiteStatus;
  }

  async isCaughtUp(): Promise<boolean> {
    return (await this.status()).caughtUp;
  }

  async createBucket(name: string): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    await this.json('/storage/v1/b?project=p', { method: 'POST', headers, body: JSON.stringify({ name }) });
  }

  /** The sum of a counter over the label sets that hold `label`, for example `operation="objects.get"`. */
  async counter(name: string, label = ''): Promise<number> {
    const text = await (await fetch(`${this.#url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }
}

/** A folder that goes with the test. */
export async function scratch(t: TestContext, name: string): Promise<string> {
  const folder = await temporaryFolder(name);
  t.after(() => folder[Symbol.asyncDispose]());
  return join(folder.path, name);
}

export interface Patience {
  readonly withinMs: number;
  readonly pollMs?: number;
}

/** Polls until so. */
export async function until(what: string, patience: Patience, isSo: () => Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await isSo())) {
    assert.ok(performance.now() - started < patience.withinMs, `still not: ${what}`);
    await new Promise((wake) => setTimeout(wake, patience.pollMs ?? 100));
  }
}
