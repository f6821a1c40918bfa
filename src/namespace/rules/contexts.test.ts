import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectContexts } from '../../model/object.ts';
import { parseContextFilter } from './context-filter.ts';
import { assertContexts, datedContexts } from './contexts.ts';

const of = (...values: readonly string[]): ObjectContexts =>
  Object.fromEntries(values.map((value, index) => [`k${index}`, { value }]));

test('keys and values begin with a letter or digit and have no quotes and slashes', () => {
  assertContexts({ 'Abteilung für Öl': { value: '7 of 9' }, é: { value: '日本' } });
  for (const bad of ['', '-a', ' a', 'a"', "a'", 'a/b', 'a\\b', 'x'.repeat(257), 'a\ud800']) {
    assert.throws(() => assertContexts(of(bad)), { code: 'invalidArgument' }, `value ${bad}`);
    assert.throws(() => assertContexts({ [bad]: { value: 'v' } }), { code: 'invalidArgument' }, `key ${bad}`);
  }
});

test('50 contexts, 256 bytes each way, 12 KiB together', () => {
  assertContexts(of(...Array.from({ length: 50 }, () => 'v')));
  assert.throws(() => assertContexts(of(...Array.from({ length: 51 }, () => 'v'))), { code: 'invalidArgument' });
  assertContexts(of('x'.repeat(256)));
  assert.throws(() => assertContexts(of(...Array.from({ length: 48 }, () => 'x'.repeat(256)))), /12288 bytes/);
});

test("keys of Google's services are kept where they are, and cannot be made here", () => {
  assert.throws(() => assertContexts({ 'google:x': { value: 'v' } }), /Google's own/);
  assertContexts({ 'google:x': { value: 'v', createTimeMs: 1, updateTimeMs: 1 } });
});

test('a context keeps the time it was made, and its update time moves with its value', () => {
  const before = {
    a: { value: '1', createTimeMs: 5, updateTimeMs: 6 },
    b: { value: '2', createTimeMs: 5, updateTimeMs: 6 },
  };
  const after = datedContexts(before, { a: { value: '1' }, b: { value: '3' }, c: { value: '4' } }, 9);
  assert.deepEqual(after, {
    a: { value: '1', createTimeMs: 5, updateTimeMs: 6 },
    b: { value: '3', createTimeMs: 5, updateTimeMs: 9 },
    c: { value: '4', createTimeMs: 9, updateTimeMs: 9 },
  });
});

test('filters: presence, value, negation and conjunction', () => {
  const contexts: ObjectContexts = { team: { value: 'sales' }, 'my key': { value: 'a"b'.replace('"', '') } };
  const cases: readonly (readonly [filter: string, expected: boolean])[] = [
    ['contexts."team":*', true],
    ['contexts."none":*', false],
    ['contexts.team:*', true],
    ['contexts:"team"', true],
    ['contexts:none', false],
    ['contexts."team"="sales"', true],
    ['contexts."team"="Sales"', false],
    ['contexts.team = sales', true],
    ['contexts."my key"="ab"', true],
    ['-contexts."team":*', false],
    ['-contexts."none":*', true],
    ['-contexts."team"="other"', true],
    ['NOT contexts."team"="sales"', false],
    ['contexts."team":* AND -contexts."none":*', true],
    ['contexts."team":* AND contexts."none":*', false],
    ['contexts."toString":*', false],
  ];
  for (const [filter, expected] of cases) {
    assert.equal(parseContextFilter(filter)(contexts), expected, filter);
    const isNegated = filter.startsWith('-') || filter.startsWith('NOT');
    if (!filter.includes('AND')) assert.equal(parseContextFilter(filter)(undefined), isNegated, filter);
  }
});

test('what is no filter is refused', () => {
  const malformed = [' ', 'contexts', 'contexts.', 'contexts."a"', 'contexts."a":', 'contexts."a"=', 'name="a"', '"a"'];
  const others = [
    'contexts."a":* contexts."b":*',
    'contexts."a":* AND',
    'contexts."a',
    '--contexts."a":*',
    "contexts.'a':*",
  ];
  for (const filter of [...malformed, ...others, 'contexts."a"="b"/', 'x'.repeat(5_000)]) {
    assert.throws(() => parseContextFilter(filter), { code: 'invalidArgument' }, filter);
  }
});
