import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blobId, bucketId, type Generation, generation } from '../../model/ids.ts';
import { type KeyRange, LIMITS } from '../../stores/metadata/port.ts';
import {
  afterPrefix,
  blobRefKey,
  bucketKey,
  bucketNameOf,
  flatPlace,
  hardDeleteKey,
  justAfter,
  leafOf,
  namesFrom,
  noncurrentKey,
  objectKey,
  objectsOf,
  reapedBefore,
  reapedKey,
  reapedOf,
  softDeletedKey,
  versionOrder,
  versionPlaceOf,
  versionsBetween,
} from './keys.ts';

const id = bucketId('0000000000000001');
const keyOf = (name: string) => objectKey(flatPlace(id, name));
const isIn = (range: KeyRange, key: Uint8Array) =>
  Buffer.compare(range.start, key) <= 0 && Buffer.compare(key, range.end) < 0;
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });

test('keys sort as the UTF-8 of their names, and give the name back', () => {
  // U+E000 sorts before U+1F600 in UTF-8 and after it in UTF-16, JavaScript's own order.
  assert.equal(Buffer.compare(keyOf('a\u{e000}'), keyOf('a\u{1f600}')), -1);
  assert.ok('a\u{e000}' > 'a\u{1f600}');
  fc.assert(
    fc.property(name, name, (left, right) => {
      assert.equal(
        Buffer.compare(keyOf(left), keyOf(right)),
        Buffer.compare(Buffer.from(left, 'utf8'), Buffer.from(right, 'utf8')),
      );
      assert.equal(leafOf('object', keyOf(left)), left);
      assert.equal(bucketNameOf(bucketKey(left)), left);
    }),
  );
});

test('a range holds the names that start with its prefix and no others', () => {
  fc.assert(
    fc.property(name, fc.string({ unit: 'binary', maxLength: 3 }), (whole, prefix) => {
      assert.equal(isIn(namesFrom(id, prefix), keyOf(whole)), whole.startsWith(prefix));
      assert.ok(isIn(objectsOf(id), keyOf(whole)));
      assert.equal(isIn(objectsOf(bucketId('0000000000000002')), keyOf(whole)), false);
    }),
  );
});

test('nothing lies between a key and the one just after it', () => {
  fc.assert(
    fc.property(name, name, (left, right) => {
      const [key, other] = [keyOf(left), keyOf(right)];
      assert.equal(Buffer.compare(other, key) > 0, Buffer.compare(other, justAfter(key)) >= 0);
    }),
  );
});

test('the key after a prefix carries over bytes of 0xff', () => {
  assert.deepEqual([...afterPrefix(Uint8Array.of(1, 2))], [1, 3]);
  assert.deepEqual([...afterPrefix(Uint8Array.of(1, 0xff, 0xff))], [2]);
});

test('versions sort by name, then by generation, and give both back', () => {
  const hostile = fc.string({ unit: fc.constantFrom('\0', '\u0001', '\u0002', 'a', '\u{1f600}'), maxLength: 4 });
  const number = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(generation);
  const token = fc.option(fc.constantFrom('0000000000000000', 'ffffffffffffffff'), { nil: undefined });
  const placeOf = ([one, version, restoreToken]: readonly [string, Generation, string | undefined]) => ({
    bucketId: id,
    name: one,
    generation: version,
    ...(restoreToken === undefined ? {} : { restoreToken }),
  });
  const version = fc.tuple(fc.oneof(hostile, name), number, token);
  fc.assert(
    fc.property(version, version, fc.boolean(), (left, right, isSame) => {
      const [one, other] = [placeOf(left), placeOf(isSame ? [left[0], right[1], right[2]] : right)];
      const byName = Buffer.compare(Buffer.from(one.name), Buffer.from(other.name));
      const order = byName !== 0 ? byName : Math.sign(Number(one.generation - other.generation));
      if (order !== 0) assert.equal(Buffer.compare(softDeletedKey(one), softDeletedKey(other)), order);
      assert.deepEqual(versionPlaceOf('softDeleted', softDeletedKey(one)), one);
      assert.deepEqual(versionPlaceOf('hardDelete', hardDeleteKey(5, one)), one);
      const after = { start: Buffer.from(one.name), after: versionOrder(one.generation, one.restoreToken) };
      const isBehind = byName < 0 || (byName === 0 && Buffer.compare(softDeletedKey(one), softDeletedKey(other)) < 0);
      assert.equal(isIn(versionsBetween('softDeleted', id, after), softDeletedKey(other)), isBehind);
      const bounds = { start: Buffer.from(one.name), end: Buffer.from(`${one.name}a`) };
      const isWithin = byName <= 0 && Buffer.compare(Buffer.from(other.name), bounds.end) < 0;
      assert.equal(isIn(versionsBetween('noncurrent', id, bounds), noncurrentKey(other)), isWithin);
    }),
    { numRuns: 1_000 },
  );
});

test('the longest names make keys and holders below the limit of a key', () => {
  const place = {
    bucketId: id,
    name: '\0'.repeat(1_024),
    generation: generation(2n ** 63n - 1n),
    restoreToken: 'ffffffffffffffff',
  };
  const blob = blobId('00112233445566778899aabbccddeeff');
  const keys = [softDeletedKey(place), hardDeleteKey(2 ** 45, place), blobRefKey(blob, { kind: 'softDeleted', place })];
  for (const key of keys) assert.ok(key.length <= LIMITS.keyBytesMax, `${key.length}`);
});

test('reaped rows are ordered by time', () => {
  const blob = blobId('00112233445566778899aabbccddeeff');
  assert.deepEqual(reapedOf(reapedKey(1_700_000_000_000, blob)), { timeMs: 1_700_000_000_000, blobId: blob });
  fc.assert(
    fc.property(fc.nat(2 ** 41), fc.nat(2 ** 41), (timeMs, limitMs) => {
      assert.equal(isIn(reapedBefore(limitMs), reapedKey(timeMs, blob)), timeMs < limitMs);
    }),
  );
});
