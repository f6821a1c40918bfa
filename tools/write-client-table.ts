/**
 * `node tools/write-client-table.ts`: writes docs/reference/clients.md from the last `npm run test:clients`. Refuses a
 * run in which a cell did not pass: the page promises all of them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Cells, cellsOf, renderClientPage } from './test-run/client-table.ts';

const { clientCells = {} }: { readonly clientCells?: Cells } = JSON.parse(
  readFileSync('test-results/clients-full.json', 'utf8'),
);
const cells = cellsOf((cell) => clientCells[cell] ?? 'not run');
const open = Object.entries(cells).filter(([, outcome]) => outcome !== 'passed' && outcome !== 'absent');
if (open.length > 0) {
  for (const [cell, outcome] of open) console.error(`${cell}: ${outcome}`);
  console.error('not written: run npm run setup:clients and npm run test:clients until every cell passes');
  process.exitCode = 1;
} else {
  writeFileSync('docs/reference/clients.md', renderClientPage(cells));
}
