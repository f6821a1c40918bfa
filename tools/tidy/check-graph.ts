import { isUnderAny } from './match-path.ts';
import { AWAITING_CALLERS, ENTRY_POINTS, TEST_ADAPTERS } from './rules.ts';
import type { SourceFile } from './source-file.ts';
import type { Violation } from './violation.ts';

/** Cycles of imports that load at run time; `import type` may go in circles. */
export function checkCycles(files: readonly SourceFile[]): readonly Violation[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      file.imports.flatMap(({ kind, target }) => (kind !== 'type' && target !== undefined ? [target] : [])),
    ]),
  );
  return stronglyConnected(edges).map((group) => ({
    file: group[0] ?? '',
    line: 0,
    rule: 'cycles',
    message: `import cycle: ${[...group, group[0]].join(' → ')}`,
  }));
}

/** Groups of more than one file that reach one another, and files that import themselves (Tarjan). */
function stronglyConnected(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.size - 1);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(node) !== order.get(node)) return;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1 || edges.get(node)?.includes(node)) groups.push(group.toSorted());
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return groups;
}

/** Files under `src` that no entry point reaches: nobody runs them, so nobody would notice if they broke. */
export function checkDeadFiles(files: readonly SourceFile[], awaiting = AWAITING_CALLERS): readonly Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const waiting = [...ENTRY_POINTS];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const { target } of byPath.get(path)?.imports ?? []) if (target !== undefined) waiting.push(target);
  }
  return files.flatMap(({ path }) => {
    const isSource = path.startsWith('src/') && !/\.(?:test|d)\.ts$/.test(path) && !isUnderAny(path, TEST_ADAPTERS);
    if (!isSource || reached.has(path) || isUnderAny(path, awaiting)) return [];
    return [{ file: path, line: 0, rule: 'dead-files', message: `not reachable from ${ENTRY_POINTS.join(', ')}` }];
  });
}
