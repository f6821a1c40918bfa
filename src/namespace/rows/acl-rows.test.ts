import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lakeFixture } from '../../../test/support/lake-fixture.ts';
import type { Bucket } from '../../model/bucket.ts';
import { decodeBucket, encodeBucket } from './bucket-row.ts';
import { flatPlace, objectKey } from './keys.ts';
import { decodeObjectRow, encodeObjectRow } from './object-row.ts';

const OLDER = [{ entity: 'allUsers', role: 'READER', id: 'b/allUsers' }];
const LIFTED = [{ entity: 'allUsers', role: 'READER' }];

async function rowOf(predefined?: 'publicRead') {
  const { put, deps, namespace } = await lakeFixture();
  const { state } = await put('a', 'one', predefined && { access: { predefined } });
  const bucket = await namespace.getBucket({ name: 'lake', preconditions: {} });
  const [row] = await deps.metadata.get([objectKey(flatPlace(bucket.id, 'a'))]);
  return { state, bucket, bytes: row?.value.length ?? 0 };
}

test('a plain object stores no list, and one with a list few bytes more', async () => {
  const [plain, open] = [await rowOf(), await rowOf('publicRead')];
  assert.deepEqual([plain.state.acl, plain.state.owner], [undefined, undefined]);
  assert.ok(open.bytes > plain.bytes && open.bytes < plain.bytes + 100, `${plain.bytes} and ${open.bytes} bytes`);
});

test('rows that have lists among opaque fields and settings are read', async () => {
  const { state, bucket } = await rowOf();
  const older = { ...state, opaque: { acl: OLDER, retention: { mode: 'Unlocked' } } };
  const row = decodeObjectRow(encodeObjectRow({ published: older, applied: { kind: 'same' } }));
  assert.deepEqual(row.published?.acl, LIFTED);
  assert.deepEqual(row.published?.opaque, { retention: { mode: 'Unlocked' } });
  const olderBucket: Bucket = { ...bucket, settings: { acl: OLDER, defaultObjectAcl: OLDER, labels: {} } };
  const read = decodeBucket(encodeBucket(olderBucket));
  assert.deepEqual([read.acl, read.defaultObjectAcl, read.settings], [LIFTED, LIFTED, { labels: {} }]);
  assert.deepEqual(decodeBucket(encodeBucket(read)), read);
});
