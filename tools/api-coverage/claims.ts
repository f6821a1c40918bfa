/** The API tests and what they claim, from the files in test/api. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ApiTest, collectApiTests } from '../../test/support/api-test.ts';
import { type Point, pointsOf } from '../../test/support/claim-filters.ts';

const FOLDER = 'test/api';

export interface FiledTest extends ApiTest {
  /** Without folder and suffix. */
  readonly file: string;
}

export async function readApiTests(): Promise<readonly FiledTest[]> {
  const tests: FiledTest[] = [];
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.test.ts'));
  for (const file of files.toSorted()) {
    const found = await collectApiTests(() => import(pathToFileURL(join(FOLDER, file)).href));
    tests.push(...found.map((test) => ({ ...test, file: file.replace('.test.ts', '') })));
  }
  return tests;
}

/** One key for each point, whoever claims it. Parameters that every method has are the same point for all. */
export function keyOf({ method, kind, name }: Point, globals: ReadonlySet<string>): string {
  return kind === 'parameter' && globals.has(name) ? `* ${kind} ${name}` : `${method} ${kind} ${name}`;
}

export interface ClaimedPoint {
  readonly point: Point;
  readonly tests: readonly FiledTest[];
}

export function claimedPoints(tests: readonly FiledTest[], globals: ReadonlySet<string>) {
  const claimed = new Map<string, { readonly point: Point; readonly tests: FiledTest[] }>();
  for (const test of tests) {
    for (const point of test.claims.flatMap(pointsOf)) {
      const key = keyOf(point, globals);
      const entry = claimed.get(key) ?? { point, tests: [] };
      if (!entry.tests.includes(test)) entry.tests.push(test);
      claimed.set(key, entry);
    }
  }
  return claimed as ReadonlyMap<string, ClaimedPoint>;
}
