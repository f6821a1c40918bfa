import { checkBans } from './check-bans.ts';
import { checkDocuments } from './check-documents.ts';
import { checkCycles, checkDeadFiles } from './check-graph.ts';
import { checkImports } from './check-imports.ts';
import { checkSizes } from './check-sizes.ts';
import { checkText } from './check-text.ts';
import { parseSource } from './source-file.ts';
import type { Violation } from './violation.ts';

/** Every rule over a tree of tracked text files, path → content. Pure, so that tests can plant what they like. */
export function checkTree(files: ReadonlyMap<string, string>): readonly Violation[] {
  const sources = [...files]
    .filter(([path]) => /^(?:src|test|bench|tools)\/.*\.ts$/.test(path))
    .map(([path, text]) => parseSource(path, text));
  return [
    ...checkImports(sources),
    ...checkBans(sources),
    ...checkSizes(sources),
    ...checkCycles(sources),
    ...checkDeadFiles(sources),
    ...checkText(files),
    ...checkDocuments(files),
  ];
}
