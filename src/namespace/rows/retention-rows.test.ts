import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generation } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import { decodeObjectRow, encodeObjectRow } from './object-row.ts';

const PLAIN: ObjectState = {
  generation: generation(7n),
  metageneration: 1n,
  size: 0,
  crc32c: 0,
  timeCreatedMs: 1,
  updatedMs: 1,
  timeStorageClassUpdatedMs: 1,
  content: { kind: 'local', segments: [] },
};

const reread = (state: ObjectState) =>
  decodeObjectRow(encodeObjectRow({ published: state, applied: { kind: 'same' } })).published;

test('a row keeps the retention and the time a hold was released', () => {
  for (const mode of ['Locked', 'Unlocked'] as const) {
    const state = { ...PLAIN, retention: { mode, retainUntilMs: 1_800_000_000_123 }, holdReleasedMs: 5 };
    assert.deepEqual(reread(state), state);
  }
});

test('rows that have the retention among opaque fields are read', () => {
  const retention = { mode: 'Locked', retainUntilTime: '2027-01-15T08:00:00.123Z' };
  const lifted = { ...PLAIN, retention: { mode: 'Locked', retainUntilMs: 1_800_000_000_123 } };
  assert.deepEqual(reread({ ...PLAIN, opaque: { retention } }), lifted);
  assert.deepEqual(reread({ ...PLAIN, opaque: { retention, x: 1 } }), { ...lifted, opaque: { x: 1 } });
});
