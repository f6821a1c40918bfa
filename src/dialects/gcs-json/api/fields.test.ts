import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isStraitError } from '../../../model/errors.ts';
import { below, isSelected, parseFields, select } from './fields.ts';
import { METHODS } from './methods.ts';

const RESOURCE = {
  kind: 'k',
  nextPageToken: 't',
  items: [
    { name: 'a', size: '1', metadata: { x: '1', y: '2' }, acl: [{ entity: 'e', role: 'r' }] },
    { name: 'b', size: '2' },
  ],
};

const cut = (fields: string) => select(RESOURCE, parseFields(fields, undefined));

test('the grammar: lists, paths, groups and wildcards', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['kind', { kind: 'k' }],
    ['kind,nextPageToken', { kind: 'k', nextPageToken: 't' }],
    ['items/name', { items: [{ name: 'a' }, { name: 'b' }] }],
    [
      'items(name,size)',
      {
        items: [
          { name: 'a', size: '1' },
          { name: 'b', size: '2' },
        ],
      },
    ],
    ['items(metadata/x),kind', { kind: 'k', items: [{ metadata: { x: '1' } }, {}] }],
    ['items/metadata(x,y)', { items: [{ metadata: { x: '1', y: '2' } }, {}] }],
    ['items/acl/role', { items: [{ acl: [{ role: 'r' }] }, {}] }],
    ['items/*/x', { items: [{ metadata: { x: '1' }, acl: [{}] }, {}] }],
    ['*', RESOURCE],
    [
      'items/name,items/size',
      {
        items: [
          { name: 'a', size: '1' },
          { name: 'b', size: '2' },
        ],
      },
    ],
    ['items,items/name', { items: RESOURCE.items }],
    ['items/name,items', { items: RESOURCE.items }],
    [' kind , items( name ) ', { kind: 'k', items: [{ name: 'a' }, { name: 'b' }] }],
    ['absent', {}],
  ];
  for (const [fields, expected] of cases) assert.deepEqual(cut(fields), expected, fields);
});

test('what is not in the grammar is refused, naming the parameter', () => {
  for (const bad of [',', 'a,', 'a(', 'a(b', 'a)', 'a()', '/a', 'a//b', 'a/', '(a)', 'a(b)c', `${'a('.repeat(40)}b`]) {
    assert.throws(
      () => parseFields(bad, undefined),
      (error) => isStraitError(error, 'invalidArgument') && error.details.field === 'fields',
      bad,
    );
  }
});

test('names the resource does not have are refused', () => {
  for (const good of [
    'items(name,metadata/anything),prefixes',
    'nextPageToken,items/acl(entity,role)',
    '*',
    'items/*',
  ]) {
    parseFields(good, METHODS['objects.list'].answer);
  }
  for (const bad of ['name', 'items/nam', 'items(name,toString)', 'constructor']) {
    assert.throws(() => parseFields(bad, METHODS['objects.list'].answer), /Invalid field selection/, bad);
  }
});

test('no parameter and an empty one select everything', () => {
  for (const fields of [undefined, '', '*']) {
    const selection = parseFields(fields, METHODS['objects.list'].answer);
    assert.ok(isSelected(selection, 'items'));
    assert.equal(select(RESOURCE, below(selection, 'items')), RESOURCE);
  }
});

test('selecting twice is selecting once, and the order of the list does not matter', () => {
  const field = fc.constantFrom('kind', 'items', 'items/name', 'items/metadata/x', 'items(size,acl/role)', '*/name');
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), (list) => {
      const selection = parseFields(list.join(','), undefined);
      const once = select(RESOURCE, selection);
      assert.deepEqual(select(once, selection), once);
      assert.deepEqual(cut(list.toReversed().join(',')), once);
    }),
  );
});
