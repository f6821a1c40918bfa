import { relative } from 'node:path';

/** One finished test, as the test runner reports it. */
export interface TestOutcome {
  readonly name: string;
  readonly file: string;
  readonly durationMs: number;
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'todo';
  /** Why it was skipped, or how it failed. */
  readonly reason?: string;
}

/** The parts of a `test:complete` event that matter here. */
export interface CompleteEvent {
  readonly name: string;
  readonly file?: string | undefined;
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
  readonly details: {
    readonly duration_ms: number;
    readonly type?: string | undefined;
    readonly error?: unknown;
    readonly passed: boolean;
  };
}

export interface FileOutcome {
  readonly file: string;
  readonly durationMs: number;
  readonly counts: Readonly<Record<TestOutcome['outcome'], number>>;
}

/** The parts of a `test:summary` event that matter here: one comes for each file that declared anything. */
export interface SummaryEvent {
  readonly file?: string | undefined;
  readonly counts: Readonly<Record<'tests' | 'suites' | 'passed' | 'cancelled' | 'skipped' | 'todo', number>> & {
    readonly failed?: number;
  };
}

/** Gathers the events of one suite. A test may be declared in another file than the one that runs it: in a contract. */
export class SuiteResult {
  readonly outcomes: TestOutcome[] = [];
  /** Files that did not end well, for what they printed. */
  readonly failedFiles: string[] = [];
  readonly #summaries = new Map<string, SummaryEvent['counts']>();
  /** Files that ended, before their summary came: it waits its turn behind files that started earlier. */
  readonly #ended = new Map<string, CompleteEvent>();
  readonly #root: string;
  readonly #output = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Keeps what a file prints, its end when it prints much, to be shown if the file fails. */
  addOutput(file: string, text: string): void {
    const path = relative(this.#root, file);
    this.#output.set(path, `${this.#output.get(path) ?? ''}${text}`.slice(-OUTPUT_CHARACTERS_MAX));
  }

  outputOf(file: string): string {
    return this.#output.get(file) ?? '';
  }

  /** Takes a finished test or a whole file. Returns what became of a file once its summary is there as well. */
  add(event: CompleteEvent): FileOutcome | undefined {
    const file = relative(this.#root, event.file ?? event.name);
    const isWholeFile = event.name === event.file;
    if (!isWholeFile) {
      const outcome = outcomeOf(event, file);
      // A suite that failed only because of its tests says nothing that they do not.
      if (outcome && !(outcome.outcome === 'failed' && isEcho(event.details.error))) this.outcomes.push(outcome);
      return undefined;
    }
    this.#ended.set(file, event);
    return this.#closeWhenWhole(file);
  }

  addSummary({ file, counts }: SummaryEvent): FileOutcome | undefined {
    if (file === undefined) return undefined;
    const path = relative(this.#root, file);
    this.#summaries.set(path, counts);
    return this.#closeWhenWhole(path);
  }

  /** When no more events come: files that declared nothing, for which there is no summary. */
  finish(): readonly FileOutcome[] {
    return [...this.#ended].map(([file, event]) => this.#closeFile(event, file));
  }

  #closeWhenWhole(file: string): FileOutcome | undefined {
    const event = this.#ended.get(file);
    return event !== undefined && this.#summaries.has(file) ? this.#closeFile(event, file) : undefined;
  }

  /** A file that failed without a failing test died; one without tests proves nothing, which is a failure too. */
  #closeFile({ details }: CompleteEvent, file: string): FileOutcome {
    this.#ended.delete(file);
    const found = this.#summaries.get(file);
    const { passed = 0, failed = 0, cancelled = 0, skipped = 0, todo = 0 } = found ?? {};
    const isEmpty = found === undefined || found.tests + found.suites === 0;
    const died = !details.passed && failed + cancelled === 0;
    if (!details.passed) this.failedFiles.push(file);
    if (died || (details.passed && isEmpty)) {
      const reason = details.passed ? 'it holds no test' : describeError(details.error);
      this.outcomes.push({ name: '(the file)', file, durationMs: details.duration_ms, outcome: 'failed', reason });
      return { file, durationMs: details.duration_ms, counts: { passed, failed: failed + 1, skipped, todo } };
    }
    return { file, durationMs: details.duration_ms, counts: { passed, failed: failed + cancelled, skipped, todo } };
  }

  counts(): FileOutcome['counts'] {
    const counts = { passed: 0, failed: 0, skipped: 0, todo: 0 };
    for (const { outcome } of this.outcomes) counts[outcome] += 1;
    return counts;
  }
}

const OUTPUT_CHARACTERS_MAX = 16_000;

function outcomeOf({ name, skip, todo, details }: CompleteEvent, file: string): TestOutcome | undefined {
  const base = { name, file, durationMs: details.duration_ms };
  const text = (value: string | boolean | undefined) =>
    typeof value === 'string' && value !== '' ? value : 'no reason given';
  if (skip !== undefined && skip !== false) return { ...base, outcome: 'skipped', reason: text(skip) };
  if (todo !== undefined && todo !== false) return { ...base, outcome: 'todo', reason: text(todo) };
  if (!details.passed) return { ...base, outcome: 'failed', reason: describeError(details.error) };
  return details.type === 'suite' ? undefined : { ...base, outcome: 'passed' };
}

/** The runner wraps what a test threw; its cause has the stack that helps, and may have causes itself. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause === undefined) return error.stack ?? error.message;
  return causesOf(cause).join('\ncaused by ');
}

function causesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)];
  const rest = error.cause === undefined ? [] : causesOf(error.cause);
  return [error.stack ?? error.message, ...rest];
}

function isEcho(error: unknown): boolean {
  return error instanceof Error && 'failureType' in error && error.failureType === 'subtestsFailed';
}
