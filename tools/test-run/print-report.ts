import type { FileOutcome, SuiteResult, TestOutcome } from './suite-result.ts';

/** What a suite came to, for the summary. */
export interface FinishedSuite {
  readonly name: string;
  readonly durationMs: number;
  readonly result: SuiteResult;
}

export interface Figure {
  readonly name: string;
  readonly value: number | string | boolean;
  readonly unit?: string;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export function renderFile({ file, durationMs, counts }: FileOutcome, position: string): string {
  const mark = counts.failed > 0 ? '✖' : counts.passed === 0 ? '–' : '✔';
  return `  ${mark} ${position} ${file}  ${renderCounts(counts)}, ${seconds(durationMs)}`;
}

function renderCounts(counts: FileOutcome['counts']): string {
  const parts = [`${counts.passed} passed`];
  if (counts.failed > 0) parts.push(`${counts.failed} FAILED`);
  if (counts.skipped > 0) parts.push(`${counts.skipped} skipped`);
  if (counts.todo > 0) parts.push(`${counts.todo} to do`);
  return parts.join(', ');
}

/** The end of a run: figures, what was skipped and why, what failed and how, one line per suite. */
export function renderSummary(
  suites: readonly FinishedSuite[],
  run: { readonly figures: readonly Figure[]; readonly totalMs: number },
): string {
  const all = suites.flatMap((suite) => suite.result.outcomes);
  const width = Math.max(5, ...suites.map((suite) => suite.name.length));
  return [
    ...section(
      'Figures',
      run.figures.map(({ name, value, unit }) => `  ${name}: ${value}${unit ? ` ${unit}` : ''}`),
    ),
    ...section('Skipped', renderSkipped(all.filter((outcome) => outcome.outcome === 'skipped'))),
    ...section(
      'Failed',
      suites.flatMap(({ result }) => renderFailures(result)),
    ),
    ...section('Suites', [
      ...suites.map(({ name, result, durationMs }) => suiteLine(name.padEnd(width), result.counts(), durationMs)),
      suiteLine('total'.padEnd(width), sum(suites), run.totalMs),
    ]),
  ].join('\n');
}

function suiteLine(name: string, counts: FileOutcome['counts'], durationMs: number): string {
  return `  ${counts.failed > 0 ? '✖' : '✔'} ${name}  ${renderCounts(counts)}, ${seconds(durationMs)}`;
}

function sum(suites: readonly FinishedSuite[]): FileOutcome['counts'] {
  const total = { passed: 0, failed: 0, skipped: 0, todo: 0 };
  for (const { result } of suites) {
    for (const { outcome } of result.outcomes) total[outcome] += 1;
  }
  return total;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

/** One line per reason: a missing server skips many tests at once. */
function renderSkipped(skipped: readonly TestOutcome[]): readonly string[] {
  const byReason = Map.groupBy(skipped, ({ file, reason }) => `${file}: ${reason}`);
  return [...byReason].map(([reason, outcomes]) => `  ${reason} (${outcomes.length})`);
}

/** Failures, then the end of what each failed file printed: its servers' logs, or why it died. */
function renderFailures(result: SuiteResult): readonly string[] {
  const failed = result.outcomes.filter((outcome) => outcome.outcome === 'failed');
  const printed = result.failedFiles.flatMap((file) => {
    const output = result.outputOf(file).trimEnd().split('\n').slice(-OUTPUT_LINES_MAX).filter(Boolean);
    return output.length === 0 ? [] : [`  ${file} printed`, ...output.map((line) => `      | ${line}`)];
  });
  return [...failed.flatMap(renderFailure), ...printed];
}

const OUTPUT_LINES_MAX = 60;

function renderFailure({ name, file, reason }: TestOutcome): readonly string[] {
  return [`  ✖ ${file}: ${name}`, ...(reason ?? '').split('\n').map((line) => `      ${line}`)];
}
