import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { namePattern } from './name-pattern.ts';

const matches = (pattern: string, name: string) => namePattern(pattern)?.matches(name);

test('the syntax of RE2, for the whole name', () => {
  const table: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
    ['tmp/.*', ['tmp/', 'tmp/a/b'], ['tmp', 'a/tmp/b']],
    ['a|b|', ['a', 'b', ''], ['ab', 'c']],
    ['^a$', ['a'], ['ba', 'ab']],
    ['\\Aa\\z', ['a'], ['ba']],
    ['(?:x|y)+z?', ['x', 'yxz'], ['', 'zx']],
    ['(?P<day>\\d{4}-\\d\\d)-x', ['2024-02-x'], ['2024-2-x']],
    ['(?<day>\\d{2,3})', ['12', '123'], ['1', '1234']],
    ['a{2,}b{0}c{,3}', ['aac{,3}'], ['aabc', 'ac{,3}']],
    ['[a-c\\d_]+', ['a1_'], ['d', '-']],
    ['[^/]+\\.log', ['x.log', 'é.log'], ['a/x.log', '.log']],
    ['[]a]+', [']a'], ['[']],
    ['[^]a]', ['b'], [']']],
    ['(?i)ab|C', ['AB', 'c', 'ab'], ['ac']],
    ['x(?i:a)b', ['xAb'], ['XAb', 'xAB']],
    ['(?i:a(?-i)b)', ['Ab'], ['AB']],
    ['((?i)a)b', ['Ab'], ['AB']],
    ['\\bab\\b.*', ['ab', 'ab c'], ['abc']],
    ['a\\Bb', ['ab'], ['a b']],
    ['\\x41\\x{1F600}\\.\\-\\_\\/', ['A😀.-_/'], ['A😀x-_/']],
    ['\\pL\\p{Lu}\\P{L}\\p{^L}', ['aB12'], ['ab12', 'aBc2']],
    ['\\pP', ['!'], ['a']],
    ['\\s\\S[\\s]', [' a\t'], ['aaa', '  a']],
    ['.', ['😀', 'a'], ['', 'ab']],
    ['a*?b+?c??', ['b', 'aabbc'], ['ac']],
    ['(a*)*(|b)+', ['', 'aab'], ['c']],
    ['a{x', ['a{x'], ['ax']],
  ];
  for (const [pattern, yes, no] of table) {
    for (const name of yes) assert.equal(matches(pattern, name), true, `${pattern} takes ${name}`);
    for (const name of no) assert.equal(matches(pattern, name), false, `${pattern} does not take ${name}`);
  }
});

test('what is no pattern, or would be too large, is none', () => {
  const refused = ['(', ')', 'a)', '[', '[a', '*', 'a**', 'a{2}{3}', 'a{3,2}', 'a{1001}', '\\', '(?=a)', '(?!a)'];
  const others = ['(?<=a)b', '(a)\\1', '\\k<a>', '[b-a]', '[[:alpha:]]', '\\C', '\\Q.\\E', '(?x)a', '(?P<>a)', '\\8'];
  const large = ['(a{1000}){3}', '(((){1000}){1000}){1000}', '((a?){1000}){1000}'];
  for (const pattern of [...refused, ...others, ...large]) assert.equal(namePattern(pattern), undefined, pattern);
});

const leaf = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '(?:)', '\\b', '^', '$', '/');
const { pattern: anyPattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('pattern'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
    fc.tuple(tie('pattern'), tie('pattern')).map(([left, right]) => `(${left}|${right})`),
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,}', '*?'))
      .map(([part, count]) => `(?:${part})${count}`),
  ),
}));

test('a pattern takes what the same expression of JavaScript takes', () => {
  const name = fc.array(fc.constantFrom('a', 'b', '1', '/', ' '), { maxLength: 6 }).map((points) => points.join(''));
  fc.assert(
    fc.property(anyPattern, fc.array(name, { minLength: 1, maxLength: 8 }), (pattern, names) => {
      const built = namePattern(pattern);
      assert.ok(built !== undefined);
      const expected = new RegExp(`^(?:${pattern})$`, 'u');
      for (const one of names) assert.equal(built.matches(one), expected.test(one), `${pattern} on ${one}`);
    }),
    { numRuns: 2_000 },
  );
});

test('patterns that would keep a backtracking matcher for ages are judged', () => {
  for (const pattern of ['(a*)*b', '(a|a)*b', '(a|aa)+b', '(.*)*(.*)*x', '((a+)+)+b', `(${'a?'.repeat(300)})b`]) {
    assert.equal(matches(pattern, 'a'.repeat(1_024)), false);
  }
});
