/** The tests that ARCHITECTURE.md's table names for each law, in its order; twice where it names one twice. */
export function lawTests(architecture: string): ReadonlyMap<number, readonly string[]> {
  const laws = new Map<number, readonly string[]>();
  for (const line of architecture.split('\n')) {
    const law = /^\| *(\d+) *\|/.exec(line)?.[1];
    if (law === undefined) continue;
    const paths = [...line.matchAll(/`([^`\s]+\.ts)`/g)].map(([, path = '']) => path);
    laws.set(
      Number(law),
      paths.filter((path) => path.startsWith('test/') || path.endsWith('.test.ts')),
    );
  }
  return laws;
}
