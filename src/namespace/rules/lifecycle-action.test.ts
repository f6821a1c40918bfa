import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Bucket } from '../../model/bucket.ts';
import { bucketId, generation, scopeId } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import { isUploadAborted, judgeVersion, readyRules } from './lifecycle-action.ts';

const DAY = 86_400_000;
const CREATED = Date.UTC(2019, 0, 10, 10);

function bucketWith(rule: readonly object[], more: object = {}): Bucket {
  return {
    ...{ name: 'b', id: bucketId('0'.repeat(16)), scopeId: scopeId('s'), owner: 'here', project: 'p' },
    ...{ generation: 1n, metageneration: 1n, timeCreatedMs: 0, updatedMs: 0, location: 'US', storageClass: 'STANDARD' },
    settings: { lifecycle: { rule }, ...more },
  };
}

function stateWith(more: Partial<ObjectState> = {}): ObjectState {
  const times = { timeCreatedMs: CREATED, updatedMs: CREATED, timeStorageClassUpdatedMs: CREATED };
  const content = { kind: 'local' as const, segments: [] };
  const numbers = { generation: generation(1n), metageneration: 1n, size: 10, crc32c: 0 };
  return { ...numbers, ...times, content, storageClass: 'STANDARD', ...more };
}

interface Case {
  readonly state?: Partial<ObjectState>;
  readonly name?: string;
  readonly newerVersions?: number;
  readonly nowMs?: number;
  readonly settings?: object;
}

/** What the rules do: `delete`, a storage class, or nothing. */
function judged(rules: readonly object[], { state, name = 'a', newerVersions = 0, nowMs = CREATED, settings }: Case) {
  const bucket = bucketWith(rules, settings);
  const change = judgeVersion(readyRules(bucket), { bucket, name, state: stateWith(state), newerVersions }, nowMs);
  return change?.kind === 'setStorageClass' ? change.storageClass : change?.kind;
}

const deletes = (condition: object, one: Case = {}) =>
  judged([{ action: { type: 'Delete' }, condition }], one) === 'delete';
const moves = (storageClass: string, condition: object = { age: 0 }) => ({
  action: { type: 'SetStorageClass', storageClass },
  condition,
});

test('times count from the instant, as the page on lifecycle management has it', () => {
  const since = Date.UTC(2019, 0, 20, 10);
  assert.equal(deletes({ age: 10 }, { nowMs: since - 1 }), false);
  assert.equal(deletes({ age: 10 }, { nowMs: since }), true, '"on and after 2019/01/20 10:00 UTC"');
  assert.equal(deletes({ age: 10 }, { nowMs: since, state: { timeDeletedMs: since } }), true, 'noncurrent or not');
  assert.equal(deletes({ age: 0 }), true);

  assert.equal(deletes({ createdBefore: '2019-01-11' }), true);
  assert.equal(deletes({ createdBefore: '2019-01-10' }), false, 'before midnight of that day');

  const custom = { customTimeMs: CREATED };
  assert.equal(deletes({ customTimeBefore: '2019-01-11' }, { state: custom }), true);
  assert.equal(deletes({ customTimeBefore: '2019-01-10' }, { state: custom }), false);
  assert.equal(deletes({ customTimeBefore: '2999-01-01' }), false, 'without a custom time');
  assert.equal(deletes({ daysSinceCustomTime: 10 }, { state: custom, nowMs: since }), true);
  assert.equal(deletes({ daysSinceCustomTime: 10 }, { state: custom, nowMs: since - 1 }), false);
  assert.equal(deletes({ daysSinceCustomTime: 0 }, { nowMs: since }), false);

  const noncurrent = { timeDeletedMs: CREATED + DAY };
  assert.equal(deletes({ daysSinceNoncurrentTime: 9 }, { state: noncurrent, nowMs: since }), true);
  assert.equal(deletes({ daysSinceNoncurrentTime: 10 }, { state: noncurrent, nowMs: since }), false);
  assert.equal(deletes({ daysSinceNoncurrentTime: 0 }, { nowMs: since }), false, 'a live version');
  assert.equal(deletes({ noncurrentTimeBefore: '2019-01-12' }, { state: noncurrent }), true);
  assert.equal(deletes({ noncurrentTimeBefore: '2019-01-11' }, { state: noncurrent }), false);
  assert.equal(deletes({ noncurrentTimeBefore: '2999-01-01' }), false, 'a live version');
});

