import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStraitError } from '../../../model/errors.ts';
import {
  decodeNumber,
  decodeRow,
  encodeNumber,
  headMark,
  journalEnd,
  journalKey,
  mintMark,
  readU64,
  seqOfKey,
} from './layout.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('keys have the bytes that docs/formats/metadata-stores.md gives', () => {
  assert.equal(hex(journalKey('é', 258n)), 'c3a9000000000000000102');
  assert.equal(hex(headMark('j')), '686561642f6a');
  assert.equal(hex(mintMark('s')), '6d696e742f73');
  assert.equal(hex(encodeNumber(258n)), '0000000000000102');
  assert.equal(seqOfKey(journalKey('é', 258n)), 258n);
});

test('journals keep apart and each is in the order of its seqs', () => {
  const ordered = [
    journalKey('j', 1n),
    journalKey('j', 255n),
    journalKey('j', 256n),
    journalEnd('j'),
    journalKey('j!', 1n),
    journalKey('jj', 1n),
  ];
  for (const [index, key] of ordered.entries())
    assert.ok(index === 0 || Buffer.compare(ordered[index - 1] ?? key, key) < 0);
});

test('numbers are read exactly, above and below 2^53', () => {
  for (const number of [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
    assert.equal(readU64(encodeNumber(number)), number);
    assert.equal(decodeNumber(encodeNumber(number)), number);
  }
  assert.equal(decodeNumber(undefined), 0n);
});

test('a row is a copy, cut where the binding says it ends; what cannot be a row is `corrupt`', () => {
  const shared = Buffer.from('000000000000000776616c7565ffff', 'hex');
  Object.defineProperty(shared, 'length', { value: 13 });
  const { value, version } = decodeRow(shared);
  shared.fill(0);
  assert.deepEqual([Buffer.from(value).toString(), version], ['value', 7n]);
  assert.throws(
    () => decodeRow(Buffer.alloc(7)),
    (error) => isStraitError(error, 'corrupt'),
  );
  assert.throws(
    () => decodeNumber(Buffer.alloc(7)),
    (error) => isStraitError(error, 'corrupt'),
  );
});
