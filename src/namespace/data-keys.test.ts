import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blobId } from '../model/ids.ts';
import { SecretKey } from '../model/secret-key.ts';
import { seededRandom } from '../runtime/random.ts';
import { closeInline, openInline, segmentKey, unwrapDataKey, wrapDataKey } from './data-keys.ts';

const ID = blobId('00112233445566778899aabbccddeeff');
const OTHER = blobId('00112233445566778899aabbccddeef0');
const customer = (fill: number) => ({ secret: new SecretKey(new Uint8Array(32).fill(fill)), sha256: `${fill}` });
const dataKey = new SecretKey(new Uint8Array(32).fill(9));
const bytes = Buffer.from('small');

test('what earlier releases wrapped opens', () => {
  const golden = {
    wrapped: [
      'a00087fbf7479cb86dfe747dbdf2bd802921f9a482131dc8aebe30fbea9c',
      '1ee2a7f5d3dc034bc442dc14930da07d0da29c33a51ebd01920e31e68393',
    ].join(''),
    inline: '23673f277d1165c449300a6d7fa6419bd08cc6b5dd8212df6a211ab2474dda6a3b',
  };
  const random = seededRandom(1);
  assert.equal(Buffer.from(wrapDataKey(random, customer(1), ID, dataKey)).toString('hex'), golden.wrapped);
  assert.equal(Buffer.from(closeInline(random, dataKey, ID, bytes)).toString('hex'), golden.inline);
  const wrapped = Buffer.from(golden.wrapped, 'hex');
  assert.deepEqual(unwrapDataKey(customer(1), ID, wrapped).reveal(), dataKey.reveal());
  assert.deepEqual(openInline(dataKey, ID, Buffer.from(golden.inline, 'hex')), bytes);
});

test('a wrapped key opens for its blob and its customer alone', () => {
  const random = seededRandom(2);
  const wrapped = wrapDataKey(random, customer(1), ID, dataKey);
  assert.equal(wrapped.length, 60);
  const isCorrupt = { code: 'corrupt' };
  assert.throws(() => unwrapDataKey(customer(2), ID, wrapped), isCorrupt);
  assert.throws(() => unwrapDataKey(customer(1), OTHER, wrapped), isCorrupt);
  const segment = { blobId: ID, offset: 0, length: 5, wrappedKey: wrapped };
  assert.deepEqual(segmentKey(segment, customer(1))?.reveal(), dataKey.reveal());
  assert.throws(() => segmentKey(segment, undefined), isCorrupt);
  assert.equal(segmentKey({ blobId: ID, offset: 0, length: 5 }, customer(1)), undefined);
  const box = closeInline(random, dataKey, ID, bytes);
  assert.throws(() => openInline(dataKey, OTHER, box), isCorrupt);
  assert.throws(() => unwrapDataKey(customer(1), ID, box), isCorrupt);
});