test('versions, names, sizes and classes', () => {
  const noncurrent = { timeDeletedMs: CREATED };
  assert.deepEqual([deletes({ isLive: true }), deletes({ isLive: false })], [true, false]);
  assert.deepEqual(
    [true, false].map((isLive) => deletes({ isLive }, { state: noncurrent })),
    [false, true],
  );
  assert.equal(deletes({ numNewerVersions: 2 }, { newerVersions: 2, state: noncurrent }), true);
  assert.equal(deletes({ numNewerVersions: 2 }, { newerVersions: 1, state: noncurrent }), false);
  assert.equal(deletes({ numNewerVersions: 0 }), true);
  assert.equal(deletes({ matchesPrefix: ['x', 'logs/'] }, { name: 'logs/a' }), true);
  assert.equal(deletes({ matchesPrefix: ['Logs/'] }, { name: 'logs/a' }), false);
  assert.equal(deletes({ matchesSuffix: ['.tmp', 'a'] }, { name: 'logs/a' }), true);
  assert.equal(deletes({ matchesPrefix: ['logs/'], matchesSuffix: ['.tmp'] }, { name: 'logs/a' }), false, 'both');
  assert.equal(deletes({ matchesPattern: 'l.g.*a' }, { name: 'logs/a' }), true);
  assert.equal(deletes({ matchesPattern: 'logs/' }, { name: 'logs/a' }), false, 'the whole name');
  assert.equal(deletes({ matchesStorageClass: ['NEARLINE'] }, { state: { storageClass: 'NEARLINE' } }), true);
  assert.equal(deletes({ matchesStorageClass: ['STANDARD'] }, { state: { storageClass: 'REGIONAL' } }), false);
  assert.deepEqual([deletes({ sizeAboveBytes: '9' }), deletes({ sizeAboveBytes: '10' })], [true, false]);
  assert.deepEqual([deletes({ sizeBelowBytes: '11' }), deletes({ sizeBelowBytes: '10' })], [true, false]);
});

test('all conditions of a rule must hold, and any rule of those that delete', () => {
  assert.equal(deletes({ age: 0, isLive: false }), false);
  const rules = [{ age: 5 }, { sizeAboveBytes: 5 }].map((condition) => ({ action: { type: 'Delete' }, condition }));
  assert.equal(judged(rules, {}), 'delete');
});

test('deletion wins over a class, the cheapest class over others, and no class is raised', () => {
  const toNearline = moves('NEARLINE');
  const toColdline = moves('COLDLINE');
  const remove = { action: { type: 'Delete' }, condition: { age: 1 } };
  assert.equal(judged([toNearline, toColdline], {}), 'COLDLINE');
  assert.equal(judged([toColdline, toNearline], {}), 'COLDLINE');
  assert.equal(judged([toColdline, remove, toNearline], { nowMs: CREATED + DAY }), 'delete');
  assert.equal(judged([toNearline, toColdline], { state: { storageClass: 'ARCHIVE' } }), undefined);
  assert.equal(judged([toNearline, toColdline], { state: { storageClass: 'COLDLINE' } }), undefined);
  assert.equal(judged([moves('STANDARD')], { state: { storageClass: 'NEARLINE' } }), undefined);
  assert.equal(judged([moves('STANDARD')], { state: { storageClass: 'REGIONAL' } }), undefined);
  const reduced = { storageClass: 'DURABLE_REDUCED_AVAILABILITY' };
  assert.equal(judged([moves('STANDARD')], { state: reduced }), 'STANDARD');
  assert.equal(judged([toNearline], { state: { storageClass: 'RAPID' } }), undefined);
  assert.equal(judged([moves('RAPID')], {}), undefined);
  assert.equal(judged([toNearline], { settings: { autoclass: { enabled: true } } }), undefined);
});

