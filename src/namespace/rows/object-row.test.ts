import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AppliedFace, ObjectFaces } from '../../model/faces.ts';
import { blobId, bucketId, generation } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import { flatPlace, leafOf, objectKey } from './keys.ts';
import { decodeObjectRow, encodeObjectRow, GENERATION_OFFSET } from './object-row.ts';

const segment = fc.record({
  blobId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => blobId(Buffer.from(bytes).toString('hex'))),
  offset: fc.nat(),
  length: fc.nat(),
});
const state: fc.Arbitrary<ObjectState> = fc.record(
  {
    generation: fc.bigInt({ min: 1n, max: 2n ** 63n }).map(generation),
    metageneration: fc.bigInt({ min: 1n, max: 2n ** 62n }),
    size: fc.nat(2 ** 42),
    crc32c: fc.nat(2 ** 32 - 1),
    timeCreatedMs: fc.nat(2 ** 41),
    updatedMs: fc.nat(2 ** 41),
    timeStorageClassUpdatedMs: fc.nat(2 ** 41),
    content: fc.oneof(
      fc.constant({ kind: 'remote' as const }),
      fc.array(segment, { maxLength: 4 }).map((segments) => ({ kind: 'local' as const, segments })),
    ),
    contentType: fc.string(),
    metadata: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string()),
    eventBasedHold: fc.boolean(),
    etag: fc.string(),
  },
  {
    requiredKeys: [
      'generation',
      'metageneration',
      'size',
      'crc32c',
      'timeCreatedMs',
      'updatedMs',
      'timeStorageClassUpdatedMs',
      'content',
    ],
  },
);
const applied: fc.Arbitrary<AppliedFace> = fc.oneof(
  fc.constant({ kind: 'same' as const }),
  fc.constant({ kind: 'gone' as const }),
  state.map((value) => ({ kind: 'state' as const, state: value })),
);
const faces: fc.Arbitrary<ObjectFaces> = fc.record(
  { published: state, applied, setId: fc.constant('00112233445566ff') },
  { requiredKeys: ['applied'] },
);

test('an object row reads back as it was written', () => {
  fc.assert(
    fc.property(faces, (value) => {
      assert.deepEqual(structuredClone(decodeObjectRow(encodeObjectRow(value))), structuredClone(value));
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

test('keys sort as the UTF-8 of their names, and give the name back', () => {
  const id = bucketId('0000000000000001');
  const names = ['a', 'a/b', 'a//b', 'a\u{e000}', 'a\u{1f600}', 'Z', 'é', 'a\u0000'];
  const byKey = [...names].sort((x, y) => Buffer.compare(objectKey(flatPlace(id, x)), objectKey(flatPlace(id, y))));
  const byBytes = [...names].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
  assert.deepEqual(byKey, byBytes);
  for (const name of names) assert.equal(leafOf('object', objectKey(flatPlace(id, name))), name);
});
