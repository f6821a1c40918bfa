import { isBuiltin } from 'node:module';
import { isUnder, isUnderAny } from './match-path.ts';
import {
  BANS,
  FOLDER_RULES,
  type FolderRule,
  NEVER_IMPORTED_BY,
  PACKAGE_RULES,
  PURE_BUILTINS,
  PURE_FOLDERS,
  UNIT_TESTS_MAY_IMPORT,
} from './rules.ts';
import type { Import, SourceFile } from './source-file.ts';
import type { Violation } from './violation.ts';

/** Holds every import, whatever its kind, to the folder and package tables. */
export function checkImports(files: readonly SourceFile[]): readonly Violation[] {
  const paths = new Set(files.map((file) => file.path));
  return files.flatMap((file) =>
    file.imports.flatMap((found) => {
      const message = found.target === undefined ? judgePackage(file, found) : judgeRelative(file, found, paths);
      return message === undefined ? [] : [{ file: file.path, line: found.line, rule: 'imports', message }];
    }),
  );
}

function judgeRelative(file: SourceFile, { target = '', specifier }: Import, paths: ReadonlySet<string>) {
  if (specifier.endsWith('.json')) return undefined;
  if (!specifier.endsWith('.ts')) return `'${specifier}' must end in .ts`;
  if (!paths.has(target)) return `'${specifier}' is not there`;
  const rule = ruleFor(file.path);
  if (!rule) return `no row of the folder table covers ${file.path}`;
  const isUnitTest = file.path.startsWith('src/') && file.path.endsWith('.test.ts');
  if (isUnitTest && isUnderAny(target, UNIT_TESTS_MAY_IMPORT)) return undefined;
  const never = NEVER_IMPORTED_BY.find((row) => isUnder(file.path, row.importer) && isUnder(target, row.target));
  if (never) return `${never.importer} may not import ${never.target}: '${specifier}'`;
  if (isUnderAny(target, rule.mayImport) || isSameUnit(file.path, target)) return undefined;
  return `${rule.folder} may not import '${specifier}' (${target})`;
}

/** Both files stand in the same folder that the table speaks of: one adapter, one dialect, one domain. */
function isSameUnit(importer: string, target: string): boolean {
  const rule = ruleFor(importer);
  if (!rule || rule !== ruleFor(target)) return false;
  const depth = rule.folder.split('/').length;
  const rootOf = (path: string) => path.split('/').slice(0, depth).join('/');
  return rootOf(importer) === rootOf(target);
}

function ruleFor(path: string): FolderRule | undefined {
  const matching = FOLDER_RULES.filter((rule) => isUnder(path, rule.folder));
  return matching.toSorted((left, right) => weight(right.folder) - weight(left.folder))[0];
}

/** Deeper patterns win; at the same depth those with fewer stars. */
function weight(folder: string): number {
  const parts = folder.split('/');
  return parts.length * 10 - parts.filter((part) => part.includes('*')).length;
}

function judgePackage(file: SourceFile, { specifier }: Import): string | undefined {
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : packageOf(specifier);
  if (isBuiltin(specifier) && !specifier.startsWith('node:'))
    return `'${specifier}' must be written 'node:${specifier}'`;
  if (!file.path.startsWith('src/') || file.path.endsWith('.test.ts')) return undefined;
  if (BANS.some((ban) => ban.kind === 'import' && ban.pattern === specifier)) return undefined;
  if (isUnderAny(file.path, PURE_FOLDERS) && !PURE_BUILTINS.includes(specifier)) {
    return `pure folders import no package: '${specifier}'`;
  }
  const allowed = PACKAGE_RULES[specifier] ?? PACKAGE_RULES[name];
  if (!allowed) return isBuiltin(specifier) ? undefined : `no row of the package table allows '${specifier}' under src`;
  if (isUnderAny(file.path, allowed)) return undefined;
  return `'${specifier}' may be imported only under ${allowed.join(', ') || 'test'}`;
}

function packageOf(specifier: string): string {
  return specifier.startsWith('node:') ? specifier : (specifier.split('/')[0] ?? specifier);
}
