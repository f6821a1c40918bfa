import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedLifecycle, lifecycleRules } from './lifecycle.ts';

const rule = (condition: object, action: object = { type: 'Delete' }) => ({ rule: [{ action, condition }] });
const stored = (condition: object) => (checkedLifecycle(rule(condition)) as { rule: { condition: object }[] }).rule[0];

test('conditions are kept as GCS shows them, and read back typed', () => {
  const given = {
    ...{ age: '30', createdBefore: '2024-02-29', isLive: false, numNewerVersions: 0, sizeAboveBytes: 10 },
    ...{ matchesPrefix: ['a/'], matchesSuffix: [], matchesStorageClass: ['nearline'], matchesPattern: 'tmp/.*' },
    ...{ customTimeBefore: null, noncurrentTimeBefore: '2026-01-01', daysSinceNoncurrentTime: 3 },
  };
  assert.deepEqual(stored(given)?.condition, {
    ...{ age: 30, createdBefore: '2024-02-29', isLive: false, numNewerVersions: 0, sizeAboveBytes: '10' },
    ...{ matchesPrefix: ['a/'], matchesStorageClass: ['NEARLINE'], matchesPattern: 'tmp/.*' },
    ...{ noncurrentTimeBefore: '2026-01-01', daysSinceNoncurrentTime: 3 },
  });
  const [typed] = lifecycleRules({ lifecycle: checkedLifecycle(rule(given)) });
  assert.deepEqual(typed, {
    action: { type: 'Delete' },
    condition: {
      ...{ age: 30, isLive: false, numNewerVersions: 0, daysSinceNoncurrentTime: 3, sizeAboveBytes: 10 },
      ...{ matchesPrefix: ['a/'], matchesStorageClass: ['NEARLINE'], matchesPattern: 'tmp/.*' },
      ...{ createdBeforeMs: Date.UTC(2024, 1, 29), noncurrentTimeBeforeMs: Date.UTC(2026, 0, 1) },
    },
  });
});

test('what was checked stays as it is when it is checked again; no rules are no lifecycle', () => {
  const once = checkedLifecycle(
    rule({ age: '1', sizeBelowBytes: '5' }, { type: 'SetStorageClass', storageClass: 'archive' }),
  );
  assert.deepEqual(checkedLifecycle(once), once);
  assert.equal(checkedLifecycle({ rule: [] }), undefined);
  assert.equal(checkedLifecycle({}), undefined);
  assert.deepEqual(lifecycleRules({}), []);
});

test('rules that mean nothing are refused', () => {
  const refused: readonly object[] = [
    rule({}),
    rule({ matchesPrefix: [] }),
    rule({ age: 1 }, {}),
    rule({ age: 1 }, { type: 'Remove' }),
    rule({ age: 1 }, { type: 'SetStorageClass' }),
    rule({ age: 1 }, { type: 'SetStorageClass', storageClass: 'COLD' }),
    rule({ age: 1 }, { type: 'Delete', storageClass: 'COLDLINE' }),
    rule({ isLive: true }, { type: 'AbortIncompleteMultipartUpload' }),
    ...[{ age: -1 }, { age: 1.5 }, { age: 2 ** 31 }, { age: 'x' }].map((condition) => rule(condition)),
    ...[{ createdBefore: '2024-2-9' }, { createdBefore: '2023-02-29' }, { createdBefore: 20240101 }].map((one) =>
      rule(one),
    ),
    ...[{ sizeAboveBytes: -1 }, { sizeAboveBytes: 5 * 2 ** 40 + 1 }, { isLive: 'yes' }].map((one) => rule(one)),
    ...[{ matchesPrefix: [''] }, { matchesSuffix: ['x'.repeat(1_025)] }, { matchesPrefix: 'a' }].map((one) =>
      rule(one),
    ),
    ...[{ matchesStorageClass: ['COLD'] }, { matchesPattern: '(' }, { matchesPattern: '(?=a)b' }].map((one) =>
      rule(one),
    ),
    rule({ matchesPattern: '(a)\\1' }),
    { rule: Array.from({ length: 101 }, () => rule({ age: 1 }).rule[0]) },
    { rule: [0, 1].map(() => rule({ matchesPrefix: Array.from({ length: 501 }, (_, at) => `p${at}`) }).rule[0]) },
    { rule: 'x' },
    { rule: ['x'] },
  ];
  for (const lifecycle of refused) {
    assert.throws(
      () => checkedLifecycle(lifecycle),
      { code: 'invalidArgument' },
      JSON.stringify(lifecycle).slice(0, 200),
    );
  }
});
