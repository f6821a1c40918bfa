import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SecretKey } from '../model/secret-key.ts';
import { systemRandom } from './random.ts';
import { BOX_BYTES, closeBox, openBox } from './sealed-box.ts';

const keyOf = (fill: number) => new SecretKey(new Uint8Array(32).fill(fill));
const context = Buffer.from('here');

test('a box opens with its key and context alone, and no other byte of it passes', () => {
  const key = keyOf(1);
  for (const content of [new Uint8Array(), Buffer.from('a'), Buffer.alloc(1_000, 'x')]) {
    const box = closeBox(systemRandom, key, context, content);
    assert.equal(box.length, content.length + BOX_BYTES);
    assert.deepEqual(openBox(key, context, box), Buffer.from(content));
    assert.equal(openBox(keyOf(2), context, box), undefined);
    assert.equal(openBox(key, Buffer.from('there'), box), undefined);
    assert.equal(openBox(key, context, box.subarray(0, -1)), undefined);
    for (let at = 0; at < box.length; at += 1) {
      const broken = Buffer.from(box);
      broken[at] = (broken[at] ?? 0) ^ 1;
      assert.equal(openBox(key, context, broken), undefined, `byte ${at}`);
    }
  }
  assert.equal(openBox(key, context, new Uint8Array(BOX_BYTES - 1)), undefined);
});

test('the same content twice gives two boxes that share nothing', () => {
  const boxes = Array.from({ length: 100 }, () => closeBox(systemRandom, keyOf(1), context, Buffer.alloc(16)));
  assert.equal(new Set(boxes.map((box) => box.toString('hex', 0, 12))).size, 100);
  assert.equal(new Set(boxes.map((box) => box.toString('hex', 12))).size, 100);
});

test('a key is not shown by whoever prints, walks or serializes it', () => {
  const key = new SecretKey(Buffer.from('0123456789abcdef0123456789abcdef'));
  const shown = [inspect({ key }, { depth: 9, showHidden: true }), JSON.stringify({ key }), String(key)];
  shown.push(JSON.stringify({ ...key }), Object.keys(key).join());
  for (const text of shown) assert.ok(!text.includes('0123') && !text.includes('30, 31') && !text.includes('48'), text);
  assert.throws(() => new SecretKey(new Uint8Array(31)), RangeError);
});
