/**
 * `npm run test:laws -- [--law N] [--only ID]`: breaks the laws of ARCHITECTURE.md, one after the other, in a copy of
 * the tree, and demands that the tests named for them go red. Exit 1 when one does not, or a mutation is stale.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { SuiteResult, type TestOutcome } from '../test-run/suite-result.ts';
import { type Mutation, mutate, type Trial } from './mutation.ts';
import { MUTATIONS } from './mutations.ts';
import { judgeBroken, judgeUnbroken, type Verdict } from './verdict.ts';

const NOT_COPIED = ['.git', 'node_modules', 'test-results', '.strait', '.strait-demo'];
const TRIAL_TIMEOUT_MS = 6 * 60_000;

interface Row {
  readonly mutation: Mutation;
  readonly trial: Trial;
  readonly verdict: Verdict;
  readonly seconds: number;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { law: { type: 'string' }, only: { type: 'string' } } });
  const chosen = MUTATIONS.filter(({ law, id }) => (values.law ?? `${law}`) === `${law}` && (values.only ?? id) === id);
  if (chosen.length === 0) throw new Error('no such law or mutation');
  await using folder = await temporaryFolder('laws');
  // What failing tests leave behind goes with the copy. Open to all: servers that tests start may run as another user.
  chmodSync(folder.path, 0o755);
  process.env['TMPDIR'] = folder.path;
  const copy = new TreeCopy(process.cwd(), folder.path);
  const rows: Row[] = [];
  for (const mutation of chosen) {
    for (const trial of mutation.tests) {
      const started = performance.now();
      const verdict = await copy.tryOut(mutation, trial);
      const row = { mutation, trial, verdict, seconds: Math.round((performance.now() - started) / 1000) };
      console.log(renderRow(row));
      rows.push(row);
    }
  }
  const bad = rows.filter(({ verdict }) => verdict.kind !== 'caught' && verdict.kind !== 'skipped');
  writeResults(rows);
  console.log(`\n${rows.length} trials, ${countOf(rows, 'caught')} caught, ${countOf(rows, 'skipped')} skipped`);
  for (const row of bad) console.log(`\n${renderRow(row)}\n  breaks: ${row.mutation.breaks}\n  ${row.verdict.why}`);
  return bad.length > 0 ? 1 : 0;
}

/** A copy of the working tree in which laws may be broken. One mutation is in it at a time. */
class TreeCopy {
  readonly #root: string;
  readonly #unbroken = new Map<string, Verdict | undefined>();

  constructor(from: string, folder: string) {
    this.#root = join(folder, 'tree');
    const kept = NOT_COPIED.map((name) => join(from, name));
    cpSync(from, this.#root, { recursive: true, filter: (path) => !kept.includes(path) });
    symlinkSync(join(from, 'node_modules'), join(this.#root, 'node_modules'));
    // Some tests read sample tables that lie beside the checkout, and skip without them.
    const shared = resolve(from, '../shared');
    if (existsSync(shared)) symlinkSync(shared, join(folder, 'shared'));
  }

  async tryOut(mutation: Mutation, trial: Trial): Promise<Verdict> {
    const path = join(this.#root, mutation.file);
    const text = readFileSync(path, 'utf8');
    const broken = mutate(text, mutation);
    if (broken === undefined) return { kind: 'stale', why: `${mutation.file} has the text to replace not once` };
    const obstacle = await this.#runUnbroken(trial);
    if (obstacle !== undefined) return obstacle;
    writeFileSync(path, broken);
    try {
      return judgeBroken(await this.#run(trial), trial.red);
    } finally {
      writeFileSync(path, text);
    }
  }

  async #runUnbroken(trial: Trial): Promise<Verdict | undefined> {
    const key = `${trial.run ?? trial.test} ${trial.only}`;
    if (!this.#unbroken.has(key)) this.#unbroken.set(key, judgeUnbroken(await this.#run(trial)));
    return this.#unbroken.get(key);
  }

  async #run({ test, run: file = test, only }: Trial): Promise<readonly TestOutcome[]> {
    const result = new SuiteResult(this.#root);
    const events = run({
      files: [join(this.#root, file)],
      cwd: this.#root,
      timeout: TRIAL_TIMEOUT_MS,
      // A test that fails may leave a server open, which would keep its process for ever.
      execArgv: ['--test-force-exit'],
      testNamePatterns: [only],
    });
    events.on('test:complete', (event) => void result.add(event));
    events.on('test:summary', (event) => void result.addSummary(event));
    events.resume();
    await new Promise((ended) => events.once('end', ended));
    result.finish();
    return result.outcomes;
  }
}

function renderRow({ mutation, trial, verdict, seconds }: Row): string {
  const mark = verdict.kind === 'caught' ? '✔' : verdict.kind === 'skipped' ? '–' : '✖';
  const law = `law ${mutation.law}`.padEnd(6);
  const file = (trial.run ?? trial.test).padEnd(44);
  return `${mark} ${law}  ${mutation.id.padEnd(31)}  ${file}  ${verdict.kind}, ${seconds} s`;
}

function countOf(rows: readonly Row[], kind: Verdict['kind']): number {
  return rows.filter(({ verdict }) => verdict.kind === kind).length;
}

function writeResults(rows: readonly Row[]): void {
  mkdirSync('test-results', { recursive: true });
  const trials = rows.map(
    ({ mutation: { law, id, breaks, file }, trial: { test, run: ran, only }, verdict, seconds }) => ({
      law,
      id,
      breaks,
      file,
      test,
      ...(ran === undefined ? {} : { ran }),
      only,
      verdict: verdict.kind,
      why: verdict.why,
      seconds,
    }),
  );
  writeFileSync('test-results/laws.json', `${JSON.stringify({ node: process.version, trials }, undefined, 2)}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
