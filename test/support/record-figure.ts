import { appendFileSync } from 'node:fs';

export interface RecordedFigure {
  readonly name: string;
  readonly value: number | string | boolean;
  readonly unit?: string;
}

/** Puts a measured figure into the run's summary and its JSON in `test-results/`; prints it when a file runs alone. */
export function recordFigure(figure: RecordedFigure): void {
  const line = JSON.stringify(figure);
  const file = process.env['STRAIT_TEST_FIGURES'];
  if (file === undefined) console.log(`figure ${line}`);
  else appendFileSync(file, `${line}\n`);
}
