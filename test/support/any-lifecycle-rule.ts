import fc from 'fast-check';
import type { ModelRule, RuleCondition } from './gcs-model.ts';

export const STORAGE_CLASSES = ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE'];

const DAY_MS = 86_400_000;

/** Rules of one or two conditions that often hold for objects made from `startMs` on, with names `a`, `b`, `dir/…`. */
export function anyRule(startMs: number): fc.Arbitrary<ModelRule> {
  const action = fc.oneof(
    fc.constant({ type: 'Delete' as const }),
    fc.constantFrom(...STORAGE_CLASSES).map((name) => ({ type: 'SetStorageClass' as const, storageClass: name })),
  );
  return fc.record({ action, condition: anyCondition(startMs) });
}

function anyCondition(startMs: number): fc.Arbitrary<RuleCondition> {
  const days = fc.constantFrom(0, 1, 2, 5, 30);
  const date = fc.nat(40).map((after) => new Date(startMs + after * DAY_MS).toISOString().slice(0, 10));
  const all = fc.record({
    age: days,
    createdBefore: date,
    customTimeBefore: date,
    daysSinceCustomTime: days,
    daysSinceNoncurrentTime: days,
    noncurrentTimeBefore: date,
    isLive: fc.boolean(),
    numNewerVersions: fc.constantFrom(0, 1, 2, 3),
    matchesPrefix: fc.constantFrom(['dir/'], ['a', 'b'], ['c', 'tmp']),
    matchesSuffix: fc.constantFrom(['.tmp'], ['a', 'c'], ['dir', 'd']),
    matchesPattern: fc.constantFrom('dir/.*', '[ab]', '.*(c|\\.tmp)'),
    matchesStorageClass: fc.subarray(STORAGE_CLASSES, { minLength: 1 }),
    sizeAboveBytes: fc.nat(12).map(String),
    sizeBelowBytes: fc.nat(12).map(String),
  });
  return all.chain((every) =>
    fc.subarray(Object.entries(every), { minLength: 1, maxLength: 2 }).map((some) => Object.fromEntries(some)),
  );
}
