import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type RunResult, runProgram } from '../../support/client-tools.ts';
import { httpCall } from '../../support/http-call.ts';

export const MIB = 1024 * 1024;
export const noise = (size: number): Buffer => randomBytes(size);

export interface Program {
  readonly path: string;
  /** Before those of each run. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What one feature plays in: a folder, a bucket of its own and a program at the command line. */
export class Scene {
  readonly bucket: string;
  readonly #url: string;
  readonly #folder: string;
  readonly #program: Program;

  constructor(url: string, settings: { readonly bucket: string; readonly folder: string; readonly program: Program }) {
    this.#url = url;
    this.bucket = settings.bucket;
    this.#folder = settings.folder;
    this.#program = settings.program;
  }

  try(...args: readonly string[]): Promise<RunResult> {
    return runProgram(this.#program.path, [...this.#program.args, ...args], this.#program.environment);
  }

  async run(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.try(...args);
    assert.equal(status, 0, `${args.join(' ')}\n${stdout}\n${stderr}`);
    return stdout;
  }

  async lines(...args: readonly string[]): Promise<readonly string[]> {
    return (await this.run(...args)).split('\n').filter(Boolean);
  }

  async fails(pattern: RegExp, ...args: readonly string[]): Promise<void> {
    const { status, stderr } = await this.try(...args);
    assert.notEqual(status, 0, args.join(' '));
    assert.match(stderr, pattern);
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  file(name: string, content: string | Buffer = 'x'): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  assertFile(name: string, content: string | Buffer): void {
    assert.ok(readFileSync(this.path(name)).equals(Buffer.from(content)), `${name} is not what it should be`);
  }

  /** Makes an object as another client would. */
  async put(name: string, content: Buffer, query: string): Promise<void> {
    const path = `/upload/storage/v1/b/${this.bucket}/o?uploadType=media&name=${encodeURIComponent(name)}&${query}`;
    assert.equal((await httpCall(this.#url, 'POST', path, { body: content })).status, 200);
  }

  /** For calls with `x-retry-test-id`. */
  async faults(instructions: Record<string, readonly string[]>) {
    const { json } = await httpCall(this.#url, 'POST', '/retry_test', { body: { instructions } });
    const assertDone = async () => {
      const { text } = await httpCall(this.#url, 'GET', `/retry_test/${json.id}`);
      assert.equal(JSON.parse(text).completed, true, `calls that should have failed: ${text}`);
    };
    return { id: json.id, assertDone };
  }
}
