import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesText, problemsOf, renderReport, type SiteReport, type TableReport } from './demo-report.ts';

const atSite = {
  site: 'east',
  commits: 3,
  rows: 10,
  lagMs: { p50: 12.4, p99: 99.6, count: 3 },
  opened: 4,
  versions: 3,
  broken: 0,
  findings: [],
  unavailable: 0,
};
const table: TableReport = {
  name: 'orders',
  format: 'delta',
  history: 3,
  cloudCommits: 3,
  expectedRows: 10,
  how: 'exact',
  bytes: 2048,
  sites: [atSite, { ...atSite, site: 'west', lagMs: { p50: 20, p99: 50, count: 3 } }],
};
const site: SiteReport = { name: 'east', url: 'http://east', differences: [], verifyCode: 0, verifyOutput: '' };

test('nothing to say about a run that matched', () => {
  assert.deepEqual(problemsOf([table], [site]), []);
});

const flaws: readonly [string, Partial<typeof atSite>, RegExp][] = [
  ['a broken snapshot', { broken: 1, findings: ['2: part-1: 404'] as never }, /1 broken snapshots: 2: part-1: 404/],
  ['other rows', { rows: 9 }, /9 rows, expected 10/],
  ['a missing commit', { commits: 2 }, /at commit 2 of 3/],
  ['a table nobody ever opened', { opened: 0 }, /no snapshot was ever opened/],
];
for (const [what, flaw, message] of flaws) {
  test(`${what} at one site keeps the report from matching`, () => {
    const [problem, ...others] = problemsOf([{ ...table, sites: [atSite, { ...atSite, ...flaw }] }], [site]);
    assert.match(problem ?? '', message);
    assert.deepEqual(others, []);
  });
}

test('a commit that never reached the cloud, other names at a site, and a failed verify are problems', () => {
  const problems = problemsOf([{ ...table, cloudCommits: 2 }], [{ ...site, differences: ['x: gone'], verifyCode: 1 }]);
  assert.match(
    problems.join('\n'),
    /2 of 3 commits reached the cloud\neast differs in 1 names: x: gone\nstrait verify/,
  );
});

test('rows that cannot be counted are no problem', () => {
  const uncounted = { ...table, how: '–' as const, sites: [{ ...atSite, rows: undefined }] };
  assert.deepEqual(problemsOf([uncounted], [site]), []);
});

test('the table shows commits by place and the worse lag of the sites', () => {
  const [head = '', , row = '', , totals = ''] = renderReport({ tables: [table] }).split('\n');
  assert.match(head, /commits cloud\/east\/west/);
  assert.match(row, /^orders +delta +3\/3\/3 +10 exact +20\/100 ms +8 +0 +2\.0 KiB$/);
  assert.match(totals, /^1 tables +3 +8 +0 +2\.0 KiB$/);
});

test('bytes are shown in the largest unit that keeps them above one', () => {
  assert.deepEqual([0, 1023, 1024, 5 * 2 ** 20].map(bytesText), ['0 B', '1023 B', '1.0 KiB', '5.0 MiB']);
});
