import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbitraryState as state } from '../../../test/support/arbitrary-object-state.ts';
import type { AppliedFace, ObjectFaces } from '../../model/faces.ts';
import { generation } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import { encodeRow, u64 } from './codec.ts';
import { decodeObjectRow, encodeObjectRow, GENERATION_OFFSET } from './object-row.ts';

const applied: fc.Arbitrary<AppliedFace> = fc.oneof(
  fc.constant({ kind: 'same' as const }),
  fc.constant({ kind: 'gone' as const }),
  state.map((value) => ({ kind: 'state' as const, state: value })),
);
const faces: fc.Arbitrary<ObjectFaces> = fc.record(
  { published: state, applied, setId: fc.constant('00112233445566ff') },
  { requiredKeys: ['applied'], noNullPrototype: true },
);

test('an object row reads back as it was written', () => {
  fc.assert(
    fc.property(faces, (value) => {
      assert.deepStrictEqual(decodeObjectRow(encodeObjectRow(value)), value);
    }),
  );
});

test('the published generation is the one stamped into the row', () => {
  const minimal: ObjectState = {
    generation: generation(0n),
    metageneration: 1n,
    size: 0,
    crc32c: 0,
    timeCreatedMs: 1,
    updatedMs: 1,
    timeStorageClassUpdatedMs: 1,
    content: { kind: 'local', segments: [] },
  };
  const row = Buffer.from(encodeObjectRow({ published: minimal, applied: { kind: 'same' } }));
  row.writeBigUInt64BE(1_700_000_000_000_123n, GENERATION_OFFSET);
  assert.equal(decodeObjectRow(row).published?.generation, 1_700_000_000_000_123n);
});

test('a row without room for its head is corrupt, and so is one that is cut short', () => {
  fc.assert(
    fc.property(faces, fc.nat(), (value, cut) => {
      const row = encodeObjectRow(value);
      assert.throws(() => decodeObjectRow(row.subarray(0, cut % row.length)), { code: 'corrupt' });
    }),
  );
});

test('a row of a later format is refused, not guessed', () => {
  const row = Buffer.from(encodeObjectRow({ applied: { kind: 'gone' } }));
  row[0] = 2;
  assert.throws(() => decodeObjectRow(row), { code: 'corrupt' });
});

test('fields of a later release are ignored', () => {
  const later = encodeRow([{ m: 1n, z: 0, c: 0, t: 1, u: 1, s: 1, b: [], '§': 'unknown' }, 0, null], u64(7n));
  assert.equal(decodeObjectRow(later).published?.generation, 7n);
});
