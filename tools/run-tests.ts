/**
 * `npm test [suite or file …] [--full] [--grep PATTERN]`: runs the suites, one after the other, and sums them up.
 * `--full` asks for the full figures of the long tests. Results go to `test-results/`, as JSON. Exit 1 on a failure.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { run } from 'node:test';
import { type Cells, cellsOfRun, renderClientTable } from './test-run/client-table.ts';
import { type Figure, type FinishedSuite, renderFile, renderSummary } from './test-run/print-report.ts';
import { type FileOutcome, SuiteResult } from './test-run/suite-result.ts';
import { groupSuites, parseSelection, type Selection, type Suite, selectSuites } from './test-run/suites.ts';

const RESULTS = 'test-results';
const FIGURES_FILE = resolve(RESULTS, 'figures.ndjson');
/** A file that runs longer hangs. */
const FILE_TIMEOUT_MS = { default: 8 * 60_000, full: 3 * 3_600_000 };

async function main(args: readonly string[]): Promise<number> {
  const selection = parseSelection(args);
  const found = globSync(['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts']);
  const suites = selectSuites(groupSuites(found, availableParallelism()), selection.wanted);
  mkdirSync(RESULTS, { recursive: true });
  rmSync(FIGURES_FILE, { force: true });
  process.env['STRAIT_TEST_FIGURES'] = FIGURES_FILE;
  if (selection.isFull) process.env['STRAIT_TEST_FULL'] = '1';
  const started = performance.now();
  const finished: FinishedSuite[] = [];
  for (const suite of suites) finished.push(await runSuite(suite, selection));
  const figures = readFigures();
  const totalMs = performance.now() - started;
  console.log(renderSummary(finished, { figures, totalMs }));
  const clients = finished.find((suite) => suite.name === 'clients');
  const clientCells = clients && cellsOfRun(clients.result.outcomes);
  if (clientCells) console.log(`\n${renderClientTable(clientCells)}`);
  const name = selection.wanted.length === 0 ? 'all' : finished.map((suite) => suite.name).join('-');
  writeResults(finished, { name, figures, totalMs, isFull: selection.isFull, ...(clientCells && { clientCells }) });
  return finished.some(({ result }) => result.counts().failed > 0) ? 1 : 0;
}

async function runSuite(suite: Suite, selection: Selection): Promise<FinishedSuite> {
  console.log(`${suite.name} (${suite.files.length} files)`);
  const started = performance.now();
  const result = new SuiteResult(process.cwd());
  const events = run({
    files: suite.files.map((file) => resolve(file)),
    isolation: suite.sharesProcess ? 'none' : 'process',
    ...(suite.sharesProcess ? {} : { concurrency: suite.concurrency }),
    timeout: selection.isFull ? FILE_TIMEOUT_MS.full : FILE_TIMEOUT_MS.default,
    ...(selection.namePattern === undefined ? {} : { testNamePatterns: [selection.namePattern] }),
  });
  let done = 0;
  const show = (file: FileOutcome | undefined) => {
    if (!file) return;
    done += 1;
    console.log(renderFile(file, `${done}/${suite.files.length}`));
  };
  events.on('test:complete', (event) => show(result.add(event)));
  events.on('test:summary', (event) => show(result.addSummary(event)));
  events.on('test:stderr', ({ file, message }) => result.addOutput(file, message));
  events.on('test:stdout', ({ file, message }) => result.addOutput(file, message));
  events.resume();
  await new Promise((ended) => events.once('end', ended));
  for (const file of result.finish()) show(file);
  return { name: suite.name, durationMs: performance.now() - started, result };
}

/** What tests recorded with `recordFigure` of test/support. */
function readFigures(): readonly Figure[] {
  try {
    const lines = readFileSync(FIGURES_FILE, 'utf8').split('\n').filter(Boolean);
    return lines.map((line): Figure => JSON.parse(line));
  } catch {
    return [];
  }
}

interface RunFacts {
  /** Of the file, in `test-results/`. */
  readonly name: string;
  readonly figures: readonly Figure[];
  readonly totalMs: number;
  readonly isFull: boolean;
  /** When the clients ran. */
  readonly clientCells?: Cells;
}

function writeResults(finished: readonly FinishedSuite[], { name, figures, totalMs, ...facts }: RunFacts): void {
  const git = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' });
  const report = {
    commit: git.status === 0 ? git.stdout.trim() : 'unknown',
    machine: { cores: availableParallelism(), memoryBytes: totalmem(), node: process.version },
    ...facts,
    totalMs: Math.round(totalMs),
    figures,
    suites: finished.map(({ name, durationMs, result }) => ({
      name,
      durationMs: Math.round(durationMs),
      ...result.counts(),
      notPassed: result.outcomes.filter(({ outcome }) => outcome !== 'passed'),
    })),
  };
  writeFileSync(`${RESULTS}/${name}${facts.isFull ? '-full' : ''}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
