/** The test suites: unit tests beside the code, and one suite per folder under `test/`. */
export interface Suite {
  readonly name: string;
  readonly files: readonly string[];
  /** Test files that run at the same time. */
  readonly concurrency: number;
  /** All files in one process: for tests that touch nothing outside themselves. */
  readonly sharesProcess: boolean;
}

/** Suites that start first, in this order; the others follow by name. A red contract explains a red replay. */
const FIRST = ['unit', 'contracts', 'acceptance'];
/** Suites that measure time or kill processes: each file has the machine to itself. */
const ALONE = ['faults', 'scale', 'acceptance', 'replay', 'readers', 'demo', 'engines'];
/** Suites that run only when named: minutes of other people's start-up times. */
const ON_REQUEST = ['engines'];
/** Folders under `test/` that hold what suites share. */
const NOT_SUITES = ['support'];

/** Sorts test files into suites. `paths` are relative to the repository, with `/`. */
export function groupSuites(paths: readonly string[], cores: number): readonly Suite[] {
  const bySuite = new Map<string, string[]>();
  for (const path of paths.filter((candidate) => candidate.endsWith('.test.ts'))) {
    const name = suiteOf(path);
    if (name !== undefined) bySuite.set(name, [...(bySuite.get(name) ?? []), path]);
  }
  const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return [...bySuite]
    .map(([name, files]) => ({
      name,
      files: files.toSorted(),
      concurrency: ALONE.includes(name) ? 1 : cores,
      sharesProcess: name === 'unit',
    }))
    .toSorted((left, right) => rank(left.name) - rank(right.name) || (left.name < right.name ? -1 : 1));
}

function suiteOf(path: string): string | undefined {
  const [top = '', folder = '', ...rest] = path.split('/');
  if (top === 'src' || top === 'tools') return 'unit';
  return top === 'test' && rest.length > 0 && !NOT_SUITES.includes(folder) ? folder : undefined;
}

/** What the command line asked for. */
export interface Selection {
  /** Suite names or test files; empty: every suite. */
  readonly wanted: readonly string[];
  readonly isFull: boolean;
  /** Only tests whose name matches. */
  readonly namePattern?: string;
}

export function parseSelection(args: readonly string[]): Selection {
  const wanted: string[] = [];
  let isFull = false;
  let namePattern: string | undefined;
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (arg === '--full') isFull = true;
    else if (arg === '--grep') {
      index += 1;
      namePattern = args[index];
    } else if (arg.startsWith('-')) throw new Error(`unknown option ${arg}; there are --full and --grep PATTERN`);
    else wanted.push(arg);
  }
  return { wanted, isFull, ...(namePattern === undefined ? {} : { namePattern }) };
}

/** The suites that are wanted, cut down to the files that are. A name that fits nothing is an error. */
export function selectSuites(suites: readonly Suite[], wanted: readonly string[]): readonly Suite[] {
  if (wanted.length === 0) return suites.filter(({ name }) => !ON_REQUEST.includes(name));
  for (const want of wanted) {
    if (suites.some((suite) => suite.name === want || suite.files.includes(want))) continue;
    throw new Error(`no suite or test file '${want}'; suites: ${suites.map((suite) => suite.name).join(', ')}`);
  }
  return suites
    .map((suite) =>
      wanted.includes(suite.name) ? suite : { ...suite, files: suite.files.filter((file) => wanted.includes(file)) },
    )
    .filter((suite) => suite.files.length > 0);
}
