/** What became of each client and feature of `test/clients`, as a table: for the end of a run, and for docs. */
import {
  CLIENTS,
  type Client,
  cellName,
  FEATURES,
  type Feature,
  NOT_SERVED,
  whyAbsent,
} from '../../test/support/client-features.ts';
import type { TestOutcome } from './suite-result.ts';

export type CellOutcome = TestOutcome['outcome'] | 'absent' | 'not run';
/** By `cellName`. */
export type Cells = Readonly<Record<string, CellOutcome>>;

const clients = Object.keys(CLIENTS) as Client[];
const features = Object.keys(FEATURES) as Feature[];

/** Absent is what the declarations of test/support/client-features.ts give a reason for. */
export function cellsOf(outcomeOf: (cell: string) => CellOutcome): Cells {
  return Object.fromEntries(
    clients.flatMap((client) =>
      features.map((feature) => {
        const cell = cellName(client, feature);
        return [cell, whyAbsent(client, feature) === undefined ? outcomeOf(cell) : 'absent'];
      }),
    ),
  );
}

export function cellsOfRun(outcomes: readonly TestOutcome[]): Cells {
  const byName = new Map(outcomes.map(({ name, outcome }) => [name, outcome]));
  return cellsOf((cell) => byName.get(cell) ?? 'not run');
}

const MARKS: Readonly<Record<CellOutcome, string>> = {
  passed: '✔',
  failed: 'FAILED',
  skipped: 'skipped',
  todo: 'to do',
  absent: '–',
  'not run': '?',
};

export function renderClientTable(cells: Cells): string {
  const rows = features.map((feature) => [
    FEATURES[feature],
    ...clients.map((client) => MARKS[cells[cellName(client, feature)] ?? 'not run']),
  ]);
  const head = ['feature', ...clients];
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** `docs/reference/clients.md`. */
export function renderClientPage(cells: Cells): string {
  const facts = clients.map((client) => [client, CLIENTS[client]] as const);
  const absent = facts.flatMap(([client, { lacks }]) =>
    Object.entries(lacks).map(([feature, why]) => `- ${client}, ${FEATURES[feature as Feature]}: ${why}.`),
  );
  const notServed = Object.entries(NOT_SERVED).map(([feature, why]) => `- ${FEATURES[feature as Feature]}: ${why}.`);
  return [
    '# Clients',
    '',
    'Written by `node tools/write-client-table.ts` from a run of `npm run test:clients` in which every cell passed; do',
    'not edit. Each `✔` is a test of `test/clients` that holds an unmodified client to what it sent and got.',
    '`–` stands for what there is no test of, for the reason below.',
    '',
    renderClientTable(cells),
    '',
    '## The clients',
    '',
    ...facts.map(([client, { name }]) => `- ${client}: ${name}.`),
    '',
    '## What Strait does not serve',
    '',
    ...notServed,
    '',
    '## What clients do not have',
    '',
    ...absent,
    '',
  ].join('\n');
}
