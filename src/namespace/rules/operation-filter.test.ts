import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketId } from '../../model/ids.ts';
import type { Operation } from '../../model/operation.ts';
import { parseOperationFilter } from './operation-filter.ts';

const START = Date.parse('2026-03-01T00:00:00Z');

function operation(parts: Partial<Operation> = {}): Operation {
  return {
    id: '0'.repeat(32),
    bucket: 'b',
    bucketId: bucketId('0'.repeat(16)),
    kind: 'renameFolder',
    createdMs: START,
    updatedMs: START,
    isCancelRequested: false,
    shown: {},
    work: {},
    ...parts,
  };
}
const running = operation();
const ended = operation({ outcome: { kind: 'response', response: {} }, endedMs: START + 1000, progressPercent: 100 });
const cancelled = operation({ isCancelRequested: true, kind: 'relocateBucket' });

const CASES: readonly (readonly [filter: string, running: boolean, ended: boolean, cancelled: boolean])[] = [
  ['', true, true, true],
  ['done = true', false, true, false],
  ['done=false', true, false, true],
  ['done:true', false, true, false],
  ['NOT done = true', true, false, true],
  ['-done = true', true, false, true],
  ['done != true', true, false, true],
  ['(done = true AND complete_time >= "2026-01-01T00:00:00Z") OR requested_cancellation = true', false, true, true],
  ['complete_time > "2026-03-01T00:00:00Z"', false, true, false],
  ['complete_time > "2026-03-01T00:00:01Z"', false, false, false],
  ['metadata.commonMetadata.createTime <= "2026-03-01T00:00:00Z"', true, true, true],
  ['create_time < 2026-03-01T00:00:00Z', false, false, false],
  ['type = rename-folder', true, true, false],
  ['type:relocate', false, false, true],
  ['progress_percent >= 50', false, true, false],
  ['complete_time:*', false, true, false],
  // OR binds tighter than AND.
  ['type = rename-folder AND done = true OR requested_cancellation = false', true, true, false],
  ['done = false requested_cancellation = true', false, false, true],
];

test('filters of AIP-160 accept what they say', () => {
  for (const [filter, ...expected] of CASES) {
    const accepts = parseOperationFilter(filter);
    assert.deepEqual([running, ended, cancelled].map(accepts), expected, filter);
  }
});

test('what is no filter is refused with the field at fault', () => {
  const refused = ['done', 'done =', '= true', 'size = 3', '(done = true', 'done = true)', 'create_time > yesterday'];
  for (const filter of [
    ...refused,
    'done == true',
    'AND',
    '"done" = true',
    '('.repeat(30),
    `done = ${'x'.repeat(5_000)}`,
  ]) {
    assert.throws(
      () => parseOperationFilter(filter),
      { code: 'invalidArgument', details: { field: 'filter' } },
      filter,
    );
  }
});

test('any text is either a filter or refused as one, and NOT turns every answer round', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseOperationFilter(text)(running);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'invalidArgument');
      }
    }),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...CASES.map(([filter]) => filter).filter((filter) => filter !== '')), (filter) => {
      const [accepts, refuses] = [parseOperationFilter(filter), parseOperationFilter(`NOT (${filter})`)];
      for (const one of [running, ended, cancelled]) assert.notEqual(accepts(one), refuses(one));
    }),
  );
});
