import { isUnderAny } from './match-path.ts';
import { DATA_FOLDERS, FORBIDDEN_TEXT } from './rules.ts';
import type { Violation } from './violation.ts';

/** What a clone must not carry: paths of the machine it was written on, and hosts it was installed from. */
export function checkText(files: ReadonlyMap<string, string>): readonly Violation[] {
  return [...files].flatMap(([file, text]) => {
    if (isUnderAny(file, DATA_FOLDERS)) return [];
    return text.split('\n').flatMap((content, index) => {
      const found = FORBIDDEN_TEXT.find(({ pattern }) => pattern.test(content));
      return found ? [{ file, line: index + 1, rule: 'text', message: found.what }] : [];
    });
  });
}
