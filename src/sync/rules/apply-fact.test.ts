import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectFaces } from '../../model/faces.ts';
import { blobId, generation } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import { decideApply } from './apply-fact.ts';

function state(number: bigint, changes: Partial<ObjectState> = {}): ObjectState {
  return {
    generation: generation(number),
    metageneration: 1n,
    size: 3,
    crc32c: 7,
    timeCreatedMs: 1,
    updatedMs: 1,
    timeStorageClassUpdatedMs: 1,
    content: { kind: 'remote' },
    ...changes,
  };
}
const local = { kind: 'local' as const, segments: [{ blobId: blobId('00'.repeat(16)), offset: 0, length: 3 }] };
const published = (number: bigint): ObjectFaces => ({
  published: state(number, { content: local }),
  applied: { kind: 'same' },
});

test('a first sighting is applied, not published', () => {
  const decision = decideApply(undefined, state(5n));
  assert.deepEqual(decision, {
    kind: 'write',
    faces: { applied: { kind: 'state', state: state(5n) } },
    hasBacklog: true,
  });
});

test('a fact applied twice changes nothing', () => {
  const decision = decideApply(undefined, state(5n));
  assert.ok(decision.kind === 'write');
  assert.deepEqual(decideApply(decision.faces, state(5n)), { kind: 'nothing' });
  assert.deepEqual(decideApply(published(5n), state(5n)), { kind: 'nothing' });
  assert.deepEqual(decideApply(undefined, 'gone'), { kind: 'nothing' });
});

test('an overwrite keeps what readers see, even when its number is smaller', () => {
  const decision = decideApply(published(9n), state(3n));
  assert.ok(decision.kind === 'write');
  assert.equal(decision.faces.published?.generation, 9n);
  assert.ok(decision.faces.applied.kind === 'state' && decision.faces.applied.state.generation === 3n);
});

test('a change of metadata keeps the bytes that are here', () => {
  const decision = decideApply(published(9n), state(9n, { metageneration: 2n }));
  assert.ok(decision.kind === 'write' && decision.faces.applied.kind === 'state');
  assert.deepEqual(decision.faces.applied.state.content, local);
});

test('another end of retention, which moves no metageneration, is a change', () => {
  const until = (year: number) => ({ opaque: { retentionExpirationTime: `${year}-01-01T00:00:00.000Z` } });
  const seen: ObjectFaces = { published: state(9n, until(2030)), applied: { kind: 'same' } };
  assert.deepEqual(decideApply(seen, state(9n, until(2030))), { kind: 'nothing' });
  assert.equal(decideApply(seen, state(9n, until(2031))).kind, 'write');
  assert.equal(decideApply(seen, state(9n)).kind, 'write');
});

test('a delete leaves what readers see; a name nobody saw goes at once', () => {
  const seen = decideApply(published(9n), 'gone');
  assert.ok(seen.kind === 'write' && seen.hasBacklog);
  assert.deepEqual(seen.faces.applied, { kind: 'gone' });
  assert.deepEqual(decideApply({ applied: { kind: 'state', state: state(1n) } }, 'gone'), { kind: 'remove' });
});

test('a name that comes back as it was needs no more work', () => {
  const faces: ObjectFaces = { published: state(9n), applied: { kind: 'gone' } };
  const decision = decideApply(faces, state(9n));
  assert.deepEqual(decision, {
    kind: 'write',
    faces: { published: state(9n), applied: { kind: 'same' } },
    hasBacklog: false,
  });
});
