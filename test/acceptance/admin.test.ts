import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gcsForTests } from '../support/gcs.ts';

const gcs = gcsForTests();

test('health, readiness and metrics', async () => {
  assert.equal((await gcs.call('GET', '/healthz')).status, 200);
  assert.equal((await gcs.call('GET', '/readyz')).status, 200);
  await gcs.bucket();
  const metrics = await gcs.call('GET', '/metrics');
  assert.match(metrics.headers['content-type'] ?? '', /^text\/plain; version=0.0.4/);
  assert.match(metrics.text, /strait_http_requests_total\{code="200",operation="buckets.insert"\} \d+/);
});

test('a gateway that syncs nothing has no status', async () => {
  assert.equal((await gcs.call('GET', '/admin/v1/status')).status, 404);
});
