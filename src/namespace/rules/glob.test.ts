import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseGlob } from './glob.ts';

const matches = (pattern: string, name: string) => parseGlob(pattern).matches(name);

test('patterns of the documentation', () => {
  const cases: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
    ['foo*bar', ['foobar', 'foobazbar'], ['foo/bar', 'foobars', 'afoobar']],
    ['foo**bar', ['foobar', 'foobazbar', 'foo/bar', 'foo/x/y/bar'], ['fobar']],
    ['**/foobar', ['foobar', 'a/foobar', 'a/b/foobar'], ['afoobar', 'a/xfoobar', 'foobar/']],
    ['*/foobar', ['a/foobar', '/foobar'], ['foobar', 'a/b/foobar']],
    ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b', 'a//b'], ['ab', 'a/xb', 'b']],
    ['foo?bar', ['fooxbar', 'foo\u{1f600}bar'], ['foobar', 'foo/bar', 'fooxxbar']],
    ['foo[0-9]bar', ['foo0bar', 'foo9bar'], ['fooabar', 'foo00bar']],
    ['foo[a-zA-Z]', ['fooz', 'fooQ'], ['foo1', 'foo']],
    ['foo[!a-c]', ['food', 'foo-'], ['fooa', 'foo/', 'foo']],
    ['foo[^a-c]', ['food'], ['foob']],
    ['[]a]', [']', 'a'], ['b']],
    ['[a-]', ['a', '-'], ['b']],
    ['[\\]]x', [']x'], ['\\x']],
    ['{foo,bar}', ['foo', 'bar'], ['fo', 'foobar', '{foo,bar}']],
    ['{a,b{c,d*}e,}x', ['ax', 'bcex', 'bdex', 'bdzzex', 'x'], ['bx', 'bd/ex']],
    ['**.{csv,parquet}', ['a.csv', 'x/y.parquet'], ['a.json', 'a.csv.gz']],
    ['a\\*b', ['a*b'], ['axb', 'a\\*b']],
    ['a,b}', ['a,b}'], ['a', 'b']],
    ['**', ['', 'a', 'a/b/'], []],
    ['*', ['', 'a'], ['a/']],
    ['', [''], ['a']],
  ];
  for (const [pattern, yes, no] of cases) {
    for (const name of yes) assert.ok(matches(pattern, name), `${pattern} matches ${name}`);
    for (const name of no) assert.equal(matches(pattern, name), false, `${pattern} does not match ${name}`);
  }
});

test('patterns that do not end what they begin are refused', () => {
  for (const pattern of ['[a', '[', '{a', '{a,b', '{a{b}', 'a\\', '[a-', '{[}', 'x'.repeat(1_025)]) {
    assert.throws(() => parseGlob(pattern), { code: 'invalidArgument' }, pattern);
  }
});

/** Patterns beside the regular expressions that mean the same. */
const atom = fc.oneof(
  fc.constantFrom('a', 'b', '/', '.', '\u{1f600}').map((text) => [text, text === '.' ? '\\.' : text] as const),
  fc.constant(['?', '[^/]'] as const),
  fc.constant(['*', '[^/]*'] as const),
  fc.constant(['[a-b]', '[a-b]'] as const),
  fc.constant(['[!a]', '[^a/]'] as const),
);
const deep = fc.constant(['x**x', 'x[^]*x'] as const);
const plain = fc.array(fc.oneof({ weight: 6, arbitrary: atom }, { weight: 1, arbitrary: deep }), { maxLength: 6 });
type Piece = readonly [glob: string, regexp: string];
const joined = (pieces: readonly Piece[]): Piece => [
  // Two stars in a row would be another thing than one after the other.
  pieces.map(([glob], index) => (glob === '*' && pieces[index - 1]?.[0] === '*' ? '' : glob)).join(''),
  pieces.map(([, regexp]) => regexp).join(''),
];
const option = plain.map(joined);
const either = fc
  .array(option, { minLength: 1, maxLength: 3 })
  .map(
    (options): Piece => [
      `{${options.map(([glob]) => glob).join(',')}}`,
      `(?:${options.map(([, regexp]) => regexp).join('|')})`,
    ],
  );
const whole = fc
  .array(fc.oneof(option, either), { maxLength: 3 })
  .map((pieces): Piece => [pieces.map(([glob]) => glob).join('\\a'), pieces.map(([, regexp]) => regexp).join('a')]);
const name = fc.string({ unit: fc.constantFrom('a', 'b', 'x', '/', '.', '\u{1f600}'), maxLength: 8 });

test('a pattern matches what the regular expression of the same meaning matches', () => {
  fc.assert(
    fc.property(whole, fc.array(name, { maxLength: 20 }), ([pattern, regexp], names) => {
      const glob = parseGlob(pattern);
      const expected = new RegExp(`^${regexp}$`, 'u');
      for (const one of names) {
        assert.equal(glob.matches(one), expected.test(one), `${pattern} ${one}`);
        if (glob.matches(one)) assert.ok(one.startsWith(glob.literalPrefix));
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a hostile pattern reads a name once', () => {
  const pattern = '{**a,**b,*c}'.repeat(60) + '**'.repeat(50);
  const glob = parseGlob(pattern);
  const steps = (length: number) => {
    let read = 0;
    const counted = {
      *[Symbol.iterator]() {
        for (; read < length; read += 1) yield 'a';
      },
    };
    assert.equal(glob.matches(counted as unknown as string), true);
    return read;
  };
  assert.equal(steps(1_000), 1_000);
  assert.equal(matches('*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(1_024)), false);
});