test('what is held or retained is not deleted, but may get another class', () => {
  const remove = { action: { type: 'Delete' }, condition: { age: 0 } };
  const kept: readonly Case[] = [
    { state: { temporaryHold: true } },
    { state: { eventBasedHold: true } },
    { settings: { retentionPolicy: { retentionPeriod: '60' } } },
    // The deletion of a live version would only make it noncurrent: lifecycle does not even do that.
    { settings: { retentionPolicy: { retentionPeriod: '60' }, versioning: { enabled: true } } },
  ];
  for (const one of kept) {
    assert.equal(judged([remove], one), undefined);
    assert.equal(judged([remove, moves('NEARLINE')], one), undefined, 'deletion wins, and waits');
    assert.equal(judged([moves('NEARLINE')], one), 'NEARLINE');
  }
  const settings = { retentionPolicy: { retentionPeriod: '60' } };
  assert.equal(judged([remove], { settings, nowMs: CREATED + 60_000 }), 'delete');
});

test('an unfinished upload ends by its last use and its name', () => {
  const action = { type: 'AbortIncompleteMultipartUpload' };
  const rules = readyRules(bucketWith([{ action, condition: { age: 2, matchesPrefix: ['tmp/'] } }]));
  const upload = { name: 'tmp/a', touchedMs: CREATED };
  assert.equal(isUploadAborted(rules, upload, CREATED + 2 * DAY), true);
  assert.equal(isUploadAborted(rules, upload, CREATED + 2 * DAY - 1), false);
  assert.equal(isUploadAborted(rules, { ...upload, name: 'a' }, CREATED + 2 * DAY), false);
  const others = readyRules(bucketWith([{ action: { type: 'Delete' }, condition: { age: 0 } }]));
  assert.equal(isUploadAborted(others, upload, CREATED + 2 * DAY), false);
  assert.equal(judged([{ action, condition: { age: 0 } }], {}), undefined, 'objects are no uploads');
});

const condition = fc.record(
  {
    age: fc.nat(3),
    daysSinceNoncurrentTime: fc.nat(3),
    numNewerVersions: fc.nat(3),
    isLive: fc.boolean(),
    matchesPrefix: fc.constantFrom(['a'], ['b', 'c']),
    matchesStorageClass: fc.constantFrom(['STANDARD'], ['NEARLINE', 'COLDLINE']),
  },
  { requiredKeys: ['age'] },
);
const rule = fc.record({
  condition,
  action: fc.oneof(
    fc.constant({ type: 'Delete' }),
    fc.constantFrom('NEARLINE', 'COLDLINE', 'ARCHIVE').map((name) => ({ type: 'SetStorageClass', storageClass: name })),
  ),
});
const version = fc.record({
  name: fc.constantFrom('a', 'b', 'd'),
  newerVersions: fc.nat(3),
  nowMs: fc.nat(4 * DAY).map((ms) => CREATED + ms),
  state: fc.record(
    { storageClass: fc.constantFrom('STANDARD', 'NEARLINE', 'ARCHIVE'), timeDeletedMs: fc.constant(CREATED) },
    { requiredKeys: ['storageClass'] },
  ),
});

test('rules: their order means nothing, one more never spares, and time alone never does either', () => {
  const strength = (outcome: string | undefined) =>
    [undefined, 'NEARLINE', 'COLDLINE', 'ARCHIVE', 'delete'].indexOf(outcome);
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), rule, version, fc.nat(5 * DAY), (rules, more, one, laterMs) => {
      const outcome = judged(rules, one);
      assert.equal(judged(rules.toReversed(), one), outcome);
      assert.ok(strength(judged([...rules, more], one)) >= strength(outcome));
      assert.ok(strength(judged(rules, { ...one, nowMs: one.nowMs + laterMs })) >= strength(outcome));
      // A rule that holds holds alone.
      const alone = rules
        .map((each) => judged([each], one))
        .toSorted((left, right) => strength(right) - strength(left));
      assert.equal(outcome, alone[0]);
    }),
    { numRuns: 2_000 },
  );
});
