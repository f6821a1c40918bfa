import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWhollyPassThrough, type PolicySettings, policyOf, policyUnderPressure } from './policy.ts';

const settings: PolicySettings = {
  fallback: 'pass-through',
  rules: [
    { bucket: 'lake', prefix: '', policy: 'read-through' },
    { bucket: 'lake', prefix: 'sales/', policy: 'keep' },
    { bucket: 'lake', prefix: 'sales/raw/', policy: 'metadata-only' },
    { bucket: 'cold', prefix: 'x/', policy: 'pass-through' },
  ],
};

test('the longest matching prefix decides, else the fallback', () => {
  assert.equal(policyOf(settings, 'lake', 'other/a'), 'read-through');
  assert.equal(policyOf(settings, 'lake', 'sales/a'), 'keep');
  assert.equal(policyOf(settings, 'lake', 'sales/raw/a'), 'metadata-only');
  assert.equal(policyOf(settings, 'lake', 'sales'), 'read-through');
  assert.equal(policyOf(settings, 'else', 'a'), 'pass-through');
});

test('only a bucket without any kept name is wholly pass-through', () => {
  assert.equal(isWhollyPassThrough(settings, 'lake'), false);
  assert.equal(isWhollyPassThrough(settings, 'cold'), true);
  assert.equal(isWhollyPassThrough({ ...settings, fallback: 'keep' }, 'cold'), false);
});

test('pressure stops keeping and changes nothing else', () => {
  assert.equal(policyUnderPressure('keep', true), 'read-through');
  assert.equal(policyUnderPressure('keep', false), 'keep');
  assert.equal(policyUnderPressure('metadata-only', true), 'metadata-only');
});
