import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  arbitraryAttributes,
  arbitraryBlobId,
  arbitrarySegment,
  arbitraryState,
} from '../../../test/support/arbitrary-object-state.ts';
import type { Bucket } from '../../model/bucket.ts';
import { blobId, bucketId, generation, scopeId, stagingId } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import type { Preconditions } from '../../model/preconditions.ts';
import {
  decodeBlob,
  decodeInline,
  decodeReaped,
  decodeSegments,
  decodeUnreferenced,
  encodeBlob,
  encodeInline,
  encodeReaped,
  encodeSegments,
  encodeUnreferenced,
  pageSegmentsMax,
} from './blob-rows.ts';
import { bucketGenerationOffset, decodeBucket, encodeBucket } from './bucket-row.ts';
import { encodeRow } from './codec.ts';
import { decodeJournal, encodeJournal, journalState } from './journal.ts';
import { blobRefKey, flatPlace } from './keys.ts';
import { encodeObjectRow, loadState } from './object-row.ts';
import { allReferenceWrites, type HolderChange } from './references.ts';
import { decodeStagingOwner, decodeUpload, encodeStagingOwner, encodeUpload, type UploadRow } from './upload-row.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const blob = blobId('00112233445566778899aabbccddeeff');

test('a bucket row reads back as it was written, whatever keys its settings have', () => {
  const bucket = {
    name: 'lake',
    id: bucketId('0000000000000001'),
    scopeId: scopeId('0000000000000002'),
    owner: 'cloud',
    project: 'p',
    generation: 2n ** 60n,
    metageneration: 2n ** 62n,
    timeCreatedMs: 1_700_000_000_000,
    updatedMs: 1_700_000_000_001,
    location: 'US',
    storageClass: 'STANDARD',
    settings: JSON.parse('{"labels": {"__proto__": "x"}, "versioning": {"enabled": false}, "n": [1, null]}'),
  };
  assert.deepStrictEqual(decodeBucket(encodeBucket(bucket)), bucket);
  assert.deepStrictEqual(decodeBucket(encodeBucket({ ...bucket, etag: 'e' })), { ...bucket, etag: 'e' });
  const everything: Bucket = {
    ...bucket,
    ...{ etag: 'e', layout: 'folders', acl: [], defaultObjectAcl: [], softDeletion: { atMs: 1, hardDeleteMs: 2 } },
  };
  for (const one of [bucket, { ...bucket, etag: 'e' }, everything]) {
    const value = Buffer.from(encodeBucket(one));
    value.writeBigUInt64BE(77n, bucketGenerationOffset(value));
    assert.deepStrictEqual(decodeBucket(value), { ...one, generation: 77n }, 'the store can stamp the generation');
  }
});

test('a bucket row of an older version has the generation that a cloud told, or one made of its time', () => {
  const row = (settings: string) =>
    encodeRow({ id: '01', scopeId: '02', name: 'lake', metageneration: '1', timeCreatedMs: 5, settings });
  const told = decodeBucket(row('{"generation": "12", "labels": {}}'));
  assert.deepEqual([told.generation, told.settings], [12n, { labels: {} }]);
  assert.equal(decodeBucket(row('{}')).generation, 5_000n);
});

