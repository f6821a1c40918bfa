import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isStraitError } from '../../model/errors.ts';
import { parseUploadRange, resolveRange } from './byte-range.ts';

test('ranges resolve as GCS resolves them', () => {
  const cases: readonly (readonly [string | undefined, number, string])[] = [
    [undefined, 10, 'whole'],
    ['bytes=0-4', 10, '0-5'],
    ['bytes=5-', 10, '5-10'],
    ['bytes=5-99', 10, '5-10'],
    ['bytes=-3', 10, '7-10'],
    ['bytes=-99', 10, '0-10'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=-5', 0, 'unsatisfiable'],
    ['bytes=4-3', 10, 'whole'],
    ['bytes=12-11', 10, 'whole'],
    ['bytes=-', 10, 'whole'],
    ['bytes=0-1,3-4', 10, 'whole'],
    ['bytes=a-b', 10, 'whole'],
    ['items=0-1', 10, 'whole'],
    [`bytes=0-${'9'.repeat(400)}`, 10, '0-10'],
    [`bytes=${'9'.repeat(400)}-`, 10, 'unsatisfiable'],
  ];
  for (const [header, size, expected] of cases) {
    const found = resolveRange(header, size);
    const text = found.kind === 'part' ? `${found.range.start}-${found.range.end}` : found.kind;
    assert.equal(text, expected, `${header} of ${size}`);
  }
});

test('a resolved part is never empty and never leaves the object', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(60), fc.nat(60), fc.constantFrom('both', 'open', 'suffix'), (size, a, b, form) => {
      const header = form === 'both' ? `bytes=${a}-${b}` : form === 'open' ? `bytes=${a}-` : `bytes=-${a}`;
      const found = resolveRange(header, size);
      if (found.kind !== 'part') return;
      assert.ok(found.range.start >= 0 && found.range.start < found.range.end && found.range.end <= size);
    }),
  );
});

test('Content-Range of uploads: every form clients send', () => {
  assert.deepEqual(parseUploadRange('bytes 0-9/10'), { kind: 'chunk', first: 0, end: 10, total: 10 });
  assert.deepEqual(parseUploadRange('bytes 5-9/*'), { kind: 'chunk', first: 5, end: 10 });
  assert.deepEqual(parseUploadRange('bytes 5-*/*'), { kind: 'chunk', first: 5 });
  assert.deepEqual(parseUploadRange('bytes 0-*/0'), { kind: 'chunk', first: 0, total: 0 });
  assert.deepEqual(parseUploadRange('bytes */*'), { kind: 'status' });
  assert.deepEqual(parseUploadRange('bytes */0'), { kind: 'status', total: 0 });
  assert.deepEqual(parseUploadRange('bytes */123'), { kind: 'status', total: 123 });
});

test('Content-Range of uploads: what makes no sense is refused', () => {
  const bad = [
    '',
    'bytes',
    'bytes 0-9',
    '0-9/10',
    'bytes 9-0/10',
    'bytes 0-9/9',
    'bytes x-9/10',
    'bytes */',
    'bytes -1/3',
  ];
  for (const header of [...bad, 'bytes 11-*/10', `bytes 0-${'9'.repeat(30)}/*`]) {
    assert.throws(
      () => parseUploadRange(header),
      (error) => isStraitError(error, 'invalidArgument'),
      header,
    );
  }
});
