import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectAttributes } from '../../model/object.ts';
import { assertAttributes, assertBucketSettings, CUSTOM_METADATA_BYTES_MAX } from './attributes.ts';

const refuses = (attributes: ObjectAttributes) =>
  assert.throws(() => assertAttributes(attributes), { code: 'invalidArgument' }, JSON.stringify(attributes));

test('custom metadata: 8 KiB of keys and values together, counted in bytes', () => {
  assertAttributes({ metadata: { k: 'v'.repeat(CUSTOM_METADATA_BYTES_MAX - 1) } });
  assertAttributes({ metadata: { k: 'é'.repeat(CUSTOM_METADATA_BYTES_MAX / 2 - 1), x: '' } });
  refuses({ metadata: { k: 'v'.repeat(CUSTOM_METADATA_BYTES_MAX) } });
  refuses({ metadata: { k: 'é'.repeat(CUSTOM_METADATA_BYTES_MAX / 2) } });
  refuses({ metadata: { '': 'v' } });
  refuses({ metadata: { k: '\ud800' } });
});

test('fields that become headers: no control characters, 2 KiB together', () => {
  assertAttributes({ contentType: 'text/plain; charset=utf-8', contentDisposition: 'attachment; filename="é"' });
  refuses({ contentType: 'text/plain\r\nx-evil: 1' });
  refuses({ cacheControl: 'a\u0000' });
  refuses({ contentLanguage: '\udfff' });
  refuses({ contentDisposition: 'x'.repeat(2_049) });
  refuses({ contentType: 'x'.repeat(1_500), cacheControl: 'x'.repeat(600) });
});

test('storage classes are those of GCS; resources kept word for word have a size', () => {
  assertAttributes({ storageClass: 'NEARLINE', opaque: { acl: [] } });
  refuses({ storageClass: 'nearline' });
  refuses({ opaque: { x: 'y'.repeat(5_000) } });
  assertBucketSettings({ labels: { a: 'b' } });
  assert.throws(() => assertBucketSettings({ x: 'y'.repeat(21_000) }), { code: 'invalidArgument' });
});
