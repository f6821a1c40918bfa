import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderSummary } from './print-report.ts';
import { type CompleteEvent, SuiteResult, type SummaryEvent } from './suite-result.ts';
import { groupSuites, parseSelection, selectSuites } from './suites.ts';

const FILES = [
  'test/faults/kill.test.ts',
  'test/contracts/blob-store.test.ts',
  'test/contracts/blob-store.ts',
  'test/support/clock.test.ts',
  'src/model/ids.test.ts',
  'tools/tidy/tidy.test.ts',
  'test/engines/spark.test.ts',
];

test('files become suites: unit first, support is none, the rest by name', () => {
  const suites = groupSuites(FILES, 2);
  assert.deepEqual(
    suites.map(({ name, files, concurrency }) => [name, files.length, concurrency]),
    [
      ['unit', 2, 2],
      ['contracts', 1, 2],
      ['engines', 1, 1],
      ['faults', 1, 1],
    ],
  );
});

test('a selection names suites or files, and a name that fits nothing is an error', () => {
  const suites = groupSuites(FILES, 2);
  assert.deepEqual(
    selectSuites(suites, ['faults']).map((suite) => suite.name),
    ['faults'],
  );
  const unasked = suites.filter((suite) => !selectSuites(suites, []).includes(suite));
  assert.deepEqual(
    unasked.map((suite) => suite.name),
    ['engines'],
  );
  assert.equal(selectSuites(suites, ['engines']).length, 1);
  const one = selectSuites(suites, ['src/model/ids.test.ts']);
  assert.deepEqual(
    one.map((suite) => suite.files),
    [['src/model/ids.test.ts']],
  );
  assert.throws(() => selectSuites(suites, ['fautls']), /no suite or test file 'fautls'; suites: unit, contracts/);
  assert.deepEqual(parseSelection(['faults', '--full', '--grep', 'kill']), {
    wanted: ['faults'],
    isFull: true,
    namePattern: 'kill',
  });
  assert.throws(() => parseSelection(['--fast']), /unknown option --fast/);
});

const event = (
  name: string,
  more: Partial<CompleteEvent> & { passed?: boolean; error?: unknown } = {},
): CompleteEvent => ({
  name,
  file: '/repo/test/a/x.test.ts',
  details: { duration_ms: 5, type: 'test', passed: more.passed ?? true, error: more.error },
  ...more,
});

const summary = (counts: Partial<SummaryEvent['counts']>): SummaryEvent => ({
  file: '/repo/test/a/x.test.ts',
  counts: { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0, ...counts },
});

test('outcomes are counted once, skips keep their reason, a dead file is a failure', () => {
  const result = new SuiteResult('/repo');
  result.add(event('one'));
  result.add(event('two', { skip: 'no PostgreSQL here' }));
  result.add(event('three', { passed: false, error: new Error('boom') }));
  const suiteError = Object.assign(new Error('1 subtest failed'), { failureType: 'subtestsFailed' });
  result.add(event('suite', { passed: false, error: suiteError }));
  result.addSummary(summary({ tests: 3, suites: 1, passed: 1, failed: 1, skipped: 1 }));
  const file = result.add(event('/repo/test/a/x.test.ts', { passed: false, error: new Error('test failed') }));
  assert.deepEqual(file?.counts, { passed: 1, failed: 1, skipped: 1, todo: 0 });
  assert.deepEqual(result.counts(), file?.counts);

  const borrowed = new SuiteResult('/repo');
  borrowed.add(event('of a contract', { file: '/repo/test/a/contract.ts' }));
  borrowed.addSummary(summary({ tests: 1, passed: 1 }));
  assert.deepEqual(borrowed.add(event('/repo/test/a/x.test.ts'))?.counts, {
    passed: 1,
    failed: 0,
    skipped: 0,
    todo: 0,
  });
  assert.deepEqual(borrowed.counts(), { passed: 1, failed: 0, skipped: 0, todo: 0 });

  const dead = new SuiteResult('/repo');
  dead.add(event('/repo/test/a/x.test.ts', { passed: false, error: new Error('test failed') }));
  assert.equal(dead.finish()[0]?.counts.failed, 1);
  dead.addOutput('/repo/test/a/x.test.ts', 'SyntaxError: here\n');
  const run = { figures: [], totalMs: 1 };
  assert.match(renderSummary([{ name: 'a', durationMs: 1, result: dead }], run), /\| SyntaxError: here/);

  const empty = new SuiteResult('/repo');
  empty.add(event('/repo/test/a/x.test.ts'));
  empty.finish();
  assert.equal(empty.outcomes[0]?.reason, 'it holds no test');

  const overtaken = new SuiteResult('/repo');
  overtaken.add(event('one'));
  assert.equal(overtaken.add(event('/repo/test/a/x.test.ts')), undefined);
  assert.equal(overtaken.addSummary(summary({ tests: 1, passed: 1 }))?.counts.passed, 1);
  assert.deepEqual([overtaken.finish(), overtaken.counts().failed], [[], 0]);
});

test('the summary says what was skipped and why, what failed and how, and the totals', () => {
  const result = new SuiteResult('/repo');
  result.add(event('one'));
  result.add(event('two', { skip: 'no PostgreSQL here' }));
  result.add(event('also two', { skip: 'no PostgreSQL here' }));
  result.add(event('three', { passed: false, error: new Error('boom') }));
  const text = renderSummary([{ name: 'contracts', durationMs: 1500, result }], {
    figures: [{ name: 'commit rate', value: 412, unit: 'commits/s' }],
    totalMs: 2000,
  });
  assert.match(text, /commit rate: 412 commits\/s/);
  assert.match(text, /test\/a\/x\.test\.ts: no PostgreSQL here \(2\)/);
  assert.match(text, /✖ test\/a\/x\.test\.ts: three\n\s+Error: boom/);
  assert.match(text, /total\s+1 passed, 1 FAILED, 2 skipped, 2\.0 s/);
});
