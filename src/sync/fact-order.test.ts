import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FactOrder } from './fact-order.ts';

test('an answer asked for before another fact arrived is in doubt, one asked for after is not', () => {
  const order = new FactOrder();
  const listing = order.ask();
  const probe = order.ask();
  order.noteArrival(['a']);
  order.done(probe);
  assert.equal(order.isInDoubt('a', listing), true);
  assert.equal(order.isInDoubt('b', listing), false);
  const later = order.ask();
  assert.equal(order.isInDoubt('a', later), false);
  order.done(listing);
  order.done(later);
  assert.equal(order.isInDoubt('a', 0), false, 'nothing is remembered once nothing is under way');
});

test('questions that always overlap do not make it remember all that ever arrived', () => {
  const order = new FactOrder();
  let before = order.ask();
  for (let turn = 0; turn < 1_000; turn += 1) {
    const next = order.ask();
    order.noteArrival([`name ${turn}`, 'again']);
    assert.equal(order.isInDoubt('again', next), true);
    order.done(before);
    before = next;
    assert.ok(order.size <= 2, `${order.size} names`);
  }
});
