import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REFERENCE_PAGES } from './reference-pages.ts';

for (const { path, render } of REFERENCE_PAGES) {
  test(`${path} says what the code says`, () => {
    assert.equal(readFileSync(path, 'utf8'), render(), 'stale: run node tools/generate-reference.ts');
  });
}
