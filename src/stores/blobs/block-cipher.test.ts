import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blobId } from '../../model/ids.ts';
import { SecretKey } from '../../model/secret-key.ts';
import { seededRandom } from '../../runtime/random.ts';
import { encodeHeader, layoutOfSize, layoutOfStoredBytes, storedOffsetOfBlock } from './blob-format.ts';
import { BlockCipher } from './block-cipher.ts';
import { SealingEncoder } from './sealing-encoder.ts';

const ID = blobId('00112233445566778899aabbccddeeff');
const OTHER = blobId('00112233445566778899aabbccddeef0');
const key = new SecretKey(new Uint8Array(32).fill(7));
const cipherOf = (id = ID) => new BlockCipher(id, key, seededRandom(1));
const content = Buffer.from('a block of content');

test('what earlier releases encrypted opens', () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const golden = {
    inner: 'a00087fbf7479cb86dfe747d931c4fa8098d79ba20c167c69c1d7f8f7b7afc575d4056a94229b36312f48c48887f',
    last: '23673f277d1165c449300a6d4c71418542e153e349d5e6bae84edb9f6bcd78e95c03a4010769293d553b93420252',
    tail: '97cc4b34a88bc231b874c5fe3ac4b0b2e720fa7bf6132f4d3108dea1edcf7a04c349b81131c33f70c0f10d4d9b78',
  };
  const cipher = cipherOf();
  assert.equal(hex(cipher.closeBlock(5, false, content)), golden.inner);
  assert.equal(hex(cipher.closeBlock(5, true, content)), golden.last);
  assert.equal(hex(cipher.closeTail(5, content)), golden.tail);
  const boxOf = (text: string) => Buffer.from(text, 'hex');
  assert.deepEqual(cipher.openBlock(5, false, boxOf(golden.inner)), content);
  assert.deepEqual(cipher.openBlock(5, true, boxOf(golden.last)), content);
  assert.deepEqual(cipher.openTail(5, boxOf(golden.tail)), content);
});

test('a box opens as what it was closed as, in its place and blob alone', () => {
  const cipher = cipherOf();
  const inner = cipher.closeBlock(5, false, content);
  const isCorrupt = { code: 'corrupt' };
  assert.throws(() => cipher.openBlock(4, false, inner), isCorrupt);
  assert.throws(() => cipher.openBlock(2 ** 32 + 5, false, inner), isCorrupt);
  assert.throws(() => cipher.openBlock(5, true, inner), isCorrupt);
  assert.throws(() => cipher.openTail(5, inner), isCorrupt);
  assert.throws(() => cipherOf(OTHER).openBlock(5, false, inner), isCorrupt);
  assert.throws(() => cipher.openBlock(5, false, cipher.closeTail(5, content)), isCorrupt);
});

test('stored lengths and places follow from the size, and the size from the stored length', () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_000]) {
    const stored: Uint8Array[] = [encodeHeader(ID, 'aes-256-gcm')];
    const encoder = new SealingEncoder(ID, cipherOf());
    encoder.push(new Uint8Array(size), (piece) => void stored.push(piece));
    assert.equal(Buffer.concat(stored).length, size === 0 ? 64 : encoder.position);
    encoder.end((piece) => void stored.push(piece));
    const layout = layoutOfSize(size, 'aes-256-gcm');
    assert.equal(Buffer.concat(stored).length + 64, layout.storedBytes, `${size}`);
    assert.deepEqual(layoutOfStoredBytes(layout.storedBytes, 'aes-256-gcm'), layout);
  }
  assert.equal(storedOffsetOfBlock(1, 'aes-256-gcm'), 64 + 65_568);
  for (const bytes of [127, 129, 128 + 32, 128 + 65_568 + 32]) {
    assert.equal(layoutOfStoredBytes(bytes, 'aes-256-gcm'), undefined);
  }
});
