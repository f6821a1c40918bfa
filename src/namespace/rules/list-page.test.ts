import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ListFilter, type ListPosition, listBounds, placeOfName } from './list-page.ts';

const everything: ListFilter = {
  prefix: '',
  delimiter: '',
  startOffset: '',
  endOffset: '',
  includeTrailingDelimiter: false,
};
const filter = (fields: Partial<ListFilter>): ListFilter => ({ ...everything, ...fields });
const bytes = (text: string) => Buffer.from(text);

test('a delimiter of any length rolls up the names behind its first occurrence after the prefix', () => {
  const place = (fields: Partial<ListFilter>, name: string) => placeOfName(filter(fields), name);
  assert.deepEqual(place({}, 'a/b'), { kind: 'item' });
  assert.deepEqual(place({ delimiter: '/' }, 'a'), { kind: 'item' });
  assert.deepEqual(place({ delimiter: '/' }, 'a/b/c'), { kind: 'rolledUp', prefix: 'a/', isItemToo: false });
  assert.deepEqual(place({ delimiter: '/', prefix: 'a/' }, 'a/b/c'), {
    kind: 'rolledUp',
    prefix: 'a/b/',
    isItemToo: false,
  });
  assert.deepEqual(place({ delimiter: '/', prefix: 'a/' }, 'a/'), { kind: 'item' });
  assert.deepEqual(place({ delimiter: 'bc' }, 'abcd'), { kind: 'rolledUp', prefix: 'abc', isItemToo: false });
});

test('includeTrailingDelimiter shows names that end in exactly one delimiter as items too', () => {
  const trailing = filter({ delimiter: '/', includeTrailingDelimiter: true });
  assert.deepEqual(placeOfName(trailing, 'a/'), { kind: 'rolledUp', prefix: 'a/', isItemToo: true });
  assert.deepEqual(placeOfName(trailing, 'a//'), { kind: 'rolledUp', prefix: 'a/', isItemToo: false });
  assert.deepEqual(placeOfName(trailing, 'a/b'), { kind: 'rolledUp', prefix: 'a/', isItemToo: false });
});

const name = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\u{e000}', '\u{1f600}', '\u{10ffff}'), maxLength: 5 });
const aName = name.filter((text) => text !== '');

test('the bounds hold exactly the names that prefix, offsets and position admit', () => {
  const position: fc.Arbitrary<ListPosition | undefined> = fc.option(
    fc.record({ kind: fc.constantFrom('item', 'prefix'), name: aName }),
    { nil: undefined },
  );
  fc.assert(
    fc.property(fc.tuple(name, name, name), position, aName, ([prefix, startOffset, endOffset], after, candidate) => {
      const { start, end } = listBounds(filter({ prefix, startOffset, endOffset }), after);
      const isWithin =
        Buffer.compare(bytes(candidate), start) >= 0 &&
        (end === undefined || Buffer.compare(bytes(candidate), end) < 0);
      const isAfter =
        after === undefined ||
        (Buffer.compare(bytes(candidate), bytes(after.name)) > 0 &&
          !(after.kind === 'prefix' && candidate.startsWith(after.name)));
      const isAdmitted =
        candidate.startsWith(prefix) &&
        Buffer.compare(bytes(candidate), bytes(startOffset)) >= 0 &&
        (endOffset === '' || Buffer.compare(bytes(candidate), bytes(endOffset)) < 0) &&
        isAfter;
      assert.equal(isWithin, isAdmitted);
    }),
    { numRuns: 2_000 },
  );
});
