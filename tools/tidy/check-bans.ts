import { isUnderAny } from './match-path.ts';
import { BANS, type Ban } from './rules.ts';
import type { Sighting, SourceFile } from './source-file.ts';
import type { Violation } from './violation.ts';

/** Syntax that is banned in every TypeScript file, tests and tools included. */
const EVERYWHERE: Partial<Record<Sighting['kind'], string>> = {
  any: '`any`: say the type, or `unknown`',
  nonNull: 'non-null `!`: prove it with a check',
  enum: '`enum`: a union of literals',
  defaultExport: 'default export: export it by name',
  only: 'leftover `.only`',
};

export function checkBans(files: readonly SourceFile[]): readonly Violation[] {
  return files.flatMap((file) => [...checkSyntax(file), ...checkNames(file), ...checkComments(file)]);
}

function checkSyntax(file: SourceFile): readonly Violation[] {
  const found = file.sightings.flatMap(({ kind, line }) => {
    const message = EVERYWHERE[kind];
    return message === undefined ? [] : [violation(file, line, message)];
  });
  const broken = file.parseErrors.map((message) => violation(file, 0, `does not parse: ${message}`));
  const isBarrel = file.isBarrel || file.path.endsWith('/index.ts');
  return [
    ...found,
    ...broken,
    ...(isBarrel ? [violation(file, 1, 'barrel: import from the file that defines it')] : []),
  ];
}

/** The clock, randomness, environment and console bans: for `src`, its unit tests included. */
function checkNames(file: SourceFile): readonly Violation[] {
  if (!file.path.startsWith('src/')) return [];
  const bans = BANS.filter((ban) => !isUnderAny(file.path, ban.allowedIn));
  return bans.flatMap((ban) =>
    linesOf(file, ban).map((line) => violation(file, line, `${ban.pattern}: use ${ban.instead}`)),
  );
}

function linesOf(file: SourceFile, ban: Ban): readonly number[] {
  if (ban.kind === 'import') {
    return file.imports.filter((found) => found.specifier === ban.pattern).map((found) => found.line);
  }
  const seen = file.sightings.filter(({ kind, text }) => kind === ban.kind && text === ban.pattern);
  return [...new Set(seen.map((sighting) => sighting.line))];
}

function checkComments(file: SourceFile): readonly Violation[] {
  return file.comments.flatMap(({ text, line }) => {
    if (/\b(?:FIXME|XXX)\b/.test(text)) return [violation(file, line, 'leftover FIXME')];
    if (/\bTODO\b(?!\(#\d+\))/.test(text)) return [violation(file, line, 'TODO without an issue: TODO(#123)')];
    return [];
  });
}

function violation(file: SourceFile, line: number, message: string): Violation {
  return { file: file.path, line, rule: 'bans', message };
}