const preconditions: fc.Arbitrary<Preconditions> = fc.record(
  {
    ifGenerationMatch: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    ifGenerationNotMatch: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    ifMetagenerationMatch: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    ifMetagenerationNotMatch: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const upload: fc.Arbitrary<UploadRow> = fc.record(
  {
    bucket: fc.string(),
    bucketId: fc.constant(bucketId('00000000000000ff')),
    name: fc.string({ unit: 'binary' }),
    attributes: arbitraryAttributes,
    preconditions,
    expected: fc.record(
      {
        crc32c: fc.nat(2 ** 32 - 1),
        md5: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        size: fc.nat(5 * 2 ** 40),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    createdMs: fc.nat(2 ** 41),
    touchedMs: fc.nat(2 ** 41),
    status: fc.oneof(
      fc.constant({ kind: 'open' as const }),
      fc.constant({ kind: 'open' as const, stagingId: stagingId('s-1') }),
      arbitraryState.map((state) => ({ kind: 'finished' as const, state })),
      fc.constant({ kind: 'cancelled' as const }),
      fc.constant({
        kind: 'failed' as const,
        code: 'checksumMismatch' as const,
        message: 'm',
        details: { expected: 'a', actual: 'b' },
      }),
    ),
  },
  { noNullPrototype: true },
);

test('an upload row reads back as it was written', () => {
  fc.assert(
    fc.property(upload, (row) => {
      // A finished one has its attributes in its object, and not a second time.
      const kept = row.status.kind === 'finished' ? { ...row, attributes: {} } : row;
      assert.deepStrictEqual(decodeUpload(encodeUpload(row)), kept);
    }),
  );
  assert.equal(decodeStagingOwner(encodeStagingOwner('u1')), 'u1');
});

test('blob rows read back as they were written', () => {
  for (const place of ['inline', 'store', 'page'] as const) {
    const row = { size: 5 * 2 ** 40, place };
    assert.deepStrictEqual(decodeBlob(encodeBlob(row)), row);
    assert.deepStrictEqual(decodeReaped(encodeReaped({ place })), { place });
  }
  assert.deepStrictEqual(decodeUnreferenced(encodeUnreferenced({ t: 1_700_000_000_000 })), { t: 1_700_000_000_000 });
});

test('a page of segments reads back as it was written and stays below the limit of a value', () => {
  fc.assert(
    fc.property(fc.array(arbitrarySegment, { maxLength: 40 }), (segments) => {
      const page = encodeSegments(segments);
      assert.deepStrictEqual(decodeSegments(page), segments);
      if (segments.length > 0) assert.throws(() => decodeSegments(page.subarray(0, -1)), { code: 'corrupt' });
    }),
  );
  const full = Array.from({ length: 1024 }, () => ({ blobId: blob, offset: 2 ** 42, length: 2 ** 42 }));
  assert.ok(encodeSegments(full).length <= 32 * 1024);
  assert.throws(() => encodeSegments([...full, ...full]), RangeError);
  const sealed = full.map((segment) => ({ ...segment, wrappedKey: new Uint8Array(60).fill(1) }));
  const most = sealed.slice(0, pageSegmentsMax(sealed));
  assert.ok(encodeSegments(most).length <= 32 * 1024 && most.length > 300);
  assert.deepStrictEqual(decodeSegments(encodeSegments(most)), most);
  assert.throws(() => encodeSegments(sealed), RangeError);
  assert.throws(() => encodeSegments([...most.slice(1), ...full.slice(0, 1)]), RangeError, 'keys for all or for none');
});

test('inline bytes that change in storage are corrupt, never returned', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(), (bytes, at) => {
      const value = encodeInline(bytes);
      assert.deepEqual([...decodeInline(value, blob)], [...bytes]);
      assert.throws(() => decodeInline(value, blob, 'aes-256-gcm'), { code: 'corrupt' });
      assert.throws(() => decodeInline(encodeInline(bytes, 'aes-256-gcm'), blob), { code: 'corrupt' });
      value[at % value.length] = (value[at % value.length] ?? 0) ^ 0x10;
      assert.throws(() => decodeInline(value, blob), { code: 'corrupt' });
    }),
  );
  assert.throws(() => decodeInline(encodeInline(Uint8Array.of()).subarray(0, 3), blob), { code: 'corrupt' });
});

test('a journal entry carries what a replay needs, and no place of bytes', () => {
  fc.assert(
    fc.property(arbitraryState, (state) => {
      const record = {
        op: 'insert' as const,
        bucket: 'lake',
        name: 'a',
        metageneration: state.metageneration.toString(),
        timeMs: 1,
        state: journalState(state),
      };
      const line = decodeJournal(encodeJournal(record, state.generation));
      assert.ok(line.record.op === 'insert' && line.record.state !== undefined);
      assert.deepStrictEqual(loadState(line.record.state, line.generation), { ...state, content: { kind: 'remote' } });
    }),
  );
});

test('references follow the rows: gained, lost, and handed over in one transaction', () => {
  const holders = ['a', 'b'].map((name) => ({
    kind: 'object' as const,
    place: flatPlace(bucketId('0000000000000001'), name),
  }));
  const blobs = fc
    .uniqueArray(fc.constantFrom(...fc.sample(arbitraryBlobId, { numRuns: 5, seed: 1 })))
    .map((ids) => new Set(ids));
  fc.assert(
    fc.property(fc.tuple(blobs, blobs, blobs, blobs), ([before0, after0, before1, after1]) => {
      const changes = [
        { holder: holders[0], before: before0, after: after0 },
        { holder: holders[1], before: before1, after: after1 },
      ] as HolderChange[];
      const state = new Set(changes.flatMap((c) => [...c.before].map((id) => hex(blobRefKey(id, c.holder)))));
      const expected = new Set(changes.flatMap((c) => [...c.after].map((id) => hex(blobRefKey(id, c.holder)))));
      const candidates = new Set<string>();
      const writes = allReferenceWrites(changes, 1);
      assert.equal(new Set(writes.map((write) => hex(write.key))).size, writes.length, 'a key is written once');
      for (const write of writes) {
        const isCandidate = Buffer.from(write.key).toString('latin1').startsWith('unreferenced/');
        if (isCandidate) candidates.add(hex(write.key.subarray(-16)));
        else if (write.kind === 'put') state.add(hex(write.key));
        else state.delete(hex(write.key));
      }
      assert.deepEqual(state, expected);
      const held = after0.union(after1);
      for (const id of before0.union(before1))
        if (!held.has(id)) assert.ok(candidates.has(id), 'a candidate for reaping');
    }),
  );
});

/** The bytes on disk. A change here is a change of format: it needs a new version and a way to read the old one. */
test('golden bytes', () => {
  const state: ObjectState = {
    generation: generation(1_700_000_000_000_123n),
    metageneration: 1n,
    size: 3,
    crc32c: 0x364b3fb7,
    md5: Uint8Array.from({ length: 16 }, (_, index) => index),
    timeCreatedMs: 1_700_000_000_000,
    updatedMs: 1_700_000_000_000,
    timeStorageClassUpdatedMs: 1_700_000_000_000,
    contentType: 'text/plain',
    metadata: { k: 'v' },
    content: { kind: 'local', segments: [{ blobId: blob, offset: 0, length: 3, inline: true }] },
  };
  const wrappedKey = new Uint8Array(60).fill(5);
  const golden: Readonly<Record<string, readonly [actual: Uint8Array, hex: string]>> = {
    object: [
      encodeObjectRow({ published: state, applied: { kind: 'same' } }),
      [
        '0100060a24181e407b938aa16dd30000000000000001a17a03a163ce364b3fb7a174cb4278bcfe56800000a175cb4278',
        'bcfe56800000a173cb4278bcfe56800000a1629194c41000112233445566778899aabbccddeeff000301a168c4100001',
        '02030405060708090a0b0c0d0e0fa154aa746578742f706c61696ea14d92a16ba17600c0',
      ].join(''),
    ],
    applied: [
      encodeObjectRow({
        applied: { kind: 'state', state: { ...state, content: { kind: 'remote' } } },
        setId: '0123456789abcdef',
      }),
      [
        '01000000000000000093c08ba16dd30000000000000001a17a03a163ce364b3fb7a174cb4278bcfe56800000a175cb42',
        '78bcfe56800000a173cb4278bcfe56800000a16200a167d300060a24181e407ba168c410000102030405060708090a0b',
        '0c0d0e0fa154aa746578742f706c61696ea14d92a16ba176c4080123456789abcdef',
      ].join(''),
    ],
    inline: [encodeInline(Buffer.from('abc')), '0100364b3fb7616263'],
    blob: [encodeBlob({ size: 3, place: 'inline' }), '0182a473697a6503a5706c616365a6696e6c696e65'],
    encryptedObject: [
      encodeObjectRow({
        published: {
          ...state,
          encryption: { kind: 'customer', keySha256: Buffer.alloc(32, 7).toString('base64') },
          content: { kind: 'local', segments: [{ blobId: blob, offset: 0, length: 3, inline: true, wrappedKey }] },
        },
        applied: { kind: 'same' },
      }),
      [
        '0100060a24181e407b938ba16dd30000000000000001a17a03a163ce364b3fb7a174cb4278bcfe56800000a175cb4278',
        'bcfe56800000a173cb4278bcfe56800000a1629195c41000112233445566778899aabbccddeeff000301c43c',
        `${'05'.repeat(60)}a168c410000102030405060708090a0b0c0d0e0fa14b9201c420${'07'.repeat(32)}`,
        'a154aa746578742f706c61696ea14d92a16ba17600c0',
      ].join(''),
    ],
    encryptedInline: [encodeInline(Buffer.from('abc'), 'aes-256-gcm'), '0101364b3fb7616263'],
    encryptedSegments: [
      encodeSegments([{ blobId: blob, offset: 1, length: 2, inline: true, wrappedKey }]),
      `0200112233445566778899aabbccddeeff800000000001000000000002${'05'.repeat(60)}`,
    ],
    segments: [
      encodeSegments([{ blobId: blob, offset: 1, length: 2, inline: true }]),
      '0100112233445566778899aabbccddeeff800000000001000000000002',
    ],
  };
  for (const [name, [actual, expected]] of Object.entries(golden)) assert.equal(hex(actual), expected, name);
});
