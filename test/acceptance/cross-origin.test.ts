/** Browsers: what a bucket's `cors` allows is said, what it does not allow is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gcsForTests } from '../support/gcs.ts';

const gcs = gcsForTests();
const cors = [
  { origin: ['https://app.example'], method: ['GET', 'PUT'], responseHeader: ['X-Goog-Generation'], maxAgeSeconds: 60 },
  { origin: ['*'], method: ['GET'], responseHeader: ['Content-Type', 'ETag'] },
];

const preflight = (bucket: string, origin: string, method: string) =>
  gcs.call('OPTIONS', `/storage/v1/b/${bucket}/o/x`, {
    headers: { Origin: origin, 'Access-Control-Request-Method': method },
  });

test('a preflight is answered from the first entry that names origin and method', async () => {
  const bucket = await gcs.bucket({ cors });
  const own = await preflight(bucket, 'https://app.example', 'PUT');
  assert.equal(own.status, 200);
  assert.equal(own.headers['access-control-allow-origin'], 'https://app.example');
  assert.equal(own.headers['access-control-allow-methods'], 'GET, PUT');
  assert.equal(own.headers['access-control-allow-headers'], 'X-Goog-Generation');
  assert.equal(own.headers['access-control-max-age'], '60');
  assert.equal(own.headers['vary'], 'Origin');
  const any = await preflight(bucket, 'https://other.example', 'GET');
  assert.equal(any.headers['access-control-allow-origin'], '*');
  assert.equal(any.headers['access-control-max-age'], '3600');
  const refused = await preflight(bucket, 'https://other.example', 'PUT');
  assert.equal(refused.status, 200);
  assert.equal(refused.headers['access-control-allow-origin'], undefined);
});

test('answers and errors alike name the origin and the headers a page may read', async () => {
  const bucket = await gcs.bucket({ cors });
  const ask = (method: string, path: string, origin: string) =>
    gcs.call(method, `/storage/v1/b/${bucket}${path}`, { headers: { Origin: origin } });
  const listed = await ask('GET', '/o', 'https://app.example');
  assert.equal(listed.headers['access-control-allow-origin'], 'https://app.example');
  assert.equal(listed.headers['access-control-expose-headers'], 'X-Goog-Generation');
  const missing = await ask('GET', '/o/none', 'https://other.example');
  assert.deepEqual([missing.status, missing.headers['access-control-allow-origin']], [404, '*']);
  const foreign = await ask('DELETE', '/o/none', 'https://app.example');
  assert.equal(foreign.headers['access-control-allow-origin'], undefined, 'no entry names DELETE');
});

test('a bucket without the setting, or none, allows nothing', async () => {
  const bucket = await gcs.bucket();
  for (const name of [bucket, 'no-such-bucket-here']) {
    const answer = await preflight(name, 'https://app.example', 'GET');
    assert.deepEqual([answer.status, answer.headers['access-control-allow-origin']], [200, undefined]);
  }
});

test('OPTIONS without an origin says what a path answers to', async () => {
  const answer = await gcs.call('OPTIONS', '/storage/v1/b');
  assert.equal(answer.status, 200);
  assert.match(answer.headers['allow'] ?? '', /GET/);
  assert.equal((await gcs.call('OPTIONS', '/nowhere')).status, 404);
});
