import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cellsOf, cellsOfRun, renderClientPage, renderClientTable } from './client-table.ts';

test('docs/reference/clients.md has the clients and features that are tested', () => {
  const page = renderClientPage(cellsOf(() => 'passed'));
  const stale = 'stale: run npm run test:clients, then node tools/write-client-table.ts';
  assert.equal(readFileSync('docs/reference/clients.md', 'utf8'), page, stale);
});

test('a cell shows what became of its test', () => {
  const outcome = { file: 'test/clients/go.test.ts', durationMs: 1 };
  const cells = cellsOfRun([
    { ...outcome, name: 'go: buckets', outcome: 'passed' },
    { ...outcome, name: 'go: list', outcome: 'failed' },
  ]);
  assert.equal(cells['go: buckets'], 'passed');
  assert.equal(cells['go: compose'], 'not run');
  assert.equal(cells['go: batch'], 'absent');
  assert.match(renderClientTable(cells), /list by prefix[^|]*\|[^\n]*FAILED/);
});
