import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isStraitError } from '../../model/errors.ts';
import { Router } from './router.ts';
import { parseTarget } from './target.ts';

function routes(): Router<string> {
  const router = new Router<string>();
  router.add('GET', '/b', 'list');
  router.add('GET', '/b/', 'list/');
  router.add('GET', '/b/:bucket/o/:object', 'get');
  router.add('POST', '/b/:bucket/o/bulk', 'bulk');
  router.add('POST', '/b/:bucket/o/:object/copyTo/b/:toBucket/o/:toObject', 'copy');
  return router;
}

const find = (method: string, raw: string) => routes().match(method, parseTarget(raw).segments);

test('any legal name survives the way from a URL to a parameter, byte for byte', () => {
  const name = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
    fc.constantFrom(
      'a',
      'a/b',
      'a//b',
      'a/',
      '/',
      '..x',
      '../x',
      './',
      '%2F',
      '%',
      'a b+c',
      '?#&=',
      'ü€😀',
      '\u{e000}',
    ),
  );
  fc.assert(
    fc.property(name, name, (from, to) => {
      const match = find('POST', `/b/bkt/o/${encodeURIComponent(from)}/copyTo/b/bkt/o/${encodeURIComponent(to)}?x=/y`);
      assert.ok(match.kind === 'found');
      assert.deepEqual(match.params, { bucket: 'bkt', object: from, toBucket: 'bkt', toObject: to });
    }),
  );
});

test('raw UTF-8 bytes, which node:http shows as Latin-1, are read as UTF-8', () => {
  const match = find('GET', `/b/bkt/o/${Buffer.from('ü€').toString('latin1')}`);
  assert.ok(match.kind === 'found');
  assert.equal(match.params['object'], 'ü€');
});

test('nothing is normalised: dots stay, an encoded slash stays in its segment, a bare one splits', () => {
  const match = find('GET', '/b/bkt/o/..%2F.%2Fx');
  assert.ok(match.kind === 'found');
  assert.equal(match.params['object'], '.././x');
  assert.equal(find('GET', '/b/bkt/o/a/b').kind, 'notFound');
  assert.equal(find('GET', '/b/bkt/o/../o/a').kind, 'notFound');
  assert.equal(find('GET', '/b/bkt/o/a/').kind, 'notFound');
  assert.equal(find('GET', '/b//o/a').kind, 'notFound');
  assert.equal(find('GET', '/b/').kind, 'found');
});

test('a literal wins where it has the method, else the capture is tried', () => {
  const values = (['GET', 'POST'] as const).map((method) => {
    const match = find(method, '/b/bkt/o/bulk');
    return match.kind === 'found' ? match.value : match.kind;
  });
  assert.deepEqual(values, ['get', 'bulk']);
});

test('a known path with another method names the methods it has', () => {
  assert.deepEqual(find('DELETE', '/b/bkt/o/x'), { kind: 'methodNotAllowed', allowed: ['GET'] });
});

test('targets: absolute form, plus as space in the query only, first of repeated parameters', () => {
  const target = parseTarget('http://proxy:1/b/x+y/o?prefix=a+b%2Bc&flag&prefix=z&&=v');
  assert.deepEqual(target.segments, ['b', 'x+y', 'o']);
  assert.deepEqual(
    [...target.query],
    [
      ['prefix', 'a b+c'],
      ['flag', ''],
      ['', 'v'],
    ],
  );
});

test('escapes that are not UTF-8 are refused', () => {
  for (const raw of ['/b/x?prefix=%ff', '/b/x?prefix=%', '/b/x?a%zz=1', 'no-slash']) {
    assert.throws(
      () => parseTarget(raw),
      (error) => isStraitError(error, 'invalidArgument'),
      raw,
    );
  }
  for (const raw of ['/b/bkt/o/%', '/b/bkt/o/%c3', '/b/bkt/o/\xff']) {
    assert.throws(
      () => find('GET', raw),
      (error) => isStraitError(error, 'invalidArgument'),
      raw,
    );
  }
});
