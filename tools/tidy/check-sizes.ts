import { BUDGETS, EMPTY_NAMES } from './rules.ts';
import type { SourceFile } from './source-file.ts';
import type { Violation } from './violation.ts';

/** Size budgets and file names. A function that declares tests is bounded by its file, not by the function budget. */
export function checkSizes(files: readonly SourceFile[]): readonly Violation[] {
  return files.flatMap((file) => [
    ...checkFile(file),
    ...checkLines(file),
    ...checkFunctions(file),
    ...checkName(file),
  ]);
}

function checkFile(file: SourceFile): readonly Violation[] {
  const count = file.text.endsWith('\n') ? file.lines.length - 1 : file.lines.length;
  if (count <= BUDGETS.fileLines) return [];
  return [violation(file, 0, `${count} lines, at most ${BUDGETS.fileLines}: split it`)];
}

function checkLines(file: SourceFile): readonly Violation[] {
  return file.lines.flatMap((text, index) => {
    if (text.length <= BUDGETS.lineColumns) return [];
    return [violation(file, index + 1, `${text.length} columns, at most ${BUDGETS.lineColumns}`)];
  });
}

function checkFunctions(file: SourceFile): readonly Violation[] {
  return file.functions.flatMap(({ name, line, lines, parameters, isSuite }) => [
    ...(lines > BUDGETS.functionLines && !isSuite
      ? [violation(file, line, `function ${name} has ${lines} lines, at most ${BUDGETS.functionLines}: split it`)]
      : []),
    ...(parameters > BUDGETS.parameters
      ? [
          violation(
            file,
            line,
            `function ${name} has ${parameters} parameters, at most ${BUDGETS.parameters}: name them`,
          ),
        ]
      : []),
  ]);
}

function checkName(file: SourceFile): readonly Violation[] {
  const segments = file.path.split('/');
  const stem = (segments.at(-1) ?? '').replace(/(?:\.test|\.d)?\.ts$/, '');
  const empty = [...segments.slice(0, -1), stem].find((segment) => EMPTY_NAMES.includes(segment));
  if (empty) return [violation(file, 0, `'${empty}' says nothing about what is in it`)];
  const isKebab = /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(stem);
  return isKebab ? [] : [violation(file, 0, `file names are kebab-case: '${stem}'`)];
}

function violation(file: SourceFile, line: number, message: string): Violation {
  return { file: file.path, line, rule: 'sizes', message };
}
